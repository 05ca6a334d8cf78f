"""What a worker process does: it trains a block of seeds and writes their records.

[fractions] How much of each block is done. Not in progress.py, so that workers need not load rich.

[shares] How the functions that must be compiled are divided among processes.
"""

import faulthandler
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
from sweep.engines.choice import choose
from sweep.engines.engine import Compilation
from sweep.runner.plan import Block, Cell
from sweep.runner.provenance import blas, libraries
from sweep.runner.shared_data import load_own, load_shared
from sweep.store import state
from sweep.store.write import Origin, write_record
from sweep.training.problem import problem, problem_for
from sweep.training.result import TrialResult
from sweep.training.trainer import train_block


class Fractions:
    """How much of each block is done, in a file that workers write and the driver reads.

    The numbers are only shown, so no trial may fail because of them: where the file cannot be written or
    read, the error is ignored and the progress stands still. The file is never mapped into memory, as writing
    a mapped page on a full disk ends the process.
    """

    def __init__(self, file: Path, blocks: int) -> None:
        self.file, self.blocks = file, blocks

    def create(self) -> None:
        """Create the file, with nothing done."""
        with suppress(OSError):
            self.file.write_bytes(np.zeros(self.blocks).tobytes())

    def read(self) -> NDArray[np.float64]:
        """The fraction of every block, (blocks,)."""
        with suppress(OSError):
            fractions = np.fromfile(self.file)
            if fractions.shape == (self.blocks,):
                return fractions
        return np.zeros(self.blocks)

    def write(self, block: int, fraction: float) -> None:
        """Note that this fraction of a block, given by its position, is done."""
        with suppress(OSError), self.file.open("r+b", buffering=0) as file:
            file.seek(8 * block)
            file.write(np.float64(fraction).tobytes())


def shares(needed: Iterable[Sequence[Compilation]], count: int) -> list[list[Compilation]]:
    """All compilations that are needed, each of them once, in `count` shares of about equal length.

    The longest compilations come first, and each goes to the share that is shortest so far. One that must
    come after the others goes to the end of the longest share, by which time they are done. Every process
    computes the same shares.
    """
    distinct = dict.fromkeys(each for compilations in needed for each in compilations)
    found: list[list[Compilation]] = [[] for _ in range(count)]
    for compilation in sorted(distinct, key=lambda each: (each.last, -each.seconds)):
        choose = max if compilation.last else min
        choose(found, key=_seconds).append(compilation)
    return found


def _seconds(share: Sequence[Compilation]) -> float:
    return sum(compilation.seconds for compilation in share)


@dataclass(frozen=True)
class Task:
    """A block to train: where its data lies, and what its records say of their origin.

    `crash` is where a process leaves the traceback of a crash, such as SIGSEGV; None in the driver itself.
    """

    block: Block
    position: int
    data: Path | None
    fractions: Fractions
    provenance: dict[str, Any]
    crash: Path | None = None

    def seed(self, seed: int) -> "Task":
        """The task to train one seed of the block alone."""
        return replace(self, block=replace(self.block, seeds=(seed,)))

    def crash_trace(self) -> str | None:
        """The traceback that a crash has left, if there was one."""
        with suppress(OSError):
            return (self.crash and self.crash.read_text(encoding="utf-8", errors="replace")) or None
        return None


@dataclass(frozen=True)
class FailedSeed:
    """Why a seed of a block has no record: one line, and a traceback if there is one.

    `defect` says that the program is at fault, `of_folder` that a folder could not be written.
    """

    seed: int
    reason: str
    trace: str | None = None
    defect: bool = False
    of_folder: bool = False


@dataclass(frozen=True)
class BlockOutcome:
    """What became of a block: how many trials are stored, and the seeds of the others."""

    stored: int
    failed: tuple[FailedSeed, ...] = ()


def ready(cells: Sequence[Cell], position: int, count: int) -> None:
    """Compile share number `position` of `count` shares of what these cells need.

    Being asked for this, a process has also imported all that `run` needs. What fails here fails again in
    `run`, which reports it.
    """
    with suppress(Exception):
        for compilation in shares([_compilations(cell) for cell in cells], count)[position]:
            compilation.compile()


def _compilations(cell: Cell) -> Sequence[Compilation]:
    trained = problem(cell.config, cell.sizes.inputs, cell.sizes.train)
    return choose(trained, trained.kernels).compilations(trained, trained.precision)


def run(task: Task) -> BlockOutcome:
    """Train a block and store a record for each of its seeds that can be stored; never raises.

    If the training of a block fails, each of its seeds is trained alone: the others have their records then.
    """
    block = task.block
    try:
        with _crash_trace(task):
            results, origin = _train(task)
    except SweepError as error:
        return BlockOutcome(0, tuple(_failed(seed, error) for seed in block.seeds))
    except Exception as error:
        if len(block.seeds) == 1:
            return BlockOutcome(0, (_failed(block.seeds[0], error),))
        alone = [run(task.seed(seed)) for seed in block.seeds]
        return BlockOutcome(
            sum(each.stored for each in alone), tuple(failed for each in alone for failed in each.failed)
        )
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
    write_record(cell.results, cell.id, cell.settings(), result, origin)
    state.remove(cell.results, cell.id, result.seed)


@contextmanager
def _crash_trace(task: Task) -> Iterator[None]:
    """If this process crashes within, the traceback is in the task's file `crash`."""
    if task.crash is None:
        yield
        return
    try:
        file = task.crash.open("wb")
    except OSError:
        yield
        return
    with file:
        faulthandler.enable(file)
        try:
            yield
        finally:
            faulthandler.disable()


def _train(task: Task) -> tuple[list[TrialResult], Origin]:
    block, config = task.block, task.block.cell.config
    # Set here, in the worker: joblib's own limit does nothing if there is only one worker.
    with libraries().limit(limits=1, user_api="blas"):
        data = load_own(config, block.seeds[0]) if task.data is None else load_shared(task.data, config)
        began = datetime.now(UTC).isoformat(timespec="milliseconds")
        results = train_block(
            problem_for(config, data),
            block.seeds,
            data,
            progress=lambda fraction: task.fractions.write(task.position, fraction),
        )
        return results, _origin(config, began, {**task.provenance, "blas": blas()})


def _failed(seed: int, error: Exception, folder: Path | None = None) -> FailedSeed:
    """A failure in one line if the user or the machine caused it, otherwise with its traceback.

    `folder` is where a record was being written, for an OSError that names no file.
    """
    if isinstance(error, SweepError):
        return FailedSeed(seed, str(error), of_folder=isinstance(error, StoreError))
    trace = traceback.format_exc()
    if isinstance(error, MemoryError):
        return FailedSeed(seed, f"not enough memory {error}".strip(), trace)
    if isinstance(error, OSError):
        reason = f"{folder or error.filename}: {error.strerror or error}"
        return FailedSeed(seed, reason, trace, of_folder=folder is not None)
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
