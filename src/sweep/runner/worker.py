"""Train a block of seeds in a worker and write their records.

Worker processes import this module, but not rich or joblib, which take long to load.
"""

import faulthandler
import os
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.schema import Config
from sweep.core.errors import StoreError, SweepError, one_line
from sweep.data import labels
from sweep.engines import choose
from sweep.engines.engine import Compilation
from sweep.runner.plan import Block, Cell
from sweep.runner.provenance import blas, libraries
from sweep.runner.shared_data import load_seed_data, load_shared
from sweep.store import state
from sweep.store.write import Origin, write_record
from sweep.training.problem import problem, problem_for
from sweep.training.result import TrialResult
from sweep.training.trainer import train_block

WATCH_SECONDS = 0.5  # between two looks of a worker process at its driver


class Fractions:
    """The fraction of each block that is done, in a file that workers write and the driver reads.

    The numbers are only shown, so no trial may fail because of them: if the file cannot be written or read,
    the error is ignored and the progress stands still. The file is never mapped into memory, as writing a
    mapped page on a full disk ends the process.
    """

    def __init__(self, file: Path, blocks: int) -> None:
        self.file, self.blocks = file, blocks

    def create(self) -> None:
        """Create the file, with nothing done."""
        with suppress(OSError):
            self.file.write_bytes(np.zeros(self.blocks).tobytes())

    def read(self) -> NDArray[np.float64]:
        """Return the fraction of every block, (blocks,)."""
        with suppress(OSError):
            fractions = np.fromfile(self.file)
            # On a full disk the file may be shorter.
            if fractions.shape == (self.blocks,):
                return fractions
        return np.zeros(self.blocks)

    def write(self, block: int, fraction: float) -> None:
        """Write down that this fraction of a block is done; `block` is its position."""
        with suppress(OSError), self.file.open("r+b", buffering=0) as file:
            file.seek(8 * block)
            file.write(np.float64(fraction).tobytes())


@dataclass(frozen=True)
class Task:
    """A block to train, with the folder of its data and the provenance for its records.

    `position` is that of the block in the plan. `crash` is the file for the traceback of a crash, such as
    SIGSEGV; None in the driver itself.
    """

    block: Block
    position: int
    data: Path | None
    fractions: Fractions
    provenance: dict[str, Any]
    crash: Path | None = None

    def for_seed(self, seed: int) -> "Task":
        """Return the task to train one seed of the block alone."""
        return replace(self, block=replace(self.block, seeds=(seed,)))

    def crash_trace(self) -> str | None:
        """Return the traceback that a crash has left, if there was one."""
        with suppress(OSError):
            return (self.crash and self.crash.read_text(encoding="utf-8", errors="replace")) or None
        return None


@dataclass(frozen=True)
class FailedSeed:
    """A seed of a block without a record: the reason in one line, and a traceback if there is one.

    `defect` means that the program is at fault, `storage` that the record could not be written.
    """

    seed: int
    reason: str
    trace: str | None = None
    defect: bool = False
    storage: bool = False


@dataclass(frozen=True)
class BlockOutcome:
    """The outcome of a block: the number of trials that are stored, and the seeds that failed."""

    stored: int
    failed: tuple[FailedSeed, ...] = ()


def run_task(task: Task) -> BlockOutcome:
    """Train a block and store a record for each of its seeds that can be stored; never raises.

    If the training of a block fails, each of its seeds is trained alone, so that the others have their
    records.
    """
    block = task.block
    try:
        with _crash_trace(task):
            results, origin = _train(task)
    except SweepError as error:
        # Such a mistake holds for the whole block: training each seed alone would not help.
        return BlockOutcome(0, tuple(_failed(seed, error) for seed in block.seeds))
    except Exception as error:
        if len(block.seeds) == 1:
            return BlockOutcome(0, (_failed(block.seeds[0], error),))
        outcomes = [run_task(task.for_seed(seed)) for seed in block.seeds]
        stored = sum(outcome.stored for outcome in outcomes)
        return BlockOutcome(stored, tuple(seed for outcome in outcomes for seed in outcome.failed))
    stored, failed = 0, []
    for result in results:
        try:
            _store(block.cell, result, origin)
            stored += 1
        except Exception as error:
            failed.append(_failed(result.seed, error, block.cell.folder))
    task.fractions.write(task.position, 1.0)
    return BlockOutcome(stored, tuple(failed))


def _store(cell: Cell, result: TrialResult, origin: Origin) -> None:
    write_record(cell.results, cell.id, result, settings=cell.settings(), origin=origin)
    # Last, because until the record is on disk, the failure is all that is known of the trial.
    state.remove_failure(cell.results, cell.id, result.seed)


@contextmanager
def _crash_trace(task: Task) -> Iterator[None]:
    """Write the traceback to the task's file `crash` if this process crashes within the block."""
    if task.crash is None:
        yield
        return
    try:
        file = task.crash.open("wb")
    except OSError:
        # No trial may fail because a traceback cannot be kept.
        yield
        return
    with file:
        faulthandler.enable(file)
        try:
            yield
        finally:
            # Before the file is closed, as faulthandler would go on writing to its descriptor.
            faulthandler.disable()


def _train(task: Task) -> tuple[list[TrialResult], Origin]:
    block, config = task.block, task.block.cell.config
    # Set here, as it must hold in the driver and in threads, too; more threads give other bits.
    with libraries().limit(limits=1, user_api="blas"):
        data = load_seed_data(config, block.seeds[0]) if task.data is None else load_shared(task.data, config)
        began = datetime.now(UTC).isoformat(timespec="milliseconds")
        results = train_block(
            problem_for(config, data),
            block.seeds,
            data,
            progress=lambda fraction: task.fractions.write(task.position, fraction),
        )
        # Within the limit, so that the record tells the number of threads in use.
        return results, _origin(config, began, {**task.provenance, "blas": blas()})


def _failed(seed: int, error: Exception, folder: Path | None = None) -> FailedSeed:
    """Describe a failure in one line if the user or the machine caused it, otherwise with its traceback.

    `folder` is the one in which a record was being written, for an OSError that names no file.
    """
    if isinstance(error, SweepError):
        return FailedSeed(seed, str(error), storage=isinstance(error, StoreError))
    trace = traceback.format_exc()
    if isinstance(error, MemoryError):
        return FailedSeed(seed, f"not enough memory {error}".strip(), trace)
    if isinstance(error, OSError):
        reason = f"{folder or error.filename}: {error.strerror or error}"
        return FailedSeed(seed, reason, trace, storage=folder is not None)
    return FailedSeed(seed, f"{type(error).__name__}: {one_line(error)}", trace, defect=True)


def _origin(config: Config, began: str, provenance: dict[str, Any]) -> Origin:
    return Origin(
        name=config.name,
        experiment=config.experiment,
        data_label=labels.label(config.data),
        class_names=labels.class_names(config.data),
        began=began,
        provenance=provenance,
        keep_weights=config.weights,
    )


def compile_share(cells: Sequence[Cell], position: int, count: int) -> None:
    """Compile share number `position` of `count` shares of the functions that these cells need.

    A process that is asked for this also imports all that `run_task` needs. An error here comes again in
    `run_task`, which reports it.
    """
    with suppress(Exception):
        for compilation in compilation_shares([_compilations(cell) for cell in cells], count)[position]:
            compilation.compile()


def _compilations(cell: Cell) -> Sequence[Compilation]:
    config = cell.config
    trained = problem(config, cell.sizes.inputs, cell.sizes.train)
    return choose(trained, trained.kernels).compilations(trained, trained.precision)


def compilation_shares(needed: Iterable[Sequence[Compilation]], count: int) -> list[list[Compilation]]:
    """Divide all compilations that are needed, each of them once, into `count` shares of about equal length.

    The longest compilations come first, and each goes to the share that is shortest so far. One that must
    come after the others goes to the end of the longest share, by which time they are done. Every process
    computes the same shares.
    """
    # Not a set, whose order may differ between processes.
    distinct = dict.fromkeys(compilation for compilations in needed for compilation in compilations)
    shares: list[list[Compilation]] = [[] for _ in range(count)]
    for compilation in sorted(distinct, key=lambda compilation: (compilation.last, -compilation.seconds)):
        choose = max if compilation.last else min
        choose(shares, key=_seconds).append(compilation)
    return shares


def _seconds(share: Sequence[Compilation]) -> float:
    return sum(compilation.seconds for compilation in share)


def watch_driver(driver: int) -> None:
    """Start the watchdog that ends this worker process when its driver dies."""
    threading.Thread(target=_exit_with, args=(driver,), daemon=True).start()


def _exit_with(driver: int) -> None:
    # A parent-death signal would be quicker, but it comes when the thread ends that started the process, and
    # not every system has one. Engines release the GIL, so this thread runs beside them.
    while os.name != "posix" or os.getppid() == driver:
        time.sleep(WATCH_SECONDS)
    # Not sys.exit, which would end only this thread.
    os._exit(1)
