"""Two checkouts in turn: this one against itself, and what is said of made-up times."""

import io
from pathlib import Path

import pytest
from benchmarks.against import Comparison, compare, comparisons, lines
from benchmarks.cells import Cell
from benchmarks.checkout import HERE, Checkout
from benchmarks.worker import train
from rich.console import Console

STEPS = Cell(16, 1, 50, "adam", "sigmoid")


def test_a_checkout_has_its_own_bits_and_what_it_refuses_is_said_and_left_out() -> None:
    shown = io.StringIO()
    known = Comparison(STEPS, "numpy", 2)
    unknown = Comparison(Cell(16, 1, 50, "sgd", "cubic"), "numpy", 1)
    console = Console(file=shown, width=200)
    assert compare(HERE, [known, unknown], rounds=1, pairs=2, seconds=0.002, console=console) == [known]
    assert known.same_bits
    assert known.steps >= 3
    assert len(known.here) == len(known.there) == 2
    assert all(0 < seconds < 1 for seconds in (*known.here, *known.there))
    assert f"784-16-10 cubic, batch 50, sgd, numpy, 1 seed: {HERE}: KeyError: 'cubic'" in shown.getvalue()


def test_weights_are_those_of_the_settings_and_seeds() -> None:
    settings = STEPS.settings(3) | {"parallel.kernels": "numpy"}
    first, again, more, other = (
        train(settings | changed, seeds)["weights"]
        for changed, seeds in (({}, 1), ({}, 1), ({}, 2), ({"root_seed": 1}, 1))
    )
    assert first == again
    assert len({first, more, other}) == 3


def test_a_python_without_the_package_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "src" / "sweep").mkdir(parents=True)
    (tmp_path / "src" / "sweep" / "__init__.py").touch()
    with pytest.raises(RuntimeError, match="its process has ended, exit code 1"), Checkout(tmp_path):
        pass


def test_ratios_are_those_of_pairs() -> None:
    one = Comparison(STEPS, "numpy", 1, 10, here=[1.0, 3.0, 8.0], there=[2.0, 2.0, 2.0])
    assert one.quartiles == (1.0, 1.5, 2.75)  # of 0.5, 1.5 and 4
    assert one.row()["here"] == 3.0


def test_the_worst_and_the_slower_are_counted_for_each_engine() -> None:
    said = list(
        lines(
            [
                Comparison(STEPS, "numpy", 1, 10, [1.02], [1.0]),
                Comparison(STEPS, "numpy", 5, 10, [1.20], [1.0], same_bits=False),
                Comparison(STEPS, "compiled", 1, 10, [0.50], [1.0]),
            ]
        )
    )
    assert [line[:6].strip() for line in said[:3]] == ["0.500", "1.020", "1.200"]
    assert said[2].endswith("; other bits")
    assert said[4].startswith("numpy: 1.110 in the median of 2; worst 1.200 (")
    assert "; 1 slower by more than 3 %, 1 of them" in said[4]
    assert said[4].endswith("bits differ in 1")
    assert said[5].startswith("compiled: 0.500 in the median of 1")


def test_all_combinations_or_one_block_a_cell_in_turn() -> None:
    few, every = (comparisons(["numpy", "compiled"], (1, 5), every) for every in (False, True))
    assert len(every) == 4 * (81 + 10)
    assert len(few) == 2 * (27 + 10)
    assert {one.seeds for one in few[::4]} == {1}
    assert {one.seeds for one in few[2::4]} == {5}
