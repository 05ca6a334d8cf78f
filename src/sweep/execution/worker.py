"""What a worker process does: train one block and write its records."""

import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweep.config.schema import Config
from sweep.data import labels
from sweep.execution import store
from sweep.execution.fractions import Fractions
from sweep.execution.plan import Block
from sweep.execution.provenance import blas, libraries
from sweep.execution.shared_data import load_own, load_shared
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
class Report:
    """What became of a block: trials stored, or the traceback of what went wrong."""

    block: Block
    stored: int
    error: str | None = None


def ready() -> None:
    """Do nothing, in a process that has imported all that `run` needs."""


def run(task: Task) -> Report:
    """Train a block and store a record for each of its seeds; never raises."""
    block, cell = task.block, task.block.cell
    try:
        # Inside the worker: joblib's own limit does nothing when there is one worker.
        with libraries().limit(limits=1, user_api="blas"):
            if task.data is None:
                (seed,) = block.seeds
                data = load_own(cell.config, seed)
            else:
                data = load_shared(task.data)
            began = datetime.now(UTC).isoformat(timespec="milliseconds")
            results = train_block(
                cell.config,
                block.seeds,
                data,
                lambda fraction: task.fractions.report(task.position, fraction),
            )
            origin = _origin(cell.config, began, {**task.provenance, "blas": blas()})
        settings = cell.settings()
        for result in results:
            store.write(cell.results, cell.id, settings, result, origin)
        task.fractions.report(task.position, 1.0)
        return Report(block, len(results))
    except Exception:
        return Report(block, 0, traceback.format_exc())


def _origin(config: Config, began: str, provenance: dict[str, Any]) -> store.Origin:
    return store.Origin(
        name=config.name,
        experiment=config.experiment,
        data_label=labels.label(config.data),
        class_names=labels.class_names(config.data),
        began=began,
        provenance=provenance,
        keep_weights=config.weights,
    )
