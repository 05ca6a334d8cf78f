"""The figure of differences, read back from matplotlib."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tests.report.figures.test_figures import inside, text_of
from tests.report.sweeps import against_of, cells_of, sweep_of

from sweep.report import figures
from sweep.report.figures import BaselineComparison
from sweep.report.figures.plan import plan_figures
from sweep.stats.judge import Criteria

pytestmark = pytest.mark.usefixtures("figure_style")


def rows_of(*rows: tuple[float, float, float, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["difference", "low", "high", "verdict"])


ROWS = rows_of(
    (0.010, 0.006, 0.014, "better"),
    (0.000, -0.001, 0.001, "equivalent"),
    (-0.003, -0.008, 0.002, "undecided"),
    (-0.020, -0.025, -0.015, "worse"),
    (-0.004, np.nan, np.nan, "undecided"),
)
LABELS = ["a", "b", "c", "d", "e"]


def lines_of(panel: Axes, width: float) -> list[tuple[float, float]]:
    """Return the ends of the level lines of this width, from the top down."""
    drawn = [line for line in panel.lines if line.get_linewidth() == width and line.get_marker() == "None"]
    level = [
        line for line in drawn if len(set(line.get_ydata())) == 1 and np.isfinite(line.get_xdata()).all()
    ]
    return [tuple(line.get_xdata()) for line in level]


def beside(figure: Figure) -> list[str]:
    """Return the texts to the right of the panel."""
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_differences_rows() -> None:
    """Points, intervals, numbers and verdicts stand in their rows."""
    figure = figures.draw_differences(LABELS, ROWS, Criteria())
    (panel,) = figure.axes
    points = [line.get_xydata()[0] for line in panel.lines if line.get_marker() != "None"]
    assert np.allclose([x for x, _ in points], [1, 0, -0.3, -2, -0.4])
    assert np.allclose([y for _, y in points], panel.get_yticks())
    assert np.allclose(lines_of(panel, 4), [(0.6, 1.4), (-0.1, 0.1), (-0.8, 0.2), (-2.5, -1.5)])
    assert [label.get_text() for label in panel.get_yticklabels()] == LABELS
    minus = "\N{MINUS SIGN}"
    numbers = ["+1.00", "0.00", f"{minus}0.30", f"{minus}2.00", f"{minus}0.40"]
    verdicts = ["better", "equivalent", "undecided", "worse", "too few seeds"]
    assert beside(figure) == [text for pair in zip(numbers, verdicts, strict=True) for text in pair]
    assert panel.get_xlabel() == "difference in test accuracy (points)"
    inside(figure)


def test_differences_verdict_looks() -> None:
    """Verdicts differ in colour and in marker."""
    (panel,) = figures.draw_differences(LABELS, ROWS, Criteria()).axes
    marked = [line for line in panel.lines if line.get_marker() != "None"]
    assert len({line.get_marker() for line in marked}) == 5
    assert len({line.get_color() for line in marked}) == 4  # both of what is open are grey


@pytest.mark.parametrize(("metric", "band"), [("test_accuracy", 0.5), ("test_loss", 0.005)])
def test_differences_margin(metric: str, band: float) -> None:
    """The margin is shaded in the unit of the metric."""
    figure = figures.draw_differences(LABELS, ROWS, Criteria(metric, margin=0.005))
    (shade,) = figure.axes[0].patches
    assert shade.get_extents().transformed(figure.axes[0].transData.inverted()).intervalx == pytest.approx(
        [-band, band]
    )
    unit = " points" if metric == "test_accuracy" else ""
    assert f"shaded: ±{band:g}{unit}, the margin for equivalence" in text_of(figure)


def test_differences_new_digits_and_seeds() -> None:
    """Intervals for new digits and the number of further seeds are shown if the table has them."""
    more = pd.array([0, 0, 14, 0, None], dtype="Int64")
    wide = ROWS.assign(
        low_new_digits=ROWS["low"] - 0.01, high_new_digits=ROWS["high"] + 0.01, more_seeds=more
    )
    figure = figures.draw_differences(LABELS, wide, Criteria())
    thin = lines_of(figure.axes[0], 1)
    assert np.allclose(thin, [(-0.4, 2.4), (-1.1, 1.1), (-1.8, 1.2), (-3.5, -0.5)])
    assert "thin line: also over new test digits" in text_of(figure)
    assert "undecided: 14 more seeds" in beside(figure)
    assert "new test digits" not in text_of(figures.draw_differences(LABELS, ROWS, Criteria()))


def test_differences_far_row() -> None:
    """A row far away is an arrow and leaves the others room."""
    far = pd.concat([ROWS, rows_of((-0.8, -0.81, -0.79, "worse"))], ignore_index=True)
    figure = figures.draw_differences([*LABELS, "far"], far, Criteria())
    (panel,) = figure.axes
    assert panel.get_xlim()[0] > -10
    arrows = [text for text in panel.texts if getattr(text, "arrow_patch", None)]
    assert [text.xy for text in arrows] == [(panel.get_xlim()[0], panel.get_yticks()[-1])]
    assert "\N{MINUS SIGN}80.00" in beside(figure)
    assert "arrow: continues beyond the axis" in text_of(figure)
    assert "arrow" not in text_of(figures.draw_differences(LABELS, ROWS, Criteria()))


def test_differences_groups() -> None:
    """Groups are headings above their rows."""
    groups = ["activation", "activation", "momentum", "momentum", "momentum"]
    (panel,) = figures.draw_differences(LABELS, ROWS, Criteria(), groups=groups).axes
    written = [(name.get_text(), name.get_fontweight()) for name in panel.get_yticklabels()]
    bold = [("activation", "bold"), ("momentum", "bold")]
    plain = [(label, "normal") for label in LABELS]
    assert written == [bold[0], *plain[:2], bold[1], *plain[2:]]


@pytest.mark.parametrize("label", ["W" * 90, "$one$ and _two_", "[" + ",".join(["1000"] * 30) + "]"])
def test_differences_long_labels(label: str) -> None:
    """Long labels stay inside the figure and apart."""
    text = label.replace("$", r"\$")
    figure = figures.draw_differences(
        [text, *LABELS[1:]], ROWS, Criteria(), title="against " + text, heading=text, caption="a note " * 40
    )
    inside(figure)
    boxes = [name.get_window_extent() for name in figure.axes[0].get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in pairwise(boxes))


def test_differences_order() -> None:
    """Cells stand from the highest down, with their settings."""
    trials, curves = sweep_of(cells_of(hidden=[16, 64], activation=["relu", "tanh"]), seeds=3)
    planned, _ = plan_figures(trials, curves, ["hidden", "activation"], against=against_of(trials))
    (figure,) = [planned_figure.draw() for planned_figure in planned if planned_figure.name == "differences"]
    (panel,) = figure.axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["64, tanh", "64, relu", "16, tanh"]
    assert panel.get_title() == "compared with the first"
    assert "hidden units, activation" in beside(figure)


def test_differences_many_cells() -> None:
    """Of very many cells the closest are drawn and counted."""
    trials, curves = sweep_of(cells_of(hidden=list(range(42))), seeds=3, epochs=1)
    against = against_of(trials)
    planned, _ = plan_figures(trials, curves, ["hidden"], against=against)
    (figure,) = [planned_figure.draw() for planned_figure in planned if planned_figure.name == "differences"]
    shown = [int(label.get_text()) for label in figure.axes[0].get_yticklabels()]
    farthest = against.table["difference"].abs().sort_values().iloc[29]
    closest = against.table[against.table["difference"].abs() <= farthest]
    assert sorted(f"cell {hidden}" for hidden in shown) == sorted(closest["cell"])
    assert "the 30 of 41 cells closest to it" in text_of(figure)


def test_differences_no_comparisons() -> None:
    """Without comparisons there is no such figure."""
    trials, curves = sweep_of(cells_of(hidden=[16]), seeds=3)
    for against in (None, against_of(trials), BaselineComparison(pd.DataFrame(), "")):
        planned, _ = plan_figures(trials, curves, ["hidden"], against=against)
        assert "differences" not in [figure.name for figure in planned]
