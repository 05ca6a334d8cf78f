"""Our own engines, through the trainer that every sweep uses."""

from dataclasses import replace

from benchmarks.cells import Cell
from benchmarks.measuring import WARM_UP, Measure, config_of

from sweep.data.preprocessing import PreparedData
from sweep.data.settings import Sizes
from sweep.runner.plan import seeds_that_fit
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block


def shared(cell: Cell, data: PreparedData) -> Measure:
    """The cell's seeds with one common order (vary=[init]), in blocks as a plan makes them."""
    return _measure(cell, data, ["init"], "auto")


def own(cell: Cell, data: PreparedData) -> Measure:
    """The cell's seeds, each with its own order (the default), in blocks as a plan makes them."""
    return _measure(cell, data, ["init", "order"], "auto")


def shared_numpy(cell: Cell, data: PreparedData) -> Measure:
    """As `shared`, without Numba."""
    return _measure(cell, data, ["init"], "numpy")


def _measure(cell: Cell, data: PreparedData, vary: list[str], kernels: str) -> Measure:
    sizes = Sizes(
        len(data.train), len(data.validation), len(data.test), data.train.features.shape[1], 60_000, 10_000
    )

    def measure(steps: int, cell: Cell = cell) -> float:
        config = config_of(cell, steps, vary=vary, **{"parallel.kernels": kernels})
        # Blocks follow one another and are alike: one stands for all.
        seeds = range(min(seeds_that_fit(config, sizes), cell.seeds))
        results = train_block(problem_for(config, data), seeds, data)
        seconds = sum(result.train_seconds for result in results)
        if cell.epoch:
            seconds += sum(result.evaluation_seconds for result in results)
        return seconds / len(seeds)

    measure(WARM_UP, replace(cell, epoch=False))
    return measure
