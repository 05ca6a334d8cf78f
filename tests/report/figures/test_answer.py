"""The figure that answers a sweep over one setting, read back from matplotlib."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.report.figures.test_figures import inside, text_of
from tests.report.sweeps import against_of, cells_of, sweep_of

from sweep.report import figures
from sweep.report.figures import BaselineComparison
from sweep.report.figures.answer import MOST_ROWS
from sweep.report.figures.plan import plan_figures
from sweep.stats.judge import Criteria

pytestmark = pytest.mark.usefixtures("figure_style")


MEANS = {16: 0.9462, 128: 0.9800, 256: 0.9821}


@pytest.fixture
def trials() -> pd.DataFrame:
    made_up, _ = sweep_of(cells_of(hidden=list(MEANS)), seeds=5)
    noise = np.tile([-0.001, 0.0005, 0, 0.0005, 0], 3)
    return made_up.assign(test_accuracy=made_up["hidden"].map(MEANS) + noise)


def against(verdict: str = "worse", difference: float = -0.0021) -> BaselineComparison:
    """Compare the cells of `trials` with the last of them."""
    rows = [("cell 0", -0.0359, -0.0426, -0.0292, "worse")]
    rows += [("cell 1", difference, difference - 0.0019, difference + 0.0019, verdict)]
    table = pd.DataFrame(rows, columns=["cell", "difference", "low", "high", "verdict"])
    return BaselineComparison(table.assign(baseline="cell 2"), "hidden=256", Criteria(), role="the best")


def test_answer_seeds_means_and_intervals(trials: pd.DataFrame) -> None:
    """Each seed is a dot below the mean of its row, and the bar is Student's interval of the mean."""
    figure = figures.draw_answer(trials, ["hidden"], against())
    seeds, _ = figure.axes
    assert [label.get_text() for label in seeds.get_yticklabels()] == ["16", "128", "256"]
    for level, (_, rows) in enumerate(trials.groupby("hidden")):
        values = 100 * rows["test_accuracy"]
        drawn = [line for line in seeds.lines if len(line.get_ydata()) and line.get_alpha()]
        dots, bar = drawn[2 * level : 2 * level + 2]
        assert np.allclose(dots.get_xdata(), values)
        assert ((level < dots.get_ydata()) & (dots.get_ydata() < level + 0.5)).all()
        expected = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values))
        assert np.allclose(bar.get_xdata(), expected)
    assert seeds.get_xlabel() == "test accuracy (%)"
    inside(figure)


def test_answer_same_offset_for_a_seed(trials: pd.DataFrame) -> None:
    """A seed stands at the same height below the mean in every row, and no two seeds of a row do."""
    seeds, _ = figures.draw_answer(trials, ["hidden"], against()).axes
    dots = [line.get_ydata() for line in seeds.lines if len(line.get_ydata()) == 5]
    offsets = np.array([heights - level for level, heights in enumerate(dots)])
    assert np.allclose(offsets, offsets[0])
    assert len(set(offsets[0])) == 5


def test_answer_differences_and_verdicts(trials: pd.DataFrame) -> None:
    """Differences, intervals and verdicts stand in the rows of their cells."""
    figure = figures.draw_answer(trials, ["hidden"], against(), caption="MNIST")
    _, differences = figure.axes
    bars = [line.get_xdata() for line in differences.lines if line.get_linewidth() == 8]
    assert np.allclose(bars, [(-4.26, -2.92), (-0.4, -0.02), (0, 0)])
    minus = "\N{MINUS SIGN}"
    texts = [text.get_text() for text in differences.texts if text.get_text()]
    assert texts == [f"{minus}3.59  worse", f"{minus}0.21  worse", "the best"]
    assert differences.get_xlabel().replace("\n", " ") == "difference from 256 (points)"
    assert text_of(figure).endswith("shaded: ±0.2 points, the margin for equivalence MNIST")


@pytest.mark.parametrize(
    ("verdict", "difference", "headline"),
    [
        ("worse", -0.0021, "256 leads 128 by 0.21 points, more than the luck of the seeds"),
        ("better", 0.0021, "128 leads 256 by 0.21 points, more than the luck of the seeds"),
        ("undecided", 0.0004, "128 leads 256 by 0.04 points, which may be the luck of the seeds"),
        ("equivalent", -0.0001, "256 leads 128 by 0.01 points, so little that the two are equivalent"),
    ],
)
def test_answer_headline(trials: pd.DataFrame, verdict: str, difference: float, headline: str) -> None:
    """The title gives the verdict on the baseline and the cell closest to it."""
    figure = figures.draw_answer(trials, ["hidden"], against(verdict, difference))
    assert text_of(figure).startswith(f"Hidden units: {headline} small dots: single seeds;")


def test_answer_far_cell(trials: pd.DataFrame) -> None:
    """A cell far from the others is an arrow with its mean, and leaves them room."""
    seeds, differences = figures.draw_answer(trials, ["hidden"], against()).axes
    assert seeds.get_xlim()[0] > 97
    assert "94.62" in [text.get_text() for text in seeds.texts]
    for panel in (seeds, differences):
        arrows = [text for text in panel.texts if getattr(text, "arrow_patch", None)]
        assert [text.xy for text in arrows] == [(panel.get_xlim()[0], 0)]


@pytest.mark.parametrize("value", ["W" * 90, "a folder/with $one$ and _two_", "_hidden"])
def test_answer_long_values(value: str) -> None:
    """Long values stay inside the figure."""
    trials, _ = sweep_of(cells_of(activation=["relu", value]), seeds=3)
    inside(figures.draw_answer(trials, ["activation"], against_of(trials), caption="a note " * 40))


def test_answer_decide(trials: pd.DataFrame) -> None:
    """Means have no interval in a sweep that trained seeds until all was decided."""
    comparison = against()
    decided = replace(comparison, table=comparison.table.assign(decided_after=5))
    seeds, _ = figures.draw_answer(trials, ["hidden"], decided).axes
    bars = [line for line in seeds.lines if line.get_linewidth() == 8]
    assert np.isnan([line.get_xdata() for line in bars]).all()


def test_answer_is_planned_for_one_setting() -> None:
    """The answer comes first in a sweep over one setting that has verdicts on its accuracy."""
    trials, curves = sweep_of(cells_of(hidden=[1, 2, 4]), seeds=3)
    comparison = against_of(trials)
    planned, _ = plan_figures(trials, curves, ["hidden"], against=comparison)
    assert planned[0].name == "answer"
    table = comparison.table.assign(low=np.nan)
    for unfit in (None, replace(comparison, table=table), against_of(trials, "test_loss")):
        planned, _ = plan_figures(trials, curves, ["hidden"], against=unfit)
        assert "answer" not in [figure.name for figure in planned]
    trials, curves = sweep_of(cells_of(hidden=[1, 2], depth=[1, 2]), seeds=3)
    planned, _ = plan_figures(trials, curves, ["hidden", "depth"], against=against_of(trials))
    assert "answer" not in [figure.name for figure in planned]


def test_answer_of_many_cells() -> None:
    """Too many rows could not be read; the reason is given."""
    trials, curves = sweep_of(cells_of(hidden=list(range(MOST_ROWS + 1))), seeds=3)
    planned, left_out = plan_figures(trials, curves, ["hidden"], against=against_of(trials))
    assert "answer" not in [figure.name for figure in planned]
    assert f"answer: more than {MOST_ROWS} cells" in left_out
