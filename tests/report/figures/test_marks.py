"""What accuracy figures say of certainty, read back from matplotlib: intervals, and cells that differ."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy import stats
from tests.analysis.test_figures import bars, inside, text_of
from tests.report.sweeps import against_of, cells_of, sweep_of

from sweep.report import figures
from sweep.report.figures import BaselineComparison, style
from sweep.stats.compare import compare
from sweep.stats.judge import Criteria


@pytest.fixture(autouse=True)
def _look() -> Iterator[None]:
    with style.applied():
        yield


def hollow(panel: Axes) -> list[tuple[float, float]]:
    """The places of markers with a white face."""
    lines = [line for line in panel.lines if line.get_markerfacecolor() == "white"]
    return [tuple(place) for line in lines for place in line.get_xydata()]


def ringed(panel: Axes) -> list[tuple[float, float]]:
    lines = [line for line in panel.lines if line.get_markerfacecolor() == "none"]
    return [tuple(place) for line in lines for place in line.get_xydata()]


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_thick_bar_is_students_interval_of_the_mean(level: float) -> None:
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


def test_a_cell_that_stands_in_a_sweep_twice_has_its_own_interval() -> None:
    trials, _ = sweep_of(cells_of(hidden=[16]), seeds=4)
    twice = pd.concat([trials, trials.assign(hidden=32)])
    values = 100 * trials["test_accuracy"]
    expected = stats.t.interval(0.95, 3, loc=values.mean(), scale=stats.sem(values))
    (found,) = bars(figures.draw_accuracy(twice, ["hidden"]).axes[0], thick=True)
    assert found == pytest.approx((expected[0], min(expected[1], 100)))


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds_have_no_interval(seeds: int) -> None:
    trials, _ = sweep_of(cells_of(hidden=[16, 64]), seeds=seeds)
    figure = figures.draw_accuracy(trials, ["hidden"])
    assert bars(figure.axes[0], thick=True) == []
    assert len(bars(figure.axes[0])) == 2 * (seeds - 1)
    assert "thick bar" not in text_of(figure)


def test_cells_that_differ_are_hollow_and_the_baseline_has_a_ring() -> None:
    trials, _ = sweep_of(cells_of(hidden=[1, 2, 4, 8, 16]), seeds=3)
    figure = figures.draw_accuracy(trials, ["hidden"], against=against_of(trials))
    (panel,) = figure.axes
    means = 100 * trials.groupby("hidden")["test_accuracy"].mean()
    # Worse, undecided, equivalent, better, in turn.
    assert np.allclose(hollow(panel), [(hidden, means[hidden]) for hidden in (2, 16)])
    assert np.allclose(ringed(panel), [(1, means[1])])
    words = "ring: the first; filled: not distinguishable from it; hollow: differs from it"
    assert words in text_of(figure)


def test_marks_follow_names_that_stand_side_by_side() -> None:
    trials, _ = sweep_of(cells_of(activation=["relu", "tanh"], hidden=[16, 64]), seeds=3)
    (panel,) = figures.draw_accuracy(trials, ["activation"], ["hidden"], against=against_of(trials)).axes
    means = 100 * trials.groupby("cell")["test_accuracy"].mean()
    assert np.allclose(hollow(panel), [(0.15, means["cell 1"])])
    assert np.allclose(ringed(panel), [(-0.15, means["cell 0"])])


def test_means_have_no_interval_where_seeds_were_trained_until_all_was_decided() -> None:
    trials, _ = sweep_of(cells_of(hidden=[1, 2, 4]), seeds=3)
    against = against_of(trials)
    decided = replace(against, table=against.table.assign(decided_after=3))
    assert "interval of the mean" in text_of(figures.draw_accuracy(trials, ["hidden"], against=against))
    figure = figures.draw_accuracy(trials, ["hidden"], against=decided)
    assert "interval of the mean" not in text_of(figure)
    assert "ring" in text_of(figure)
    table = decided.table
    figure = figures.draw_differences(["a"] * len(table), table, decided.criteria)
    assert "corrected for the number of comparisons and of looks" in " ".join(text_of(figure).split())
    assert "Holm" not in text_of(figure)


@pytest.mark.parametrize("terms", [Criteria("test_loss"), Criteria("validation_accuracy")])
def test_verdicts_on_another_metric_are_no_marks(criteria: Criteria) -> None:
    trials, _ = sweep_of(cells_of(hidden=[1, 2, 4]), seeds=3)
    against = against_of(trials, criteria.metric)
    figure = figures.draw_accuracy(trials, ["hidden"], against=against)
    assert hollow(figure.axes[0]) == ringed(figure.axes[0]) == []
    assert "ring" not in text_of(figure)


def test_what_compare_finds_is_marked() -> None:
    """A cell far below the others, and two that nobody can tell apart."""
    trials, _ = sweep_of(cells_of(hidden=[16, 64, 256]), seeds=8)
    signs = {16: [1, -1] * 4, 64: [1, -1, -1, 1] * 2, 256: [1, 1, -1, -1] * 2}
    for hidden, mean in {16: 0.9, 64: 0.97, 256: 0.97}.items():
        trials.loc[trials["hidden"] == hidden, "test_accuracy"] = mean + 0.001 * np.array(signs[hidden])
    table = compare(trials, baseline="cell 2")
    figure = figures.draw_accuracy(trials, ["hidden"], against=BaselineComparison(table, "hidden=256"))
    assert [place for place, _ in hollow(figure.axes[0])] == [16]
    assert [place for place, _ in ringed(figure.axes[0])] == [256]
    inside(figure)
