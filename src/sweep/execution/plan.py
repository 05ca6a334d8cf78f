"""Which trials are missing, and how they are grouped into blocks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from sweep.config.agreement import check_sweep
from sweep.config.axes import swept
from sweep.config.cell import canonical, cell_id
from sweep.config.length import batch_size
from sweep.config.schema import Config
from sweep.config.validation import check
from sweep.data import datasets
from sweep.data.sizes import Sizes, sizes
from sweep.engines.choice import installed, wanted_as
from sweep.errors import StoreError
from sweep.execution import cost
from sweep.records import store
from sweep.records.read import glance
from sweep.training.protocol import architecture

# Seeds are trained together while weights, gradients and mini-batches of their own stay in the caches. Where
# they share large mini-batches, they gain more from that than from the cache.
BLOCK_BYTES = 6 * 1024 * 1024
LARGE_BATCH = 1024
LARGE_BATCH_BYTES = 16 * 1024 * 1024
ACTIVATION_BYTES = 64 * 1024 * 1024  # of a mini-batch of a whole block, with their errors
MOST_SEEDS = 16


@dataclass(frozen=True)
class Cell:
    """A cell of a sweep: its settings, and its identity, which includes the data's contents."""

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

    def settings(self) -> dict[str, object]:
        """The canonical settings, as a record holds them."""
        return canonical(self.config, self.digest, self.sizes)


@dataclass(frozen=True)
class Block:
    """Seeds of one cell that are trained together, and the estimated seconds that they take."""

    cell: Cell
    seeds: tuple[int, ...]
    seconds: float


@dataclass(frozen=True)
class Plan:
    """All cells of a sweep, in order, and the blocks to train, the longest first."""

    cells: tuple[Cell, ...]
    blocks: tuple[Block, ...]

    @cached_property
    def swept(self) -> tuple[list[str], list[dict[str, object]]]:
        """The settings that differ between cells, and each cell's values of them."""
        return swept([cell.config for cell in self.cells])

    @cached_property
    def by_id(self) -> dict[str, list[Cell]]:
        """The cells by their identity: those that stand in the sweep more than once are one cell."""
        cells: dict[str, list[Cell]] = {}
        for cell in self.cells:
            cells.setdefault(cell.id, []).append(cell)
        return cells

    @property
    def trials(self) -> int:
        """Trials of the sweep; a cell that stands in it twice counts once."""
        return sum(
            len({seed for cell in cells for seed in cell.config.seed_indices})
            for cells in self.by_id.values()
        )

    @property
    def missing(self) -> int:
        """Trials that are not stored."""
        return sum(len(block.seeds) for block in self.blocks)

    @property
    def seconds(self) -> float:
        """Estimated seconds of the missing trials on one core."""
        return sum(block.seconds for block in self.blocks)


def make_plan(configs: Sequence[Config], n_jobs: int) -> Plan:
    """Check every configuration, look into the store, and plan what is missing.

    Raises SweepError on the first mistake; reads the data that the sweep names, writes nothing.
    """
    for config in configs:
        check(config)
    check_sweep(configs)
    cells = cells_of(configs)
    store.check_writable(cells[0].results)
    missing = _missing(cells)
    for data in {repr(cells[index].config.data): cells[index].config.data for index in missing}.values():
        datasets.load(data)  # a damaged file is told before anything runs
    size = {index: cells[index].sizes for index in missing}
    rate = cost.matrix_rate() if missing else 1.0
    seconds = {index: cost.seconds(cells[index].config, size[index], rate) for index in missing}
    left = sum(seconds[index] * len(seeds) for index, seeds in missing.items())
    blocks = []
    for index in sorted(missing, key=lambda index: -seconds[index]):
        seeds = missing[index]
        cell = _as_stored(cells[index])
        while seeds:
            count = _seeds_a_block(cell.config, size[index], len(seeds), left / n_jobs / seconds[index])
            block = Block(cell, seeds[:count], seconds[index] * count)
            blocks.append(block)
            left -= block.seconds
            seeds = seeds[count:]
    return Plan(cells, tuple(sorted(blocks, key=lambda block: -block.seconds)))


def cells_of(configs: Sequence[Config]) -> tuple[Cell, ...]:
    """The cells of these configurations; data is looked at once for each way in which it is configured."""
    looked: dict[str, tuple[str, Sizes]] = {}
    cells = []
    for config in configs:
        data = config.data
        key = repr(data)  # it may hold a list
        if key not in looked:
            looked[key] = datasets.digest(data), sizes(datasets.counts(data), data)
        cells.append(Cell(config, *looked[key]))
    return tuple(cells)


def _missing(cells: Sequence[Cell]) -> dict[int, tuple[int, ...]]:
    """Seeds to train, by position of the cell; each trial once, though its cell may stand twice."""
    done: dict[str, set[int]] = {}  # stored or planned, by cell
    missing = {}
    for index, cell in enumerate(cells):
        if cell.id not in done:
            done[cell.id] = _stored(cell)
        seeds = tuple(seed for seed in cell.config.seed_indices if seed not in done[cell.id])
        done[cell.id].update(seeds)
        if seeds:
            missing[index] = seeds
    return missing


def _stored(cell: Cell) -> set[int]:
    """The seeds of a cell that need no training: stored, and with their weights where these are wanted."""
    stored = store.stored_seeds(cell.results, cell.id)
    if cell.config.weights:
        stored = {seed for seed in stored if glance(cell.results, cell.id, seed).weights}
    return stored


def _as_stored(cell: Cell) -> Cell:
    """The cell with the engine of its stored seeds, where none was asked for and it can run here."""
    parallel, stored = cell.config.parallel, store.stored_seeds(cell.results, cell.id)
    if parallel.kernels != "auto" or not stored:
        return cell
    try:
        kernels = wanted_as(glance(cell.results, cell.id, min(stored)).engine)
    except StoreError:  # told when it is read for the table
        return cell
    if not installed(kernels):
        return cell
    return replace(cell, config=replace(cell.config, parallel=replace(parallel, kernels=kernels)))


def seeds_that_fit(config: Config, sizes: Sizes) -> int:
    """How many seeds of a cell are best trained together, by their bytes."""
    item = 8 if config.precision == "float64" else 4
    network, batch = architecture(config, sizes.inputs), batch_size(config, sizes.train)
    shared = "order" not in config.vary
    room = LARGE_BATCH_BYTES if shared and batch >= LARGE_BATCH else BLOCK_BYTES
    gathered = 0 if shared else batch * sizes.inputs
    by_weights = room // (item * (2 * network.parameters + gathered))
    by_activations = ACTIVATION_BYTES // (2 * item * batch * sum(network.units[1:]))
    return max(1, min(by_weights, by_activations, MOST_SEEDS))


def _seeds_a_block(config: Config, sizes: Sizes, seeds: int, share: float) -> int:
    """How many of the next `seeds` to train together.

    As many as fit, but no more than a worker's `share` of all trials that are not yet in a block, so that
    blocks become shorter towards the end and all workers finish within one trial of each other: guided
    self-scheduling (Polychronopoulos and Kuck, 1987).
    """
    if "split" in config.vary:
        return 1  # every seed has data of its own
    most = config.parallel.block_size or min(seeds_that_fit(config, sizes), max(1, math.floor(share)))
    blocks = -(-seeds // most)
    return -(-seeds // blocks)
