"""Which trials are missing, and how they are grouped into blocks.

[cost] How long training will take, estimated from its arithmetic. Plans and progress use it; no result does.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from sweep.config.cell import batch_size, canonical_settings, cell_id, iterations, steps_per_epoch
from sweep.config.check import check, check_sweep
from sweep.config.columns import swept_settings
from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.settings import Sizes, sizes
from sweep.engines.choice import installed, kernels_for
from sweep.store import layout
from sweep.store.state import Survey, survey
from sweep.training.problem import architecture

# Measured on one core of a 2.5 GHz server: seconds of a step besides its matrix products, and seconds of one
# elementwise operation on a number.
STEP_SECONDS = 1e-4
ELEMENT_SECONDS = 5e-10
# Matrix products with a narrow side reach about this fraction of the machine's best rate.
EFFICIENCY = 0.6


def flops(config: Config, sizes: Sizes) -> float:
    """Multiplications and additions of one trial's matrix products, without early stopping.

    A step on B examples and W weights: 2BW forward, 2BW for the gradient, 2B(W - W1) to pass the
    error back, W1 being the weights of the first layer. An evaluation: 2BW.
    """
    layers = architecture(config, sizes.inputs).layers
    weights = [inputs * outputs for inputs, outputs in layers]
    batch = batch_size(config, sizes.train)
    steps = iterations(config, sizes.train)
    training: float = 2.0 * batch * (3 * sum(weights) - weights[0]) * steps
    evaluated: int = sum(getattr(sizes, part) for part in config.evaluation.parts)
    every = config.evaluation.every or steps_per_epoch(config, sizes.train)
    return training + 2.0 * evaluated * sum(weights) * (steps // every)


def trial_seconds(config: Config, sizes: Sizes, rate: float) -> float:
    """Estimated seconds of one trial on one core that multiplies matrices at `rate` FLOP/s."""
    steps = iterations(config, sizes.train)
    updates = 6 if config.optimizer.name == "adam" else 2
    elementwise = architecture(config, sizes.inputs).parameter_count * updates * ELEMENT_SECONDS
    return flops(config, sizes) / (EFFICIENCY * rate) + steps * (STEP_SECONDS + elementwise)


def matrix_rate(size: int = 768) -> float:
    """FLOP/s of a float32 matrix product on one core, measured in a few milliseconds."""
    left = np.ones((size, size), np.float32)
    best = np.inf
    for _ in range(4):
        start = time.perf_counter()
        np.matmul(left, left)
        best = min(best, time.perf_counter() - start)
    return float(2 * size**3 / best)


# As many seeds are trained together as have room in the caches for their weights, gradients and mini-batches.
# If they share large mini-batches, they gain more from that than from the caches, and may take more room.
BLOCK_BYTES = 6 * 1024 * 1024
LARGE_BATCH = 1024
LARGE_BATCH_BYTES = 16 * 1024 * 1024
ACTIVATION_BYTES = 64 * 1024 * 1024  # for all activations and errors of a block on one mini-batch
MOST_SEEDS = 16


@dataclass(frozen=True)
class Cell:
    """A cell of a sweep: its settings, with a digest of the data's contents and the sizes of its parts."""

    config: Config
    digest: str
    sizes: Sizes

    @cached_property
    def id(self) -> str:
        """The name of the cell in the store."""
        return cell_id(self.config, self.digest, self.sizes)

    @property
    def results(self) -> Path:
        """The folder of the store."""
        return Path(self.config.results)

    @property
    def folder(self) -> Path:
        """The folder of the cell's records."""
        return self.results / self.id

    def settings(self) -> dict[str, object]:
        """The canonical settings, which a record holds and the id is a hash of."""
        return canonical_settings(self.config, self.digest, self.sizes)


@dataclass(frozen=True)
class Block:
    """Seeds of one cell that are trained together, and the estimated seconds that they take."""

    cell: Cell
    seeds: tuple[int, ...]
    seconds: float


@dataclass(frozen=True)
class Plan:
    """All cells of a sweep, in order, and the blocks to train, the longest first.

    `obstructions` are files in the places of missing trials that are no records of them.
    """

    cells: tuple[Cell, ...]
    blocks: tuple[Block, ...]
    obstructions: tuple[Path, ...] = ()

    @cached_property
    def swept(self) -> tuple[list[str], list[dict[str, object]]]:
        """The settings that differ between cells, and each cell's values of them."""
        return swept_settings([cell.config for cell in self.cells])

    @cached_property
    def by_id(self) -> dict[str, list[Cell]]:
        """The cells by their ids: points of a sweep that have the same id are one cell."""
        cells: dict[str, list[Cell]] = {}
        for cell in self.cells:
            cells.setdefault(cell.id, []).append(cell)
        return cells

    @property
    def trials(self) -> int:
        """The number of trials of the sweep; a cell that stands in it twice counts once."""
        return sum(
            len({seed for cell in cells for seed in cell.config.seed_indices})
            for cells in self.by_id.values()
        )

    @property
    def missing(self) -> int:
        """The number of trials to train."""
        return sum(len(block.seeds) for block in self.blocks)

    @cached_property
    def missing_seeds(self) -> dict[str, list[int]]:
        """The seeds to train, by the id of their cell."""
        seeds: dict[str, list[int]] = {}
        for block in self.blocks:
            seeds.setdefault(block.cell.id, []).extend(block.seeds)
        return seeds

    @property
    def seconds(self) -> float:
        """Estimated seconds of the missing trials on one core."""
        return sum(block.seconds for block in self.blocks)


def make_plan(configs: Sequence[Config], n_jobs: int) -> Plan:
    """Check every configuration, look into the store, and plan what is missing.

    Raises SweepError on the first mistake. Reads the data of the trials that are missing; writes nothing.
    """
    for config in configs:
        check(config)
    check_sweep(configs)
    cells = cells_of(configs)
    layout.check_writable(cells[0].results)
    surveys = _surveyed(cells)
    missing = _missing(cells, surveys)
    for data in {repr(cells[index].config.data): cells[index].config.data for index in missing}.values():
        datasets.load(data)  # so that a damaged file is reported before anything is trained
    size = {index: cells[index].sizes for index in missing}
    rate = matrix_rate() if missing else 1.0
    seconds = {index: trial_seconds(cells[index].config, size[index], rate) for index in missing}
    left = sum(seconds[index] * len(seeds) for index, seeds in missing.items())
    blocks = []
    for index in sorted(missing, key=lambda index: -seconds[index]):
        seeds = missing[index]
        cell = _as_stored(cells[index], surveys[cells[index].id])
        while seeds:
            count = _seeds_a_block(cell.config, size[index], len(seeds), left / n_jobs / seconds[index])
            block = Block(cell, seeds[:count], seconds[index] * count)
            blocks.append(block)
            left -= block.seconds
            seeds = seeds[count:]
    obstructions = [
        file for index, seeds in missing.items() for file in surveys[cells[index].id].obstructions(seeds)
    ]
    return Plan(cells, tuple(sorted(blocks, key=lambda block: -block.seconds)), tuple(obstructions))


def cells_of(configs: Sequence[Config]) -> tuple[Cell, ...]:
    """The cells of these configurations. Data with the same settings is looked at only once."""
    looked: dict[str, tuple[str, Sizes]] = {}
    cells = []
    for config in configs:
        data = config.data
        key = repr(data)  # it may hold a list
        if key not in looked:
            looked[key] = datasets.contents_digest(data), sizes(datasets.counts(data), data)
        cells.append(Cell(config, *looked[key]))
    return tuple(cells)


def _surveyed(cells: Sequence[Cell]) -> dict[str, Survey]:
    """What is stored of each cell, by its id."""
    weights = any(cell.config.weights for cell in cells)
    found = survey(cells[0].results, [cell.id for cell in cells], weights)
    return {each.cell: each for each in found}


def _missing(cells: Sequence[Cell], surveys: Mapping[str, Survey]) -> dict[int, tuple[int, ...]]:
    """The seeds to train, by the position of their cell; each trial once, even if its cell stands twice."""
    done: dict[str, set[int]] = {}  # stored or planned, by cell
    missing = {}
    for index, cell in enumerate(cells):
        if cell.id not in done:
            own = surveys[cell.id]
            done[cell.id] = set(own.with_weights if cell.config.weights else own.seeds)
        seeds = tuple(seed for seed in cell.config.seed_indices if seed not in done[cell.id])
        done[cell.id].update(seeds)
        if seeds:
            missing[index] = seeds
    return missing


def _as_stored(cell: Cell, stored: Survey) -> Cell:
    """The cell, to be trained by the engine of its stored seeds unless the user asked for an engine.

    If that engine cannot run here, the cell is returned as it is.
    """
    parallel = cell.config.parallel
    if parallel.kernels != "auto" or not stored.seeds:
        return cell
    kernels = kernels_for(stored.engines[stored.seeds[0]])
    if not installed(kernels):
        return cell
    return replace(cell, config=replace(cell.config, parallel=replace(parallel, kernels=kernels)))


def seeds_that_fit(config: Config, sizes: Sizes) -> int:
    """How many seeds of a cell are best trained together, by the memory that they take."""
    item = 8 if config.precision == "float64" else 4
    network, batch = architecture(config, sizes.inputs), batch_size(config, sizes.train)
    shared = "order" not in config.vary
    room = LARGE_BATCH_BYTES if shared and batch >= LARGE_BATCH else BLOCK_BYTES
    gathered = 0 if shared else batch * sizes.inputs
    by_weights = room // (item * (2 * network.parameter_count + gathered))
    by_activations = ACTIVATION_BYTES // (2 * item * batch * sum(network.units[1:]))
    return max(1, min(by_weights, by_activations, MOST_SEEDS))


def _seeds_a_block(config: Config, sizes: Sizes, seeds: int, share: float) -> int:
    """How many of the next `seeds` to train together.

    As many as fit, but no more than a worker's `share` of all trials that are not yet in a block, so that
    blocks become shorter towards the end and all workers finish within one trial of each other: guided
    self-scheduling (Polychronopoulos and Kuck, 1987).
    """
    if "split" in config.vary:
        return 1  # each seed has its own split and so its own data
    most = config.parallel.block_size or min(seeds_that_fit(config, sizes), max(1, math.floor(share)))
    blocks = -(-seeds // most)
    return -(-seeds // blocks)
