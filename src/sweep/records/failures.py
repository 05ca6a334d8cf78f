"""Trials without a record, and why: `<results>/<cell id>/<seed>.failed`, a JSON file beside the records.

A failure is no record: no table counts it, and the command that needs the trial tries it again. The record
that then takes its place removes it.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sweep import files, regular_files
from sweep.records import store


@dataclass(frozen=True)
class Failure:
    """Why a trial has no record.

    `reason` is one line; `trace` the traceback if the program is at fault, otherwise None; `when` a date and
    time; `settings` the canonical settings of the cell.
    """

    cell: str
    seed: int
    reason: str
    trace: str | None
    when: str
    settings: Mapping[str, Any]


def path(results: Path, cell: str, seed: int) -> Path:
    """The file for the failure of a trial."""
    return results / cell / f"{seed}{store.FAILED}"


def write(results: Path, failure: Failure) -> None:
    """Write down a failure, in place of an earlier one. Raises OSError if it cannot be stored."""
    files.write(
        path(results, failure.cell, failure.seed), json.dumps(asdict(failure), indent=1, sort_keys=True)
    )


def remove(results: Path, cell: str, seed: int) -> None:
    """Remove the failure of a trial, if there is one: the trial has its record."""
    path(results, cell, seed).unlink(missing_ok=True)


def read(results: Path, cells: Iterable[str] | None = None) -> list[Failure]:
    """The failures in a store, of these cells or of all, by cell and seed. What is not ours is ignored."""
    wanted = store.cells(results) if cells is None else sorted(set(cells))
    found = (_read(file) for cell in wanted for file in store.scan(results, cell).failed.values())
    return [each for each in found if each is not None]


def _read(file: Path) -> Failure | None:
    with suppress(OSError, ValueError, TypeError, RecursionError):
        failure = Failure(**json.loads(regular_files.read(file)))
        if (f"{failure.cell}", f"{failure.seed}") == (file.parent.name, file.stem):
            return failure
    return None
