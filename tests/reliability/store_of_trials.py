"""A small store of real trials, which tests of damage and of compaction copy and change."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sweep
from sweep.store import layout

SETTINGS: dict[str, Any] = {
    "data": {"train_size": 200, "validation_size": 50, "test_size": 100},
    **{"epochs": 2, "parallel.n_jobs": 1, "parallel.kernels": "numpy"},
}


def train(results: Path, seeds: int, hidden: Iterable[int] = (4,)) -> None:
    """Train what is missing of a cell for each width."""
    sweep.run(
        {**SETTINGS, "results": str(results), "seeds": seeds, "grid": {"product": {"hidden": [*hidden]}}}
    )


def copied(trained: Path, to: Path) -> Path:
    """Copy the only cell of a store; return the folder of the cell."""
    shutil.copytree(trained, to, dirs_exist_ok=True)
    (cell,) = layout.cells(to)
    return to / cell
