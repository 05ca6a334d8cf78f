"""benchmarks.against: this checkout against itself, and the lines about made-up times."""

import io
from pathlib import Path

import pytest
from benchmarks.against import Comparison, compare, comparisons, lines
from benchmarks.cells import Cell
from benchmarks.checkout import HERE, Checkout
from benchmarks.worker import train
from rich.console import Console

STEPS = Cell(16, 1, 50, "adam", "sigmoid")


@pytest.mark.slow
def test_compare_checkout_with_itself() -> None:
    """It has the same bits; a cell that it refuses is reported and left out."""
    shown = io.StringIO()
    trainable = Comparison(STEPS, "numpy", 2)
    refused = Comparison(Cell(16, 1, 50, "sgd", "cubic"), "numpy", 1)
    console = Console(file=shown, width=200)
    planned = [trainable, refused]
    assert compare(HERE, planned, rounds=1, pairs=2, seconds=0.002, console=console) == [trainable]
    assert trainable.same_bits
    assert trainable.steps >= 3
    assert len(trainable.ours) == len(trainable.theirs) == 2
    assert all(0 < seconds < 1 for seconds in (*trainable.ours, *trainable.theirs))
    assert f"784-16-10 cubic, batch 50, sgd, numpy, 1 seed: {HERE}: KeyError: 'cubic'" in shown.getvalue()


def test_worker_weights_follow_settings_and_seeds() -> None:
    settings = STEPS.settings(3) | {"parallel.kernels": "numpy"}
    first, again, more, other = (
        train(settings | changed, seeds)["weights"]
        for changed, seeds in (({}, 1), ({}, 1), ({}, 2), ({"root_seed": 1}, 1))
    )
    assert first == again
    assert len({first, more, other}) == 3


def test_checkout_without_package_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "src" / "sweep").mkdir(parents=True)
    (tmp_path / "src" / "sweep" / "__init__.py").touch()
    with pytest.raises(RuntimeError, match="its process has ended, exit code 1"), Checkout(tmp_path):
        pass


def test_quartiles_are_those_of_pairs() -> None:
    one = Comparison(STEPS, "numpy", 1, 10, ours=[1.0, 3.0, 8.0], theirs=[2.0, 2.0, 2.0])
    assert one.quartiles == (1.0, 1.5, 2.75)  # of 0.5, 1.5 and 4
    assert one.row()["here"] == 3.0


def test_lines_count_worst_and_slower() -> None:
    printed = list(
        lines(
            [
                Comparison(STEPS, "numpy", 1, 10, [1.02], [1.0]),
                Comparison(STEPS, "numpy", 5, 10, [1.20], [1.0], same_bits=False),
                Comparison(STEPS, "compiled", 1, 10, [0.50], [1.0]),
            ]
        )
    )
    assert [line[:6].strip() for line in printed[:3]] == ["0.500", "1.020", "1.200"]
    assert printed[2].endswith("; other bits")
    assert printed[4].startswith("numpy: 1.110 in the median of 2; worst 1.200 (")
    assert "; 1 slower by more than 3 %, 1 of them" in printed[4]
    assert printed[4].endswith("bits differ in 1")
    assert printed[5].startswith("compiled: 0.500 in the median of 1")


def test_comparisons_all_or_a_third() -> None:
    """Of a third of the grid, each cell has one block size, in turn."""
    few, every = (comparisons(["numpy", "compiled"], (1, 5), every=every) for every in (False, True))
    assert len(every) == 4 * (81 + 10)
    assert len(few) == 2 * (27 + 10)
    assert {one.seeds for one in few[::4]} == {1}
    assert {one.seeds for one in few[2::4]} == {5}
