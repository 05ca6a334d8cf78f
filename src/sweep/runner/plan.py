"""Find the trials that are missing, and group them into blocks, with an estimate of how long they take."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sweep.config.cell import batch_size, canonical_settings, cell_id, iterations, steps_per_epoch
from sweep.config.check import check, check_sweep
from sweep.config.columns import swept_settings
from sweep.config.schema import Config
from sweep.core.formats import plural
from sweep.data import datasets
from sweep.data.settings import Sizes, sizes
from sweep.engines import installed, kernels_for
from sweep.store import layout
from sweep.store.layout import CellFolder
from sweep.store.state import survey
from sweep.training.problem import architecture

if TYPE_CHECKING:
    from rich.console import Console  # workers import this module, and need no terminal

# As many seeds are trained together as fit into the caches with their weights, gradients and mini-batches. If
# they share large mini-batches, they gain more from that than from the caches, and may take more room.
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
        """Return the name of the cell in the store."""
        return cell_id(self.config, self.digest, self.sizes)

    @property
    def results(self) -> Path:
        """Return the folder of the store."""
        return Path(self.config.results)

    @property
    def folder(self) -> Path:
        """Return the folder of the cell's records."""
        return self.results / self.id

    def settings(self) -> dict[str, object]:
        """Return the canonical settings, which a record holds and from which the id is hashed."""
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

    `obstructions` are files that lie where records of missing trials belong, and are none.
    """

    cells: tuple[Cell, ...]
    blocks: tuple[Block, ...]
    obstructions: tuple[Path, ...] = ()

    @cached_property
    def swept(self) -> tuple[list[str], list[dict[str, object]]]:
        """Return the settings that differ between cells, and their values for each cell."""
        return swept_settings([cell.config for cell in self.cells])

    @cached_property
    def by_id(self) -> dict[str, list[Cell]]:
        """Return the cells by id; points of a sweep with the same id are one cell."""
        cells: dict[str, list[Cell]] = {}
        for cell in self.cells:
            cells.setdefault(cell.id, []).append(cell)
        return cells

    @property
    def trials(self) -> int:
        """Return the number of trials of the sweep; a cell that occurs twice counts once."""
        return sum(
            len({seed for cell in cells for seed in cell.config.seed_indices})
            for cells in self.by_id.values()
        )

    @property
    def missing(self) -> int:
        """Return the number of trials to train."""
        return sum(len(block.seeds) for block in self.blocks)

    @cached_property
    def missing_seeds(self) -> dict[str, list[int]]:
        """Return the seeds to train, by the id of their cell."""
        seeds: dict[str, list[int]] = {}
        for block in self.blocks:
            seeds.setdefault(block.cell.id, []).extend(block.seeds)
        return seeds

    @property
    def seconds(self) -> float:
        """Return the estimated seconds of the missing trials on one core."""
        return sum(block.seconds for block in self.blocks)


def make_plan(configs: Sequence[Config], n_jobs: int) -> Plan:
    """Check every configuration, read the store, and plan what is missing for `n_jobs` workers.

    Raises SweepError on the first mistake. Reads the data of the trials that are missing; writes nothing.
    """
    for config in configs:
        check(config)
    check_sweep(configs)
    cells = cells_of(configs)
    # Before any data is read, so that a folder that cannot be written to is reported at once.
    layout.check_writable(cells[0].results)
    folders = _cell_folders(cells)
    missing = _missing(cells, folders)
    # By repr, as the settings may hold a list and so cannot be hashed.
    for data in {repr(cells[index].config.data): cells[index].config.data for index in missing}.values():
        datasets.load(data)  # so that a damaged file is reported before anything is trained
    obstructions = [
        file for index, seeds in missing.items() for file in folders[cells[index].id].obstructions(seeds)
    ]
    return Plan(cells, _blocks(cells, missing, folders, n_jobs), tuple(obstructions))


def _blocks(
    cells: Sequence[Cell],
    missing: Mapping[int, tuple[int, ...]],
    folders: Mapping[str, CellFolder],
    n_jobs: int,
) -> tuple[Block, ...]:
    """Divide the missing seeds into blocks, the longest first."""
    # The rate is measured, which a finished sweep can do without.
    rate = matrix_rate() if missing else 1.0
    seconds = {index: trial_seconds(cells[index].config, cells[index].sizes, rate) for index in missing}
    left = sum(seconds[index] * len(seeds) for index, seeds in missing.items())
    blocks = []
    # The longest trials first, so that short ones fill the gaps at the end.
    for index in sorted(missing, key=lambda index: -seconds[index]):
        seeds = missing[index]
        cell = _with_stored_engine(cells[index], folders[cells[index].id])
        while seeds:
            share = left / n_jobs / seconds[index]
            count = _seeds_per_block(cell.config, cell.sizes, seeds=len(seeds), share=share)
            block = Block(cell, seeds[:count], seconds[index] * count)
            blocks.append(block)
            left -= block.seconds
            seeds = seeds[count:]
    # Sorted again, as the last blocks of a long cell can be shorter than the first ones of the next cell.
    return tuple(sorted(blocks, key=lambda block: -block.seconds))


def cells_of(configs: Sequence[Config]) -> tuple[Cell, ...]:
    """Return the cells of these configurations, looking only once at data with the same settings."""
    looked: dict[str, tuple[str, Sizes]] = {}
    cells = []
    for config in configs:
        data = config.data
        key = repr(data)  # it may hold a list
        if key not in looked:
            looked[key] = datasets.contents_digest(data), sizes(datasets.counts(data), data)
        cells.append(Cell(config, *looked[key]))
    return tuple(cells)


def _cell_folders(cells: Sequence[Cell]) -> dict[str, CellFolder]:
    """Read the folder of each cell, by its id."""
    weights = any(cell.config.weights for cell in cells)
    folders = survey(cells[0].results, [cell.id for cell in cells], weights=weights)
    return {folder.cell: folder for folder in folders}


def _missing(cells: Sequence[Cell], folders: Mapping[str, CellFolder]) -> dict[int, tuple[int, ...]]:
    """Return the seeds to train by the position of their cell, each trial once even if its cell repeats."""
    done: dict[str, set[int]] = {}  # stored or planned, by cell
    missing = {}
    for index, cell in enumerate(cells):
        if cell.id not in done:
            folder = folders[cell.id]
            # A record without weights does not answer a request for them: its trial is trained again.
            done[cell.id] = set(folder.with_weights if cell.config.weights else folder.seeds)
        seeds = tuple(seed for seed in cell.config.seed_indices if seed not in done[cell.id])
        done[cell.id].update(seeds)
        if seeds:
            missing[index] = seeds
    return missing


def _with_stored_engine(cell: Cell, folder: CellFolder) -> Cell:
    """Return the cell, set to the engine of its stored seeds unless the user asked for an engine.

    If that engine cannot run here, the cell is returned as it is.
    """
    # Another engine would give the cell's new seeds other last digits than the stored ones have.
    parallel = cell.config.parallel
    if parallel.kernels != "auto" or not folder.seeds:
        return cell
    kernels = kernels_for(folder.engines[folder.seeds[0]])
    if not installed(kernels):
        return cell
    return replace(cell, config=replace(cell.config, parallel=replace(parallel, kernels=kernels)))


def seeds_that_fit(config: Config, sizes: Sizes) -> int:
    """Return how many seeds of a cell are best trained together, by the memory that they take."""
    item = 8 if config.precision == "float64" else 4
    network, batch = architecture(config, sizes.inputs), batch_size(config, sizes.train)
    shared = "order" not in config.vary
    room = LARGE_BATCH_BYTES if shared and batch >= LARGE_BATCH else BLOCK_BYTES
    # With an order of its own, each seed also needs its own copy of a mini-batch.
    gathered = 0 if shared else batch * sizes.inputs
    # Twice the parameters: the weights and their gradient.
    by_weights = room // (item * (2 * network.parameter_count + gathered))
    # Twice the units: the activations and the errors that are passed back.
    by_activations = ACTIVATION_BYTES // (2 * item * batch * sum(network.units[1:]))
    # At least one seed, even if it alone exceeds the room.
    return max(1, min(by_weights, by_activations, MOST_SEEDS))


def _seeds_per_block(config: Config, sizes: Sizes, *, seeds: int, share: float) -> int:
    """Return how many of the next `seeds` to train together.

    As many as fit, but no more than a worker's `share` of all trials that are not yet in a block. So blocks
    become shorter towards the end, and all workers finish within one trial of each other: guided
    self-scheduling (Polychronopoulos and Kuck, 1987).
    """
    if "split" in config.vary:
        return 1  # each seed has its own split and so its own data
    most = config.parallel.block_size or min(seeds_that_fit(config, sizes), max(1, math.floor(share)))
    # Rounded up twice, for blocks of nearly equal size.
    blocks = -(-seeds // most)
    return -(-seeds // blocks)


# Measured on one core of a 2.5 GHz server: seconds of a step besides its matrix products, and seconds of one
# elementwise operation on a number.
STEP_SECONDS = 1e-4
ELEMENT_SECONDS = 5e-10
# Matrix products with a narrow side reach about this fraction of the machine's best rate.
EFFICIENCY = 0.6


def trial_seconds(config: Config, sizes: Sizes, rate: float) -> float:
    """Estimate the seconds of one trial on one core that multiplies matrices at `rate` FLOP/s.

    Plans and progress use the estimate; no result does.
    """
    steps = iterations(config, sizes.train)
    updates = 6 if config.optimizer.name == "adam" else 2
    elementwise = architecture(config, sizes.inputs).parameter_count * updates * ELEMENT_SECONDS
    return flops(config, sizes) / (EFFICIENCY * rate) + steps * (STEP_SECONDS + elementwise)


def flops(config: Config, sizes: Sizes) -> float:
    """Count the multiplications and additions of one trial's matrix products, without early stopping.

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


def matrix_rate(size: int = 768) -> float:
    """Measure the FLOP/s of a float32 matrix product on one core, in a few milliseconds."""
    left = np.ones((size, size), np.float32)
    best = np.inf
    # The best of four, as other processes only ever slow it down.
    for _ in range(4):
        start = time.perf_counter()
        np.matmul(left, left)
        best = min(best, time.perf_counter() - start)
    return float(2 * size**3 / best)


def announce_obstructions(plan: Plan, console: "Console") -> None:
    """Print in one line that files of a plan are damaged or misfiled and would be set aside."""
    if plan.obstructions:
        count = len(plan.obstructions)
        verb = "is" if count == 1 else "are"
        text = f"{plural(count, 'record')} {verb} damaged or misfiled and will be retrained"
        console.print(f"{text}: {_first(plan.obstructions)}", soft_wrap=True)


def set_aside_obstructions(plan: Plan, console: "Console") -> None:
    """Rename the files of a plan that are damaged or misfiled, and print so in one line.

    Raises StoreError if one cannot be renamed.
    """
    # Read again: another process may have stored these trials since the plan was made.
    cells = {file.parent.name for file in plan.obstructions}
    folders = survey(plan.cells[0].results, cells) if cells else ()
    files = [file for folder in folders for file in folder.obstructions(plan.missing_seeds[folder.cell])]
    moved = [new for file in files if (new := layout.set_aside(file)) is not None]
    if moved:
        text = f"{plural(len(moved), 'damaged or misfiled record')} set aside, to be retrained"
        console.print(f"{text}: {_first(moved)}", soft_wrap=True)


def _first(files: Sequence[Path]) -> str:
    return f"{files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}"
