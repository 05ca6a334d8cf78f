"""The state of a store, cell by cell, for plans and overviews, and the trials that failed.

`survey` reads every record, for plans that count on them. `overview` is quick: it goes by the names of files,
and reads one record of each cell for its settings, unless it is told to check all of them. Both give a
`CellFolder` for each cell.

A trial that failed leaves `<results>/<cell id>/<seed>.failed`, a JSON file beside the records. A failure is
no record: no table counts it, and the command that needs the trial tries it again. The record that then takes
its place removes it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from sweep.config.columns import columns_of
from sweep.core.errors import StoreError
from sweep.store import layout
from sweep.store.layout import CellFolder, failure_path
from sweep.store.read import file_bytes, footer_row, read_cell, read_cells, record_row
from sweep.store.schema import CORRUPT_INPUT, ENGINES_1
from sweep.system import files


def survey(
    results: Path, cells: Iterable[str] | None = None, *, weights: bool = False
) -> Iterator[CellFolder]:
    """Read every record of these cells, or of all, by id, and yield the cells with `seeds` and `engines`.

    With `weights`, they also have `with_weights`. Raises StoreError if a file cannot be read or is of a later
    version.
    """
    columns = ["seed", "engine", "provenance", *(["weights"] if weights else [])]
    for folder, table in read_cells(results, cells, columns):
        engines = dict(zip(folder.seeds, _engines(table), strict=True))
        valid = table["weights"].is_valid().to_pylist() if weights else [False] * len(folder.seeds)
        with_weights = frozenset(seed for seed, stored in zip(folder.seeds, valid, strict=True) if stored)
        yield replace(folder, engines=engines, with_weights=with_weights)


def _engines(table: pa.Table) -> list[str]:
    engines: list[str] = table["engine"].to_pylist()
    # Only records of version 1 lack the engine.
    if table["engine"].null_count:
        provenances = table["provenance"].to_pylist()
        engines = [engine or _engine_1(text) for engine, text in zip(engines, provenances, strict=True)]
    return engines


def _engine_1(provenance: str) -> str:
    """Return the engine of a record of schema 1, which says only what was asked for."""
    return ENGINES_1.get(json.loads(provenance).get("kernels"), "numpy")


def overview(results: Path, cells: Iterable[str] | None = None, *, check: bool = False) -> list[CellFolder]:
    """Return these cells of a store, or all that hold anything, by id, with `seeds` and `settings`.

    With `check` every record is read and its digest compared. Without it, a file counts as a record by its
    name, except for files with many records. Raises StoreError if a folder cannot be listed, or if a file
    that must be read cannot be, or is of a later version.
    """
    folders = _checked(results, cells) if check else _glimpsed(results, cells)
    return [folder for folder in folders if cells is not None or folder.files]


_COLUMNS = ("seed", "config")


def _checked(results: Path, cells: Iterable[str] | None) -> Iterator[CellFolder]:
    for folder, table in read_cells(results, cells, _COLUMNS):
        yield _with_settings(folder, table)


def _glimpsed(results: Path, cells: Iterable[str] | None) -> Iterator[CellFolder]:
    for cell in layout.cells(results) if cells is None else sorted(set(cells)):
        folder = layout.scan(results, cell)
        if folder.compact:  # its name does not tell its seeds, and reading it is quick
            yield _with_settings(*read_cell(results, cell, _COLUMNS))
        else:
            yield replace(folder, settings=_first_settings(folder))


def _with_settings(folder: CellFolder, table: pa.Table) -> CellFolder:
    text = table["config"][0].as_py() if len(table) else None
    settings = _failure_settings(folder) if text is None else _columns(json.loads(text))
    return replace(folder, settings=settings)


def _first_settings(folder: CellFolder) -> Mapping[str, Any]:
    """Return the settings in the first record that can be read, or else in a failure."""
    for file in folder.loose.values():
        with suppress(StoreError):
            data = file_bytes(file)
            row = footer_row(file, data, ["config"])
            text = record_row(file, data, ["config"])["config"][0].as_py() if row is None else row["config"]
            return _columns(json.loads(text))
    return _failure_settings(folder)


def _failure_settings(folder: CellFolder) -> Mapping[str, Any]:
    failures = read_failures(folder.results, [folder.cell])
    return _columns(failures[0].settings) if failures else {}


def _columns(settings: Any) -> Mapping[str, Any]:
    with suppress(*CORRUPT_INPUT):  # a file of failures may hold anything
        return columns_of(settings)
    return {}


@dataclass(frozen=True)
class Failure:
    """The reason why a trial has no record.

    `reason` is one line; `trace` the traceback if the program is at fault, otherwise None; `when` a date and
    time; `settings` the canonical settings of the cell.
    """

    cell: str
    seed: int
    reason: str
    trace: str | None
    when: str
    settings: Mapping[str, Any]


def write_failure(results: Path, failure: Failure) -> None:
    """Write a failure, in place of an earlier one. Raises OSError if it cannot be stored."""
    file = failure_path(results, failure.cell, failure.seed)
    files.write(file, json.dumps(asdict(failure), indent=1, sort_keys=True))


def remove_failure(results: Path, cell: str, seed: int) -> None:
    """Remove the failure of a trial, if there is one: the trial has its record."""
    failure_path(results, cell, seed).unlink(missing_ok=True)


def read_failures(results: Path, cells: Iterable[str] | None = None) -> list[Failure]:
    """Return the failures in a store, of these cells or of all, by cell and seed; skip foreign files."""
    names = layout.cells(results) if cells is None else sorted(set(cells))
    failures = (_failure(file) for cell in names for file in layout.scan(results, cell).failures.values())
    return [failure for failure in failures if failure is not None]


def _failure(file: Path) -> Failure | None:
    with suppress(OSError, ValueError, TypeError, RecursionError):
        failure = Failure(**json.loads(files.read(file)))
        # As text, because a foreign file may hold anything; and file names are never trusted.
        if (f"{failure.cell}", f"{failure.seed}") == (file.parent.name, file.stem):
            return failure
    return None
