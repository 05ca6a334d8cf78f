"""A judged sweep: the baseline of its comparisons, and the width of its page."""

import io

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sweep.report.judged import judge_sweep
from sweep.report.sentences import conclusion, doubts
from sweep.report.sweep_page import SweepReport
from sweep.report.tables import CellNames
from sweep.report.terminal import Terminal, show
from sweep.stats.crossed import interval, two_way
from sweep.stats.judge import Criteria

AXES = ["learning_rate", "activation", "regularization.strength"]


def trials(cells: int, n: int = 5, validated: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(cells)
    rows = []
    for cell in range(cells):
        for seed in range(n):
            accuracy = 0.8 + cell / 100 + rng.normal(0, 0.002)
            row = {f"{part}_accuracy": accuracy for part in ("test", "validation", "train")}
            row |= {f"{part}_loss": 1 - accuracy for part in ("test", "validation", "train")}
            numbers = {"epochs_run": 1.0, "kept_epoch": 1.0, "train_seconds": 1.0, "evaluation_seconds": 1.0}
            rows.append(
                {"cell": f"c{cell}", "seed": seed, "status": "completed", "engine": "numpy"} | row | numbers
            )
    table = pd.DataFrame(rows)
    if not validated:
        table[["validation_accuracy", "validation_loss"]] = np.nan
    return table


def cells(order: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "cell": f"c{place}",
                "learning_rate": 0.1 / 2**place,
                "activation": ["sigmoid", "tanh"][place % 2],
                "regularization.strength": 0.0003,
            }
            for place in order
        ]
    )


def test_baseline_without_validation_is_the_first_row() -> None:
    judged = judge_sweep(trials(3, validated=False), cells([2, 0, 1]), AXES[:1], criteria=Criteria())
    assert judged.comparisons is not None
    assert judged.comparisons.baseline == judged.summary["cell"].iloc[0] == "c2"
    (text,) = conclusion(judged, CellNames(judged.summary, AXES[:1]))
    assert text.startswith(
        "No validation part was measured, so no setting was chosen as best. All settings are compared with"
        " the first, learning_rate=0.025; compare.baseline names another."
    )


def test_flattery_counts_the_cells_that_could_be_chosen() -> None:
    table = trials(4)
    table.loc[table["cell"].isin(["c0", "c1"]), "status"] = "diverged"
    judged = judge_sweep(table, cells([0, 1, 2, 3]), AXES[:1], criteria=Criteria())
    facts = dict(doubts(judged, CellNames(judged.summary, AXES[:1])))
    assert facts["best of 2"].startswith("picking the winner flatters its validation accuracy by about 0.")


@pytest.mark.parametrize("width", [72, 80, 100, 160])
def test_page_fits_the_terminal_with_names_whole(width: int) -> None:
    judged = judge_sweep(trials(4), cells([0, 1, 2, 3]), AXES, criteria=Criteria())
    screen = io.StringIO()
    show(SweepReport(judged, AXES).page(), Terminal(file=screen, width=width))
    lines = screen.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    for text in ("sigmoid", "tanh", "0.0003", "0.0125", "best", "worse"):
        assert any(text in line.split() for line in lines), text


def test_new_digits_never_make_a_difference_more_certain() -> None:
    rng = np.random.default_rng(0)
    for n in (3, 4, 5, 10):
        for spread in (0.0, 0.05, 0.2, 0.4):
            easy = np.clip(0.8 + rng.normal(0, spread, 2000), 0, 1)
            found = two_way(*(rng.random((n, 2000)) < easy for _ in range(2)), paired=True)
            known = stats.t.interval(0.95, found.degrees_of_freedom, found.difference, found.standard_error)
            low, high = interval(found, 0.95)
            assert low <= known[0] + 1e-12
            assert high >= known[1] - 1e-12
