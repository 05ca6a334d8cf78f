"""Figures, read back from matplotlib, against hand arithmetic."""

import statistics
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from tests.report.sweeps import cells_of, sweep_of

from sweep.report import figures
from sweep.report.figures import style

ACCURACIES = {16: [0.90, 0.92], 64: [0.95, 0.99], 256: [0.97, 0.98]}


pytestmark = pytest.mark.usefixtures("figure_style")


@pytest.fixture
def trials() -> pd.DataFrame:
    rows = [
        {"cell": str(hidden), "seed": seed, "status": "completed", "hidden": hidden, "test_accuracy": value}
        for hidden, values in ACCURACIES.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows).astype({"hidden": object})


def curves_of(trials: pd.DataFrame) -> pd.DataFrame:
    pieces = [
        trials.assign(epoch=epoch, test_accuracy=trials["test_accuracy"] - 0.1 / epoch, test_loss=1 / epoch)
        for epoch in (1, 2, 3)
    ]
    return pd.concat(pieces, ignore_index=True)


def bars(panel: Axes, *, thick: bool = False) -> list[tuple[float, float]]:
    """Return the lower and upper ends of the thin or thick bars, in the order of x."""
    drawn = [lines for lines in panel.collections if (lines.get_linewidth()[0] > 4) == thick]
    segments = [segment for lines in drawn for segment in lines.get_segments() if len(segment)]
    return [tuple(sorted(segment[:, 1])) for segment in sorted(segments, key=lambda s: s[0, 0])]


def text_of(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_accuracy_means_and_deviations(trials: pd.DataFrame) -> None:
    """Accuracy against numbers shows means and sample standard deviations."""
    figure = figures.draw_accuracy(trials, ["hidden"])
    (panel,) = figure.axes
    x, y = panel.lines[0].get_data()
    assert list(x) == [16, 64, 256]
    means = [100 * statistics.mean(values) for values in ACCURACIES.values()]
    assert list(y) == pytest.approx(means)
    spreads = [100 * statistics.stdev(values) for values in ACCURACIES.values()]
    expected = [(mean - spread, mean + spread) for mean, spread in zip(means, spreads, strict=True)]
    assert np.allclose(bars(panel), expected)
    assert panel.get_xlabel() == "hidden units"
    assert panel.get_ylabel() == "test accuracy (%)"


def test_accuracy_names(trials: pd.DataFrame) -> None:
    """Names are categories, not joined by lines."""
    named = trials.assign(activation=trials["hidden"].map({16: "relu", 64: "tanh", 256: "sigmoid"}))
    figure = figures.draw_accuracy(named, ["activation"])
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["relu", "tanh", "sigmoid"]
    assert {line.get_linestyle() for line in figure.axes[0].lines} == {"None"}


def test_accuracy_one_value() -> None:
    """seaborn's dodge divides by zero with one line."""
    trials, _ = sweep_of([{"activation": "relu", "momentum": 0.0}])
    (panel,) = figures.draw_accuracy(trials, ["activation"], lines=["momentum"]).axes
    assert len(panel.lines[0].get_xdata()) == 1


def test_curves_lines_and_bands(trials: pd.DataFrame) -> None:
    """Curves have a line for each cell, with its band."""
    figure = figures.draw_curves(curves_of(trials), "accuracy", lines=["hidden"])
    (panel,) = figure.axes
    drawn = [line for line in panel.lines if len(line.get_xdata()) == 3]
    assert len(drawn) == 3
    expected = [100 * (statistics.mean(ACCURACIES[16]) - 0.1 / epoch) for epoch in (1, 2, 3)]
    assert list(drawn[0].get_ydata()) == pytest.approx(expected)
    assert len(panel.collections) == 3
    band = panel.collections[0].get_paths()[0].vertices[:, 1]
    spread = 100 * statistics.stdev(ACCURACIES[16])
    assert band.max() == pytest.approx(expected[-1] + spread)


def test_accuracy_one_seed(trials: pd.DataFrame) -> None:
    """A single seed has neither a bar nor a dot of its own."""
    figure = figures.draw_accuracy(trials[trials["seed"] == 0], ["hidden"])
    assert list(figure.axes[0].lines[0].get_xdata()) == [16, 64, 256]
    assert bars(figure.axes[0]) == []


def stopping(values: dict[int, list[float]]) -> pd.DataFrame:
    """Return the curves of one cell whose seeds have these test accuracies at epochs 1, 2, ..."""
    rows = [
        {"cell": "a", "seed": seed, "status": "completed", "epoch": float(epoch), "test_accuracy": value}
        for seed, accuracies in values.items()
        for epoch, value in enumerate(accuracies, 1)
    ]
    return pd.DataFrame(rows)


def test_curves_early_stop() -> None:
    """A seed that stops early stays in the mean and in the band."""
    figure = figures.draw_curves(stopping({0: [0.5, 0.6], 1: [0.5, 0.7, 0.8, 0.9]}), "accuracy")
    (panel,) = figure.axes
    assert list(panel.lines[0].get_ydata()) == pytest.approx([50, 65, 70, 75])
    band = panel.collections[0].get_paths()[0].vertices
    at_the_end = band[band[:, 0] == 4][:, 1]
    assert at_the_end.min() == pytest.approx(75 - statistics.stdev([60, 90]))
    assert panel.lines[1].get_marker() == "|"
    assert panel.lines[1].get_xydata().tolist() == [[2, pytest.approx(65)]]
    text = (
        "bar |: a seed stops early here (1 of 2 trials stop before their line ends) and keeps its last value"
    )
    assert text_of(figure) == text


def test_curves_no_early_stop() -> None:
    """Nothing is said of early stops if no seed stops early."""
    figure = figures.draw_curves(stopping({0: [0.5, 0.6], 1: [0.5, 0.7]}), "accuracy", caption="2 seeds")
    assert text_of(figure) == "2 seeds"
    assert len(figure.axes[0].lines) == 1


def test_curves_first_evaluation_far_off() -> None:
    """A first evaluation that would flatten the others is given in words instead."""
    values = [0.1, 0.90, 0.92, 0.93, 0.94]
    figure = figures.draw_curves(stopping({0: values, 1: values}), "accuracy")
    assert list(figure.axes[0].lines[0].get_xdata()) == [2, 3, 4, 5]
    assert text_of(figure) == "not drawn: epoch 1, mean accuracy 10 %"
    gradual = figures.draw_curves(stopping({0: [0.5, 0.6, 0.7, 0.8]}), "accuracy")
    assert list(gradual.axes[0].lines[0].get_xdata()) == [1, 2, 3, 4]


def test_curves_end_at_100_percent() -> None:
    """No band and no tick lies above 100 percent."""
    figure = figures.draw_curves(stopping({0: [0.90, 0.99, 1.0], 1: [0.99, 0.999, 1.0]}), "accuracy")
    (panel,) = figure.axes
    band = panel.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == 100
    assert 100 < panel.get_ylim()[1] < 101  # a line at 100 keeps its width
    assert max(panel.get_yticks()) == 100


@pytest.mark.parametrize("last", [2, 7, 10, 31, 100, 300, 1000])
def test_epoch_ticks(last: int) -> None:
    """The last epoch has a tick and no two ticks touch."""
    panel = Figure().subplots()
    style.epoch_axis(panel, 1, last, width=3.3)
    ticks = list(panel.get_xticks())
    assert ticks[-1] == last
    assert all(later - earlier > 0.03 * last for earlier, later in pairwise(ticks))
    assert panel.get_xlim()[0] < 1
    assert panel.get_xlim()[1] > last


def test_curves_share_axes() -> None:
    """Each part has its own axis, and rows of panels share it."""
    _, curves = sweep_of(cells_of(hidden=[1, 2], activation=["relu", "tanh"]))
    curves["train_accuracy"] = 1.0
    panels = figures.draw_curves(curves, "accuracy", lines=["hidden"], facets=["activation"]).axes
    limits = [panel.get_ylim() for panel in panels]
    assert limits[0] == limits[3]
    assert limits[0] != limits[2]


def looks(figure: Figure) -> set[tuple[Any, ...]]:
    (legend,) = figure.legends
    return {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in legend.get_lines()}


@pytest.mark.parametrize("count", [2, 8, 16])
def test_legend_lines(count: int) -> None:
    """All lines of a legend differ and stand inside the figure."""
    _, curves = sweep_of(cells_of(momentum=[value / 100 for value in range(count)]))
    figure = figures.draw_curves(curves, "loss", lines=["momentum"])
    (legend,) = figure.legends
    assert len(legend.get_texts()) == count
    assert len(looks(figure)) == count
    assert len({line.get_color() for line in legend.get_lines()}) == count
    inside(figure)


def inside(figure: Figure) -> None:
    """Check that every visible text lies within the figure."""
    figure.draw_without_rendering()
    edge = figure.bbox
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent()
            details = (text.get_text(), box, edge)
            assert box.x0 >= edge.x0, details
            assert box.y0 >= edge.y0, details
            assert box.x1 <= edge.x1 + 1, details
            assert box.y1 <= edge.y1 + 1, details


@pytest.mark.part(2)
@pytest.mark.parametrize(
    "value",
    [
        "[" + ",".join(["1000"] * 60) + "]",
        "W" * 90,
        "a folder/with $one$ and _two_",
        "_hidden",
        "binary_cross_entropy",
    ],
)
def test_long_and_odd_values(value: str) -> None:
    """Long and odd values stay inside the figure."""
    trials, curves = sweep_of(cells_of(hidden=[16, value], activation=["relu", "tanh", "sigmoid"]))
    inside(figures.draw_curves(curves, "accuracy", lines=["hidden", "activation"], caption="a note " * 40))
    inside(figures.draw_accuracy(trials, ["hidden"], lines=["activation"]))
    inside(figures.draw_accuracy(trials, ["activation"], facets=["hidden"]))
    figure = figures.draw_accuracy(trials, ["activation"], lines=["hidden"])
    inside(figure)
    assert len(figure.legends[0].get_texts()) == 2


def test_values_as_text() -> None:
    """Values are written for readers, and different values stay different."""
    written = {0.0: "0", 0.9: "0.9", 1e-05: "1e-05", True: "true", None: "–", float("nan"): "–"}
    assert {value: style.value(value) for value in written} == written
    assert style.value("binary_cross_entropy") == "binary cross entropy"
    assert style.value(0.12345678) != style.value(0.12345679)
    assert style.column(pd.Series([0.0031622776601683794, 0.1])) == ["0.00316", "0.1"]
    assert style.column(pd.Series([0.10001, 0.10002])) == ["0.10001", "0.10002"]
    assert style.setting("regularization.strength") == "strength of the penalty"


def test_note_counts() -> None:
    """A note counts the trials of its own figure."""
    trials, _ = sweep_of(cells_of(hidden=[1, 2, 3]), seeds=3)
    assert figures.note(trials) == "mean ± standard deviation over 3 seeds"
    assert figures.note(trials, spread=False) == "3 seeds per setting"
    trials.loc[trials["cell"] == "cell 1", "status"] = ["diverged", "completed", "dead"]
    trials.loc[trials["cell"] == "cell 2", "status"] = "diverged"
    mean, dead = (
        "mean ± standard deviation over 2 to 3 seeds",
        "1 dead trial (same output for every input) included",
    )
    assert figures.note(trials) == (
        f"{mean}; 4 diverged trials left out, including every trial of 1 cell; {dead}"
    )
    rest = trials[trials["cell"] != "cell 2"]
    assert figures.note(rest) == f"{mean}; 1 diverged trial left out; {dead}"
    assert "diverged" not in figures.note(trials[trials["cell"] == "cell 0"])
