"""Which figures a sweep gets: drawn, or named as left out, whatever its shape."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.report.sweeps import PARTS, against_of, cells_of, sweep_of

from sweep.core.errors import SweepError
from sweep.report import figure_files, figures
from sweep.report.figures import style
from sweep.report.figures.plan import plan_figures


def names_of(trials: pd.DataFrame, curves: pd.DataFrame, axes: Iterable[str]) -> tuple[set[str], str]:
    planned, left_out = plan_figures(trials, curves, list(axes))
    assert len(planned) == len({figure.name for figure in planned}) <= figures.MOST_FIGURES
    return {figure.name for figure in planned}, "; ".join(left_out)


def test_one_setting_has_curves_and_its_accuracy(tmp_path: Path) -> None:
    trials, curves = sweep_of(cells_of(hidden=[16, 64, 256]))
    drawn = figures.draw_all(trials, curves, ["hidden"], tmp_path)
    names = ["accuracy_by_hidden.png", "curves_accuracy.png", "curves_loss.png"]
    assert sorted(file.name for file in drawn.files) == names
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    assert drawn.left_out == []


def test_many_cells_are_small_panels_with_the_settings_in_their_names(tmp_path: Path) -> None:
    axes = {"activation": ["relu", "tanh"], "hidden": [16, 32, 64], "momentum": [0.0, 0.9]}
    trials, curves = sweep_of(cells_of(**axes), epochs=1)
    drawn = figures.draw_all(trials, curves, list(axes), tmp_path)
    names = {"curves_accuracy_by_hidden", "curves_loss_by_hidden"} | {f"accuracy_by_{axis}" for axis in axes}
    assert {file.stem for file in drawn.files} == names | {"heatmap_activation_hidden"}
    assert drawn.left_out == [
        "heatmap_momentum_hidden, heatmap_momentum_activation:"
        " one heatmap, of 6 panels at most; figures=all draws every one"
    ]


def test_each_part_is_a_figure_where_all_would_be_too_many_rows() -> None:
    axes = {"activation": ["relu", "tanh", "id"], "hidden": [16, 32, 64, 128], "momentum": [0.0, 0.5, 0.9]}
    trials, curves = sweep_of(cells_of(**axes), parts=["test", "validation"])
    names, left_out = names_of(trials, curves, axes)
    parts = {f"{metric}_{part}" for metric in ("accuracy", "loss") for part in ("test", "validation")}
    by_axis = {f"accuracy_by_{axis}" for axis in axes}
    assert names == {f"curves_{part}_by_hidden" for part in parts} | by_axis | {"heatmap_activation_hidden"}
    assert left_out.startswith("heatmap_momentum_hidden, heatmap_momentum_activation: one heatmap")


def test_of_too_many_cells_the_best_are_drawn_and_the_others_counted() -> None:
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


def test_what_is_beyond_a_dozen_figures_is_named() -> None:
    axes = {f"optimizer.beta{number}": [0.1, 0.2] for number in range(12)}
    cells = [{axis: values[0] for axis, values in axes.items()}]
    cells += [cells[0] | {axis: values[1]} for axis, values in axes.items()]
    trials, curves = sweep_of(cells, seeds=1, epochs=1)
    names, left_out = names_of(trials, curves, axes)
    assert len(names) == figures.MOST_FIGURES
    left = set(left_out.removesuffix(": more than 12 figures; figures=all draws every one").split(", "))
    assert {f"accuracy_by_{figure_files.key([axis])}" for axis in axes} <= names | left
    assert any(name.startswith("curves_accuracy") for name in names)
    assert not names & left
    wanted, left_over = plan_figures(trials, curves, list(axes), everything=True)
    assert ({figure.name for figure in wanted}, left_over) == (names | left, [])


def test_settings_that_vary_together_are_one() -> None:
    cells = [{"optimizer": "sgd", "learning_rate": 0.1}, {"optimizer": "adam", "learning_rate": 0.001}]
    names, _ = names_of(*sweep_of(cells), ["optimizer", "learning_rate"])
    assert names == {"curves_accuracy", "curves_loss", "accuracy_by_optimizer_learning_rate"}


def test_where_every_trial_diverged_that_is_said() -> None:
    trials, curves = sweep_of(cells_of(hidden=[16, 64]))
    diverged = (trials.assign(status="diverged"), curves.assign(status="diverged"))
    assert names_of(*diverged, ["hidden"]) == (set(), "all figures: every trial diverged")


def test_a_figure_that_fails_is_named_and_costs_no_other(tmp_path: Path) -> None:
    trials, curves = sweep_of(cells_of(hidden=[16, 64]))
    (tmp_path / "curves_loss.png").mkdir()
    drawn = figures.draw_all(trials, curves, ["hidden"], tmp_path)
    assert [file.name for file in drawn.files] == ["curves_accuracy.png", "accuracy_by_hidden.png"]
    (line,) = drawn.left_out
    assert line.startswith("curves_loss: ")
    assert "\n" not in line


def test_every_format_is_written(tmp_path: Path) -> None:
    trials, curves = sweep_of(cells_of(hidden=[16]))
    files = figures.draw_all(trials, curves, [], tmp_path, ["png", "svg", "pdf"]).files
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert {file.name for file in files} == {
        f"curves_{metric}.{ending}" for metric in ("accuracy", "loss") for ending in begins
    }
    for file in files:
        assert file.read_bytes().startswith(begins[file.suffix[1:]])


def test_only_our_own_stale_figures_are_removed(tmp_path: Path) -> None:
    ours = [
        "curves_accuracy.png",
        "curves_loss_7.png",
        "curves_loss_test_by_hidden.svg",
        "curves_accuracy_best.pdf",
    ]
    ours += ["accuracy_by_hidden.png", "accuracy_by_optimizer_learning_rate.png"]
    ours += ["accuracy_by_regularization.strength.png", "accuracy_by_regularization_strength.png"]
    ours += ["differences.png", "heatmap_hidden_data_train_size.svg"]
    theirs = [
        "curves.png",
        "accuracy_by_me.png",
        "accuracy_by_hidden.png.bak",
        "notes.txt",
        "my_curves_loss.png",
        "differences_of_mine.png",
        "heatmap_me.png",
    ]
    for name in [*ours, *theirs]:
        (tmp_path / name).touch()
    figure_files.remove_stale(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(theirs)
    figure_files.remove_stale(tmp_path / "nowhere")


@pytest.mark.parametrize("count", [2, 3, 20])
def test_every_name_that_a_sweep_can_give_is_known_as_ours(count: int, tmp_path: Path) -> None:
    axes = {"data.train_size": list(range(count)), "loss": ["mse", "rmse"] * 4, "bias": [True, False]}
    axes["hidden"] = [1, "[2,3]"]
    names, _ = names_of(*sweep_of(cells_of(**axes), seeds=1, epochs=1), axes)
    for name in names:
        (tmp_path / f"{name}.png").touch()
    figure_files.remove_stale(tmp_path)
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
    """Cells of products, zips and unions of them, over values of any kind."""
    axes = draw(st.lists(st.sampled_from(AXES), min_size=1, max_size=3, unique=True))
    cells: list[dict[str, Any]] = []
    for kind in draw(st.lists(st.sampled_from(["product", "zip"]), min_size=1, max_size=2)):
        own = draw(st.lists(st.sampled_from(axes), min_size=1, unique=True))
        base = {axis: draw(VALUES) for axis in axes}
        size = draw(st.integers(1, 3))
        values = {axis: draw(st.lists(VALUES, min_size=size, max_size=size)) for axis in own}
        if kind == "product":
            cells += [base | cell for cell in cells_of(**values)]
        else:
            cells += [
                base | dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)
            ]
    return cells


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
def test_every_figure_of_any_sweep_is_drawn_or_named_and_none_raises(
    cells: list[dict[str, Any]], seeds: int, epochs: int, parts: list[str], stopping: bool, lost: float
) -> None:
    trials, curves = sweep_of(cells, seeds, epochs, parts, stopping)
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
    known = ", ".join([*(figure.name for figure in planned), *left_out])
    for part in ("curves_accuracy", "curves_loss", *(figure_files.key([axis]) for axis in cells[0])):
        assert part in known
