"""docs/statistics.md: its worked example and its printed block are those of the records."""

import textwrap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from tests.processes import python

import sweep

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "reports" / "widths" / "records.parquet"
PAGE = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")


def accuracies(hidden: int) -> NDArray[np.float64]:
    trials = sweep.load(RECORDS)
    rows = trials[trials["hidden"] == hidden].sort_values("seed")
    return 100 * rows["test_accuracy"].to_numpy(float)


def test_worked_example_is_that_of_records() -> None:
    few, many = accuracies(128), accuracies(256)
    gains = few - many
    for values in (few, many):
        assert " ".join(f"{value:.2f}" for value in values) in PAGE
    result = stats.ttest_rel(few, many)
    low, high = result.confidence_interval(0.95)
    numbers = (gains.mean(), gains.std(ddof=1), stats.sem(gains), low, high, result.pvalue)
    for number, decimals in zip(numbers, (3, 3, 3, 2, 2, 2), strict=True):
        assert f"{number:.{decimals}f}".replace("-", "−") in PAGE


def test_printed_block_is_that_of_compare(tmp_path: Path) -> None:
    """The page explains the sentences in the words in which they are printed."""
    begin = PAGE.index("    hidden=256 did best")
    block = textwrap.dedent(PAGE[begin : PAGE.index("| phrase |")]).strip()
    run = python(tmp_path, "-m", "sweep", "compare", str(RECORDS))
    assert run.returncode == 0, run.stderr
    printed = "\n".join(line.rstrip() for line in run.stdout.splitlines())
    assert block in printed
