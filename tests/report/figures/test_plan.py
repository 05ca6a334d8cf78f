"""Figures of a sweep: drawn, or listed as left out, whatever its shape."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.report.sweeps import PARTS, against_of, cells_of, sweep_of

from sweep.core.errors import SweepError
from sweep.report import figures, saving
from sweep.report.figures import style
from sweep.report.figures.plan import plan_figures


def names_of(trials: pd.DataFrame, curves: pd.DataFrame, axes: Iterable[str]) -> tuple[set[str], str]:
    planned, left_out = plan_figures(trials, curves, list(axes))
    assert len(planned) == len({figure.name for figure in planned}) <= figures.MOST_FIGURES
    return {figure.name for figure in planned}, "; ".join(left_out)


def test_plan_one_setting(tmp_path: Path) -> None:
    """A sweep over one setting has curves and its accuracy."""
    trials, curves = sweep_of(cells_of(hidden=[16, 64, 256]))
    drawn = figures.draw_all(trials, curves, ["hidden"], folder=tmp_path)
    names = ["accuracy_by_hidden.png", "curves_accuracy.png", "curves_loss.png"]
    assert sorted(file.name for file in drawn.files) == names
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    assert drawn.left_out == []


def test_plan_many_cells(tmp_path: Path) -> None:
    """Many cells are small panels, with the settings in the names of the files."""
    axes = {"activation": ["relu", "tanh"], "hidden": [16, 32, 64], "momentum": [0.0, 0.9]}
    trials, curves = sweep_of(cells_of(**axes), epochs=1)
    drawn = figures.draw_all(trials, curves, list(axes), folder=tmp_path)
    names = {"curves_accuracy_by_hidden", "curves_loss_by_hidden"} | {f"accuracy_by_{axis}" for axis in axes}
    assert {file.stem for file in drawn.files} == names | {"heatmap_activation_hidden"}
    assert drawn.left_out == [
        "heatmap_momentum_hidden, heatmap_momentum_activation:"
        " only one heatmap of up to 6 panels is drawn; figures=all draws every one"
    ]


def test_plan_parts() -> None:
    """Each part is a figure if all together would be too many rows of panels."""
    axes = {"activation": ["relu", "tanh", "id"], "hidden": [16, 32, 64, 128], "momentum": [0.0, 0.5, 0.9]}
    trials, curves = sweep_of(cells_of(**axes), parts=["test", "validation"])
    names, left_out = names_of(trials, curves, axes)
    parts = {f"{metric}_{part}" for metric in ("accuracy", "loss") for part in ("test", "validation")}
    by_axis = {f"accuracy_by_{axis}" for axis in axes}
    assert names == {f"curves_{part}_by_hidden" for part in parts} | by_axis | {"heatmap_activation_hidden"}
    assert left_out.startswith("heatmap_momentum_hidden, heatmap_momentum_activation: only one heatmap")


def test_plan_too_many_cells() -> None:
    """Of too many cells the best are drawn and the others counted."""
    axes = {"hidden": list(range(1, 41)), "learning_rate": [value / 100 for value in range(1, 10)]}
    trials, curves = sweep_of(cells_of(**axes), seeds=1, epochs=1)
    trials.loc[trials["cell"] == "cell 7", "validation_accuracy"] = 0.999
    trials.loc[trials["cell"] == "cell 8", ["validation_accuracy", "status"]] = [1.0, "diverged"]
    planned, left_out = plan_figures(trials, curves, list(axes))
    assert left_out[0].startswith("learning curves of 352 cells: ")
    by_name = {figure.name: figure for figure in planned}
    assert set(by_name) == {
        *("curves_accuracy_best", "curves_loss_best"),
        *("accuracy_by_hidden", "accuracy_by_learning_rate", "heatmap_learning_rate_hidden"),
    }
    figure = by_name["curves_accuracy_best"].draw()
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(shown) == 8
    assert "1, 0.08" in shown  # cell 7
    assert "1, 0.09" not in shown  # cell 8 diverged
    assert "diverged" not in figure.texts[0].get_text()  # the note is of these eight
    (panel,) = by_name["accuracy_by_learning_rate"].draw().axes
    assert len(panel.lines[0].get_xdata()) == 359  # a dot a cell


def test_plan_over_a_dozen() -> None:
    """Figures beyond a dozen are listed as left out."""
    axes = {f"optimizer.beta{number}": [0.1, 0.2] for number in range(12)}
    cells = [{axis: values[0] for axis, values in axes.items()}]
    cells += [cells[0] | {axis: values[1]} for axis, values in axes.items()]
    trials, curves = sweep_of(cells, seeds=1, epochs=1)
    names, left_out = names_of(trials, curves, axes)
    assert len(names) == figures.MOST_FIGURES
    left = set(left_out.removesuffix(": more than 12 figures; figures=all draws every one").split(", "))
    assert {f"accuracy_by_{saving.key([axis])}" for axis in axes} <= names | left
    assert any(name.startswith("curves_accuracy") for name in names)
    assert not names & left
    drawn, left_over = plan_figures(trials, curves, list(axes), everything=True)
    assert ({figure.name for figure in drawn}, left_over) == (names | left, [])


def test_plan_zipped_settings() -> None:
    """Settings that vary together are treated as one."""
    cells = [{"optimizer": "sgd", "learning_rate": 0.1}, {"optimizer": "adam", "learning_rate": 0.001}]
    names, _ = names_of(*sweep_of(cells), ["optimizer", "learning_rate"])
    assert names == {"curves_accuracy", "curves_loss", "accuracy_by_optimizer_learning_rate"}


def test_plan_all_diverged() -> None:
    """If every trial diverged, the reason says so."""
    trials, curves = sweep_of(cells_of(hidden=[16, 64]))
    diverged = (trials.assign(status="diverged"), curves.assign(status="diverged"))
    assert names_of(*diverged, ["hidden"]) == (set(), "all figures: every trial diverged")


def test_draw_all_failure(tmp_path: Path) -> None:
    """A figure that fails is listed and costs no other."""
    trials, curves = sweep_of(cells_of(hidden=[16, 64]))
    (tmp_path / "curves_loss.png").mkdir()
    drawn = figures.draw_all(trials, curves, ["hidden"], folder=tmp_path)
    assert [file.name for file in drawn.files] == ["curves_accuracy.png", "accuracy_by_hidden.png"]
    (line,) = drawn.left_out
    assert line.startswith("curves_loss: ")
    assert "\n" not in line


def test_draw_all_formats(tmp_path: Path) -> None:
    """Every format is written."""
    trials, curves = sweep_of(cells_of(hidden=[16]))
    files = figures.draw_all(trials, curves, [], folder=tmp_path, formats=["png", "svg", "pdf"]).files
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert {file.name for file in files} == {
        f"curves_{metric}.{ending}" for metric in ("accuracy", "loss") for ending in begins
    }
    for file in files:
        assert file.read_bytes().startswith(begins[file.suffix[1:]])


def test_remove_stale(tmp_path: Path) -> None:
    """Only figures that a sweep has drawn are removed."""
    ours = [
        "curves_accuracy.png",
        "curves_loss_7.png",
        "curves_loss_test_by_hidden.svg",
        "curves_accuracy_best.pdf",
    ]
    ours += ["accuracy_by_hidden.png", "accuracy_by_optimizer_learning_rate.png"]
    ours += ["accuracy_by_regularization.strength.png", "accuracy_by_regularization_strength.png"]
    ours += ["answer.png", "differences.png", "heatmap_hidden_data_train_size.svg"]
    theirs = [
        "curves.png",
        "answer_of_mine.png",
        "accuracy_by_me.png",
        "accuracy_by_hidden.png.bak",
        "notes.txt",
        "my_curves_loss.png",
        "differences_of_mine.png",
        "heatmap_me.png",
    ]
    for name in [*ours, *theirs]:
        (tmp_path / name).touch()
    saving.remove_stale(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(theirs)
    saving.remove_stale(tmp_path / "nowhere")


@pytest.mark.parametrize("count", [2, 3, 20])
def test_remove_stale_every_name(count: int, tmp_path: Path) -> None:
    """Every name that a sweep can give to a figure is recognised."""
    axes = {"data.train_size": list(range(count)), "loss": ["mse", "rmse"] * 4, "bias": [True, False]}
    axes["hidden"] = [1, "[2,3]"]
    names, _ = names_of(*sweep_of(cells_of(**axes), seeds=1, epochs=1), axes)
    for name in names:
        (tmp_path / f"{name}.png").touch()
    saving.remove_stale(tmp_path)
    assert list(tmp_path.iterdir()) == []


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 1000),
    st.floats(0, 1, width=16),
    st.just(float("nan")),
    st.sampled_from(["relu", "tanh", "[300,100]", "a $b$ _c", "none"]),
)
AXES = ["hidden", "activation", "momentum", "early_stopping.patience"]


# Its parts differ in axes: the cell beside the others has no second activation.
UNION = cells_of(hidden=[1, 2, 3, 4, 5], activation=["relu", "tanh"], momentum=[0, 0.9])
UNION.append({"hidden": 9, "activation": "id", "momentum": 0.5})
SMALL: Any = {"seeds": 1, "epochs": 1, "parts": ["test"], "stopping": False, "lost": 0.0}


@st.composite
def grids(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Build cells of products, zips and unions of them, over values of any kind."""
    axes = draw(st.lists(st.sampled_from(AXES), min_size=1, max_size=3, unique=True))
    cells: list[dict[str, Any]] = []
    for kind in draw(st.lists(st.sampled_from(["product", "zip"]), min_size=1, max_size=2)):
        chosen = draw(st.lists(st.sampled_from(axes), min_size=1, unique=True))
        base = {axis: draw(VALUES) for axis in axes}
        size = draw(st.integers(1, 3))
        values = {axis: draw(st.lists(VALUES, min_size=size, max_size=size)) for axis in chosen}
        if kind == "product":
            cells += [base | cell for cell in cells_of(**values)]
        else:
            cells += [
                base | dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)
            ]
    return cells


@pytest.mark.slow
@given(
    cells=grids(),
    seeds=st.integers(1, 3),
    epochs=st.integers(1, 3),
    parts=st.lists(st.sampled_from(PARTS), unique=True),
    stopping=st.booleans(),
    lost=st.floats(0, 1),
)
@example(cells=UNION, **SMALL)
@example(cells=cells_of(hidden=[16, "[300,100]", None, True], activation=["relu"]), **SMALL)
@example(cells=cells_of(momentum=[1, True, 1.0, "1", None, float("nan")]), **SMALL)
@settings(max_examples=10, deadline=None)
def test_plan_any_sweep(
    cells: list[dict[str, Any]], seeds: int, epochs: int, parts: list[str], stopping: bool, lost: float
) -> None:
    """Every figure of any sweep is drawn or listed as left out, and none raises."""
    trials, curves = sweep_of(cells, seeds, epochs, parts, stopping=stopping)
    trials.loc[trials.index < lost * lost * len(trials), "status"] = "diverged"
    statuses = trials.set_index(["cell", "seed"])["status"]
    curves["status"] = [statuses[pair] for pair in zip(curves["cell"], curves["seed"], strict=True)]
    against = against_of(trials) if parts else None
    planned, left_out = plan_figures(trials, curves, list(cells[0]), against=against, everything=True)
    kinds = ("accuracy_by", "heatmap")
    measured = [figure for figure in planned if parts or not figure.name.startswith(kinds)]
    with style.applied():
        for figure in measured:
            figure.draw().draw_without_rendering()
        for figure in set(planned) - set(measured):
            with pytest.raises(SweepError, match="no accuracy was measured"):
                figure.draw()
    if all(trials["status"] == "diverged"):
        assert left_out == ["all figures: every trial diverged"]
        return
    names = ", ".join([*(figure.name for figure in planned), *left_out])
    for part in ("curves_accuracy", "curves_loss", *(saving.key([axis]) for axis in cells[0])):
        assert part in names
