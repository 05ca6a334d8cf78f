"""What a worker process does: it trains a block of seeds and writes their records."""

import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweep.config.schema import Config
from sweep.data import labels
from sweep.engines.choice import choose
from sweep.engines.engine import Compilation
from sweep.errors import SweepError
from sweep.execution.fractions import Fractions
from sweep.execution.plan import Block, Cell
from sweep.execution.provenance import blas, libraries
from sweep.execution.shared_data import load_own, load_shared
from sweep.execution.shares import shares
from sweep.records import store
from sweep.records.write import Origin, write_record
from sweep.training.protocol import problem
from sweep.training.result import TrialResult
from sweep.training.trainer import train_block


@dataclass(frozen=True)
class Task:
    """A block to train: where its data lies, and what its records say of their origin."""

    block: Block
    position: int
    data: Path | None
    fractions: Fractions
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """Why a trial has no record: one line, and a traceback if the program is at fault."""

    reason: str
    trace: str | None = None


@dataclass(frozen=True)
class BlockOutcome:
    """What became of a block: how many trials are stored, and why the first of the others is not."""

    block: Block
    stored: int
    failure: Failure | None = None


def ready(cells: Sequence[Cell], position: int, count: int) -> None:
    """Compile share number `position` of `count` shares of what these cells need.

    Being asked for this, a process has also imported all that `run` needs. What fails here fails again in
    `run`, which reports it.
    """
    with suppress(Exception):
        for compilation in shares([_compilations(cell) for cell in cells], count)[position]:
            compilation.compile()


def _compilations(cell: Cell) -> Sequence[Compilation]:
    config = cell.config
    trained = problem(config, cell.sizes.inputs, cell.sizes.train)
    return choose(trained, config.parallel.kernels).compilations(trained, config.precision)


def run(task: Task) -> BlockOutcome:
    """Train a block and store a record for each of its seeds that can be stored; never raises."""
    cell = task.block.cell
    try:
        results, origin = _train(task)
    except Exception as error:
        return BlockOutcome(task.block, 0, _failure(error))
    failures = []
    for result in results:
        try:
            write_record(cell.results, cell.id, cell.settings(), result, origin)
        except Exception as error:
            folder = store.path(cell.results, cell.id, result.seed).parent
            failures.append(_failure(error, folder))
    task.fractions.write(task.position, 1.0)
    return BlockOutcome(task.block, len(results) - len(failures), failures[0] if failures else None)


def _train(task: Task) -> tuple[list[TrialResult], Origin]:
    block, config = task.block, task.block.cell.config
    # Set here, in the worker: joblib's own limit does nothing if there is only one worker.
    with libraries().limit(limits=1, user_api="blas"):
        data = load_own(config, block.seeds[0]) if task.data is None else load_shared(task.data, config)
        began = datetime.now(UTC).isoformat(timespec="milliseconds")
        results = train_block(
            config, block.seeds, data, lambda fraction: task.fractions.write(task.position, fraction)
        )
        return results, _origin(config, began, {**task.provenance, "blas": blas()})


def _failure(error: Exception, folder: Path | None = None) -> Failure:
    """A failure in one line if the user or the machine caused it, otherwise with its traceback.

    `folder` is where a record was being written, for an OSError that names no file.
    """
    if isinstance(error, SweepError):
        return Failure(str(error))
    if isinstance(error, MemoryError):
        return Failure(f"not enough memory {error}".strip())
    if isinstance(error, OSError):
        return Failure(f"{folder or error.filename}: {error.strerror or error}")
    return Failure(f"{type(error).__name__}; the traceback is above", traceback.format_exc())


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
