"""The cells of the benchmark of speed: their settings, their arithmetic, and which of them a run is for."""

import argparse
import itertools
from collections import Counter

import pytest
from benchmarks.cells import Cell, grid, others, published, third_of_grid
from benchmarks.selection import add_arguments, selected

from sweep.config.cell import iterations
from sweep.config.check import check
from sweep.config.compose import from_settings
from sweep.config.unused import refuse_unused
from sweep.runner.plan import cells_of, flops


@pytest.mark.parametrize("cell", [*others(), *published()[::7]], ids=str)
def test_the_settings_of_a_cell_are_those_of_sweep(cell: Cell) -> None:
    (config,) = from_settings(cell.settings(7))
    check(config)
    refuse_unused([config])
    (planned,) = cells_of([config])
    assert planned.sizes.train == cell.images
    assert iterations(config, cell.images) == (cell.epoch_steps if cell.epoch else 7)


def test_the_arithmetic_of_an_epoch_is_that_of_the_plan() -> None:
    cell = Cell(128, 3, 50, "sgd", epoch=True)
    (config,) = from_settings(cell.settings(1))
    (planned,) = cells_of([config])
    assert cell.flops == flops(config, planned.sizes)


def test_the_third_of_the_grid_has_each_triple_of_values_once() -> None:
    cells = third_of_grid()
    assert len(cells) == len(grid()) / 3
    for names in itertools.combinations(("activation", "hidden", "batch", "optimizer"), 3):
        triples = Counter(tuple(getattr(cell, name) for name in names) for cell in cells)
        assert len(triples) == 27


def test_names_tell_cells_apart() -> None:
    cells = [*published(), *others(), *grid()]
    assert len({str(cell) for cell in cells}) == len(set(cells))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", True),
        ("--only sigmoid mse", True),
        ("--only sigmoid epoch", False),
        ("--batch 1 50", True),
        ("--batch 128", False),
        ("--activation relu tanh", False),
        ("--hidden 16 --loss mse", True),
    ],
)
def test_a_run_is_for_the_cells_that_its_command_line_names(line: str, expected: bool) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    cell = Cell(16, 1, 50, "sgd", "sigmoid", "mse")
    assert selected(cell, parser.parse_args(line.split())) == expected
