"""Heatmaps, read back from matplotlib."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from tests.report.figures.test_figures import inside, text_of
from tests.report.sweeps import PARTS, against_of, cells_of, sweep_of

from sweep.report import figures
from sweep.report.figures.plan import crossed, plan_figures
from sweep.report.tables import Measure
from sweep.stats.trials import summarise

# Columns that a summary needs beside those of `sweep_of`.
MISSING = dict.fromkeys(
    [
        *(f"{part}_loss" for part in PARTS),
        *("epochs_run", "kept_epoch", "train_seconds", "evaluation_seconds", "engine"),
    ]
)
AXES = {"hidden": [256, 16, 64], "activation": ["relu", "tanh"]}


pytestmark = pytest.mark.usefixtures("figure_style")


def numbers(panel: Axes) -> dict[tuple[int, int], str]:
    """Return the number in each row and column."""
    texts = [text for text in panel.texts if text.get_text().replace(".", "").isdigit()]
    return {(int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in texts}


def patches(panel: Axes, *, hatched: bool) -> set[tuple[int, int]]:
    """Return the rows and columns that are hatched, or outlined."""
    drawn = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    return {(patch.get_y(), patch.get_x()) for patch in drawn if bool(patch.get_hatch()) == hatched}


def test_heatmap_positions() -> None:
    """Each mean stands at its settings."""
    trials, _ = sweep_of(cells_of(**AXES), seeds=3)
    figure = figures.draw_heatmap(trials, ["hidden"], ["activation"])
    (panel,) = figure.axes
    assert [label.get_text() for label in panel.get_xticklabels()] == ["16", "64", "256"]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["relu", "tanh"]
    expected = 100 * trials.groupby(["activation", "hidden"])["test_accuracy"].mean()
    for (row, column), text in numbers(panel).items():
        settings = ["relu", "tanh"][row], [16, 64, 256][column]
        assert text == f"{expected[settings]:.2f}"
    assert len(numbers(panel)) == 6
    inside(figure)


def test_heatmap_rounding() -> None:
    """A mean is rounded as in the table."""
    trials, _ = sweep_of(cells_of(hidden=[16, 64], activation=["relu", "tanh"]), seeds=4)
    # Their mean is 0.970150; a mean of the same numbers in percent is a little less than 97.015.
    trials["test_accuracy"] = np.tile([0.9503, 0.9606, 0.9969, 0.9728], 4)
    row = summarise(trials.assign(**MISSING)).iloc[0]
    written = Measure.of("test_accuracy").number(row["test_accuracy_mean"])
    (panel,) = figures.draw_heatmap(trials, ["hidden"], ["activation"]).axes
    assert set(numbers(panel).values()) == {written} == {"97.02"}


def test_heatmap_marks() -> None:
    """Cells that are not clearly different from the baseline are hatched, and the baseline is outlined."""
    trials, _ = sweep_of(cells_of(**AXES), seeds=3)
    figure = figures.draw_heatmap(trials, ["hidden"], ["activation"], against=against_of(trials))
    (panel,) = figure.axes
    # 256 relu is the baseline; then worse, undecided (16 relu), equivalent (16 tanh), better and worse.
    assert patches(panel, hatched=True) == {(0, 0), (1, 0)}
    assert patches(panel, hatched=False) == {(0, 2)}
    assert (
        "mean of each cell over its seeds; outlined: the first; hatched: not clearly different from it"
        in text_of(figure)
    )


def test_heatmap_missing_combination() -> None:
    """A missing combination is grey and has no number."""
    trials, _ = sweep_of(cells_of(**AXES), seeds=3)
    figure = figures.draw_heatmap(trials[trials["cell"] != "cell 3"], ["hidden"], ["activation"])
    (panel,) = figure.axes
    (mesh,) = panel.collections
    figure.draw_without_rendering()
    grey = [tuple(colour[:3]) == (0.8, 0.8, 0.8) for colour in mesh.get_facecolors()]
    assert grey == [False, False, False, True, False, False]  # 16, tanh
    assert (1, 0) not in numbers(panel)
    assert "grey: not in this sweep" in text_of(figure)


def test_heatmap_dead_cell() -> None:
    """A dead cell leaves the others their colours."""
    trials, _ = sweep_of(cells_of(hidden=[1, 2, 4, 8], activation=["relu", "tanh"]), seeds=3)
    trials.loc[trials["cell"] == "cell 0", "test_accuracy"] = 0.1
    (panel,) = figures.draw_heatmap(trials, ["hidden"], ["activation"]).axes
    (mesh,) = panel.collections
    assert mesh.norm.vmin > 80
    assert numbers(panel)[0, 0] == "10.00"


def test_heatmap_contrast() -> None:
    """Numbers have a contrast of at least 4.5 to 1 (WCAG's ratio of relative luminances)."""

    def luminance(colour: Any) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        return float(np.dot(parts, [0.2126, 0.7152, 0.0722]))

    trials, _ = sweep_of(cells_of(hidden=list(range(12)), activation=list("abcdefgh")), seeds=1)
    figure = figures.draw_heatmap(trials, ["hidden"], ["activation"])
    (panel,) = figure.axes
    figure.draw_without_rendering()
    grounds = panel.collections[0].get_facecolors().reshape(8, 12, 4)
    texts = [text for text in panel.texts if text.get_text().replace(".", "").isdigit()]
    assert len(texts) == 96
    for text in texts:
        column, row = (int(part) for part in text.get_position())
        dark, light = sorted((luminance(to_rgb(text.get_color())), luminance(grounds[row, column])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize(
    "value", ["W" * 90, "a folder/with $one$", "[" + ",".join(["1000"] * 60) + "]", "_hidden"]
)
def test_heatmap_long_values(value: str) -> None:
    """Long values stay inside the figure."""
    trials, _ = sweep_of(cells_of(hidden=[16, value], activation=["relu", "tanh"], momentum=[0, 0.9]))
    inside(
        figures.draw_heatmap(trials, ["hidden"], ["activation"], facets=["momentum"], caption="a note " * 40)
    )
    inside(figures.draw_heatmap(trials, ["activation", "momentum"], ["hidden"]))


def test_heatmap_pairs() -> None:
    """One pair is drawn, and every pair on request."""
    axes = {"hidden": [1, 2, 3, 4], "activation": ["relu", "tanh"], "momentum": [0.0, 0.5, 0.9]}
    trials, curves = sweep_of(cells_of(**axes), seeds=1, epochs=1)
    planned, left_out = plan_figures(trials, curves, list(axes))
    (drawn,) = [figure for figure in planned if figure.name.startswith("heatmap")]
    assert drawn.name == "heatmap_momentum_hidden"
    figure = drawn.draw()
    assert [panel.get_title().replace("\xa0", " ") for panel in figure.axes] == [
        "activation relu",
        "activation tanh",
    ]
    assert left_out[0].startswith("heatmap_activation_hidden, heatmap_activation_momentum: only one heatmap")
    planned, left_out = plan_figures(trials, curves, list(axes), everything=True)
    assert len([figure for figure in planned if figure.name.startswith("heatmap")]) == 3
    assert left_out == []


def test_heatmap_one_at_a_time() -> None:
    """Settings that are varied one at a time make no heatmap: most combinations do not exist."""
    steps = [{"a": 0, "b": 0, "c": 0}, *({"a": 0, "b": 0, "c": 0} | {key: 1} for key in "abc")]
    factors = [("a",), ("b",), ("c",)]
    assert crossed(pd.DataFrame(steps), factors) == []
    (pair,) = crossed(pd.DataFrame(cells_of(a=[0, 1], b=[0, 1, 2])), factors[:2])
    assert (pair.across, pair.up, pair.facets, pair.panels) == (("b",), ("a",), (), 1)
