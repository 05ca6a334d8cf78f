"""Marks of accuracy figures, read back from matplotlib: seeds, intervals, and cells that differ."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy import stats
from tests.report.figures.test_figures import bars, inside, text_of
from tests.report.sweeps import against_of, cells_of, sweep_of

from sweep.report import figures
from sweep.report.figures import BaselineComparison
from sweep.stats.compare import compare
from sweep.stats.judge import Criteria

pytestmark = pytest.mark.usefixtures("figure_style")


def hollow(panel: Axes) -> list[tuple[float, float]]:
    """Return the positions of markers with a white face."""
    lines = [line for line in panel.lines if line.get_markerfacecolor() == "white"]
    return [tuple(position) for line in lines for position in line.get_xydata()]


def ringed(panel: Axes) -> list[tuple[float, float]]:
    """Return the positions of rings."""
    lines = [line for line in panel.lines if line.get_markerfacecolor() == "none"]
    return [tuple(position) for line in lines for position in line.get_xydata()]


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_thick_bar(level: float) -> None:
    """The thick bar is Student's interval of the mean."""
    trials, _ = sweep_of(cells_of(hidden=[64, 16, 256]), seeds=5)
    nothing = BaselineComparison(pd.DataFrame(), "", Criteria(level=level))
    figure = figures.draw_accuracy(trials, ["hidden"], against=nothing)
    percent = [100 * group["test_accuracy"] for _, group in trials.groupby("hidden")]
    expected = [stats.t.interval(level, 4, loc=values.mean(), scale=stats.sem(values)) for values in percent]
    assert np.allclose(bars(figure.axes[0], thick=True), np.clip(expected, 0, 100))
    deviations = [
        (values.mean() - values.std(ddof=1), values.mean() + values.std(ddof=1)) for values in percent
    ]
    assert np.allclose(bars(figure.axes[0]), deviations)
    assert f"thick bar: {100 * level:g} % interval of the mean" in text_of(figure)


def test_thick_bar_cell_twice() -> None:
    """A cell that stands in a sweep twice has the interval of its own seeds."""
    trials, _ = sweep_of(cells_of(hidden=[16]), seeds=4)
    twice = pd.concat([trials, trials.assign(hidden=32)])
    values = 100 * trials["test_accuracy"]
    expected = stats.t.interval(0.95, 3, loc=values.mean(), scale=stats.sem(values))
    (bar,) = bars(figures.draw_accuracy(twice, ["hidden"]).axes[0], thick=True)
    assert bar == pytest.approx((expected[0], min(expected[1], 100)))


@pytest.mark.parametrize("seeds", [1, 2])
def test_thick_bar_few_seeds(seeds: int) -> None:
    """Too few seeds have no interval."""
    trials, _ = sweep_of(cells_of(hidden=[16, 64]), seeds=seeds)
    figure = figures.draw_accuracy(trials, ["hidden"])
    assert bars(figure.axes[0], thick=True) == []
    assert len(bars(figure.axes[0])) == 2 * (seeds - 1)
    assert "thick bar" not in text_of(figure)


def dots(panel: Axes) -> list[tuple[float, float]]:
    """Return the positions of the dots of seeds."""
    lines = [line for line in panel.lines if line.get_alpha() is not None and line.get_marker() == "o"]
    return [tuple(position) for line in lines for position in line.get_xydata()]


@pytest.mark.parametrize("hidden", [[64, 16, 256], list(range(1, 900, 30)), [1, 10, 100]])
def test_seeds_beside_the_mean_of_numbers(hidden: list[int]) -> None:
    """Each seed is a dot to the right of its mean, before the next number begins."""
    trials, _ = sweep_of(cells_of(hidden=hidden), seeds=5)
    (panel,) = figures.draw_accuracy(trials, ["hidden"]).axes
    assert np.allclose([y for _, y in dots(panel)], 100 * trials["test_accuracy"])
    means = np.array([x for x, _ in panel.lines[0].get_xydata()])
    for (x, _), number in zip(dots(panel), trials["hidden"], strict=True):
        assert number < x
        assert (x < means[means > number]).all()


def test_seeds_beside_the_mean_of_names() -> None:
    """Each seed is a dot to the right of its mean, before the next line at the same name begins."""
    trials, _ = sweep_of(cells_of(activation=["relu", "tanh"], hidden=[16, 64]), seeds=5)
    figure = figures.draw_accuracy(trials, ["activation"], lines=["hidden"])
    (panel,) = figure.axes
    expected = {("relu", 16): -0.15, ("relu", 64): 0.15, ("tanh", 16): 0.85, ("tanh", 64): 1.15}
    rows = trials.sort_values("hidden", kind="stable")
    for (x, y), row in zip(dots(panel), rows.to_dict("records"), strict=True):
        assert y == pytest.approx(100 * row["test_accuracy"])
        assert 0 < x - expected[row["activation"], row["hidden"]] < 0.15
    assert "small dots: single seeds" in text_of(figure)


def test_seeds_of_one_seed() -> None:
    """The dot of a single seed would repeat the mean, so there is none."""
    trials, _ = sweep_of(cells_of(hidden=[16, 64]), seeds=1)
    figure = figures.draw_accuracy(trials, ["hidden"])
    assert dots(figure.axes[0]) == []
    assert "single seeds" not in text_of(figure)


def test_marks_against_baseline() -> None:
    """Cells that differ are hollow, and the baseline has a ring."""
    trials, _ = sweep_of(cells_of(hidden=[1, 2, 4, 8, 16]), seeds=3)
    figure = figures.draw_accuracy(trials, ["hidden"], against=against_of(trials))
    (panel,) = figure.axes
    means = 100 * trials.groupby("hidden")["test_accuracy"].mean()
    # Worse, undecided, equivalent, better, in turn.
    assert np.allclose(hollow(panel), [(hidden, means[hidden]) for hidden in (2, 16)])
    assert np.allclose(ringed(panel), [(1, means[1])])
    words = "ring: the first; filled: not clearly different from it; hollow: clearly different from it"
    assert words in text_of(figure)


def test_marks_side_by_side() -> None:
    """Marks follow cells that stand side by side at one name."""
    trials, _ = sweep_of(cells_of(activation=["relu", "tanh"], hidden=[16, 64]), seeds=3)
    (panel,) = figures.draw_accuracy(
        trials, ["activation"], lines=["hidden"], against=against_of(trials)
    ).axes
    means = 100 * trials.groupby("cell")["test_accuracy"].mean()
    assert np.allclose(hollow(panel), [(0.15, means["cell 1"])])
    assert np.allclose(ringed(panel), [(-0.15, means["cell 0"])])


def test_thick_bar_decide() -> None:
    """Means have no interval in a sweep that trained seeds until all was decided."""
    trials, _ = sweep_of(cells_of(hidden=[1, 2, 4]), seeds=3)
    against = against_of(trials)
    decided = replace(against, table=against.table.assign(decided_after=3))
    assert "interval of the mean" in text_of(figures.draw_accuracy(trials, ["hidden"], against=against))
    figure = figures.draw_accuracy(trials, ["hidden"], against=decided)
    assert "interval of the mean" not in text_of(figure)
    assert "ring" in text_of(figure)
    table = decided.table
    figure = figures.draw_differences(["a"] * len(table), table, decided.criteria)
    assert "corrected for the number of comparisons and of looks at them" in " ".join(text_of(figure).split())
    assert "Holm" not in text_of(figure)


@pytest.mark.parametrize("criteria", [Criteria("test_loss"), Criteria("validation_accuracy")])
def test_marks_other_metric(criteria: Criteria) -> None:
    """Verdicts on another metric give no marks."""
    trials, _ = sweep_of(cells_of(hidden=[1, 2, 4]), seeds=3)
    against = against_of(trials, criteria.metric)
    figure = figures.draw_accuracy(trials, ["hidden"], against=against)
    assert hollow(figure.axes[0]) == ringed(figure.axes[0]) == []
    assert "ring" not in text_of(figure)


def test_marks_of_compare() -> None:
    """Verdicts of `compare` are marked: one cell far below the others, two that are alike."""
    trials, _ = sweep_of(cells_of(hidden=[16, 64, 256]), seeds=8)
    signs = {16: [1, -1] * 4, 64: [1, -1, -1, 1] * 2, 256: [1, 1, -1, -1] * 2}
    for hidden, mean in {16: 0.9, 64: 0.97, 256: 0.97}.items():
        trials.loc[trials["hidden"] == hidden, "test_accuracy"] = mean + 0.001 * np.array(signs[hidden])
    table = compare(trials, baseline="cell 2")
    figure = figures.draw_accuracy(trials, ["hidden"], against=BaselineComparison(table, "hidden=256"))
    assert [x for x, _ in hollow(figure.axes[0])] == [16]
    assert [x for x, _ in ringed(figure.axes[0])] == [256]
    inside(figure)
