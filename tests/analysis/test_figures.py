"""What figures show, read back from matplotlib, against hand arithmetic."""

import statistics
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sweep.analysis import figures

ACCURACIES = {16: [0.90, 0.92], 64: [0.95, 0.99], 256: [0.97, 0.98]}


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


def bars(panel: plt.Axes) -> list[tuple[float, float]]:
    """The lower and upper ends of the error bars, in the order of x."""
    segments = [segment for lines in panel.collections for segment in lines.get_segments() if len(segment)]
    return [tuple(sorted(segment[:, 1])) for segment in sorted(segments, key=lambda s: s[0, 0])]


def test_accuracy_against_numbers_shows_means_and_sample_deviations(trials: pd.DataFrame) -> None:
    figure = figures.draw_axis(trials, "hidden", [])
    (panel,) = figure.axes
    x, y = panel.lines[0].get_data()
    assert list(x) == [16, 64, 256]
    means = [100 * statistics.mean(values) for values in ACCURACIES.values()]
    assert list(y) == pytest.approx(means)
    spreads = [100 * statistics.stdev(values) for values in ACCURACIES.values()]
    expected = [(mean - spread, mean + spread) for mean, spread in zip(means, spreads, strict=True)]
    assert np.allclose(bars(panel), expected)
    assert panel.get_xlabel() == "hidden"
    assert panel.get_ylabel() == "test accuracy (%)"
    plt.close(figure)


def test_names_are_categories(trials: pd.DataFrame) -> None:
    named = trials.assign(activation=trials["hidden"].map({16: "relu", 64: "tanh", 256: "sigmoid"}))
    figure = figures.draw_axis(named, "activation", [])
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["relu", "tanh", "sigmoid"]
    plt.close(figure)


def test_curves_have_one_line_a_cell_with_its_band(trials: pd.DataFrame) -> None:
    figure = figures.draw_curves(curves_of(trials), "accuracy", ["hidden"])
    (panel,) = figure.axes
    drawn = [line for line in panel.lines if len(line.get_xdata()) == 3]
    assert len(drawn) == 3
    expected = [100 * (statistics.mean(ACCURACIES[16]) - 0.1 / epoch) for epoch in (1, 2, 3)]
    assert list(drawn[0].get_ydata()) == pytest.approx(expected)
    assert len(panel.collections) == 3
    band = panel.collections[0].get_paths()[0].vertices[:, 1]
    spread = 100 * statistics.stdev(ACCURACIES[16])
    assert band.max() == pytest.approx(expected[-1] + spread)
    plt.close(figure)


def test_one_seed_has_no_bar(trials: pd.DataFrame) -> None:
    figure = figures.draw_axis(trials[trials["seed"] == 0], "hidden", [])
    assert list(figure.axes[0].lines[0].get_xdata()) == [16, 64, 256]
    assert bars(figure.axes[0]) == []
    plt.close(figure)


def test_diverged_trials_are_left_out_of_every_figure(trials: pd.DataFrame, tmp_path: Path) -> None:
    wild = trials.assign(status=["diverged" if hidden == 64 else "completed" for hidden in trials["hidden"]])
    files = figures.draw_all(wild, curves_of(wild), ["hidden"], tmp_path)
    names = ["curves_accuracy.png", "curves_loss.png", "accuracy_by_hidden.png"]
    assert [file.name for file in files] == names
    assert "2 diverged" in figures.note(wild)
    assert figures.draw_all(wild.assign(status="diverged"), curves_of(wild), ["hidden"], tmp_path) == []


def test_many_cells_are_spread_over_pages(trials: pd.DataFrame, tmp_path: Path) -> None:
    many = pd.concat(
        [
            trials.assign(momentum=momentum, cell=trials["cell"] + str(momentum))
            for momentum in (0.0, 0.5, 0.9, 0.99)
        ],
        ignore_index=True,
    )
    files = figures.draw_all(many, curves_of(many), ["hidden", "momentum"], tmp_path)
    names = {file.name for file in files}
    assert {"curves_accuracy.png", "curves_accuracy_2.png", "curves_accuracy_3.png"} <= names
    assert "accuracy_by_hidden.png" in names
    assert "accuracy_by_momentum.png" in names
