"""benchmarks.cells: their settings, their arithmetic, and the choice of some on the command line."""

import argparse
import itertools
from collections import Counter

import pytest
from benchmarks.cells import Cell, add_arguments, grid, others, published, selected, third_of_grid

from sweep.config.cell import iterations
from sweep.config.check import check
from sweep.config.compose import from_settings
from sweep.config.unused import refuse_unused
from sweep.runner.plan import cells_of, flops


@pytest.mark.parametrize("cell", [*others(), *published()[::7]], ids=str)
def test_settings_of_cell_are_those_of_sweep(cell: Cell) -> None:
    (config,) = from_settings(cell.settings(7))
    check(config)
    refuse_unused([config])
    (planned,) = cells_of([config])
    assert planned.sizes.train == cell.images
    assert iterations(config, cell.images) == (cell.epoch_steps if cell.epoch else 7)


def test_flops_are_those_of_the_plan() -> None:
    cell = Cell(128, 3, 50, "sgd", epoch=True)
    (config,) = from_settings(cell.settings(1))
    (planned,) = cells_of([config])
    assert cell.flops == flops(config, planned.sizes)


def test_third_of_grid_has_each_triple_once() -> None:
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
def test_selected_cells_of_command_line(line: str, expected: bool) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    cell = Cell(16, 1, 50, "sgd", "sigmoid", "mse")
    assert selected(cell, parser.parse_args(line.split())) == expected
