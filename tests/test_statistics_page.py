"""docs/statistics.md: its worked example and its phrases."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import sweep

ROOT = Path(__file__).parents[1]


def accuracies(hidden: int) -> NDArray[np.float64]:
    trials = sweep.load(ROOT / "reports" / "widths" / "records.parquet")
    rows = trials[trials["hidden"] == hidden].sort_values("seed")
    return 100 * rows["test_accuracy"].to_numpy(float)


def test_worked_example_is_that_of_records() -> None:
    text = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    few, many = accuracies(128), accuracies(256)
    gains = few - many
    for values in (few, many):
        assert " ".join(f"{value:.2f}" for value in values) in text
    result = stats.ttest_rel(few, many)
    low, high = result.confidence_interval(0.95)
    numbers = (gains.mean(), gains.std(ddof=1), stats.sem(gains), low, high, result.pvalue)
    for number, decimals in zip(numbers, (3, 3, 3, 2, 2, 2), strict=True):
        assert f"{number:.{decimals}f}".replace("-", "−") in text
