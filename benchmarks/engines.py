"""Trainers of the same network by name: our own engines, and the peers that are installed. One thread each.

Ours train through the trainer that every sweep uses.
"""

from dataclasses import replace
from importlib.util import find_spec

from benchmarks.cells import Cell
from benchmarks.measuring import WARM_UP, Engine, Measure, config_of

from sweep.data.preprocessing import PreparedData
from sweep.data.settings import Sizes
from sweep.runner.plan import seeds_that_fit
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block


def installed(*, peers: bool = True) -> dict[str, Engine]:
    """Return the engines that can run here, ours first."""
    engines: dict[str, Engine] = {
        "sweep": shared,
        "sweep, own order": separate,
        "sweep, NumPy": shared_numpy,
    }
    if peers and find_spec("torch"):
        from benchmarks import pytorch

        engines |= {"PyTorch eager": pytorch.eager, "PyTorch compiled": pytorch.compiled}
    if peers and find_spec("sklearn"):
        from benchmarks import scikit_learn

        engines["scikit-learn"] = scikit_learn.partial_fit
    if peers and find_spec("jax"):
        from benchmarks import jax_vmap

        engines["JAX vmap"] = jax_vmap.vmap
    return engines


def shared(cell: Cell, data: PreparedData) -> Measure:
    """Train the cell's seeds with one common order (vary=[init]), in blocks as a plan makes them."""
    return _measure(cell, data, ["init"], "auto")


def separate(cell: Cell, data: PreparedData) -> Measure:
    """Train the cell's seeds, each with its own order (the default), in blocks as a plan makes them."""
    return _measure(cell, data, ["init", "order"], "auto")


def shared_numpy(cell: Cell, data: PreparedData) -> Measure:
    """Do as `shared`, without Numba."""
    return _measure(cell, data, ["init"], "numpy")


def _measure(cell: Cell, data: PreparedData, vary: list[str], kernels: str) -> Measure:
    sizes = Sizes(
        len(data.train), len(data.validation), len(data.test), data.train.features.shape[1], 60_000, 10_000
    )

    def measure(steps: int, cell: Cell = cell) -> float:
        config = config_of(cell, steps, vary=vary, **{"parallel.kernels": kernels})
        # The blocks of a plan are alike and follow one another, so one stands for all.
        seeds = range(min(seeds_that_fit(config, sizes), cell.seeds))
        results = train_block(problem_for(config, data), seeds, data)
        seconds = sum(result.train_seconds for result in results)
        if cell.epoch:
            seconds += sum(result.evaluation_seconds for result in results)
        return seconds / len(seeds)

    measure(WARM_UP, replace(cell, epoch=False))
    return measure
