"""Records as Arrow tables. A record that is damaged, or that lies in another trial's place, is an error."""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sweep.errors import StoreError
from sweep.records import footer, store
from sweep.records.schema import ENGINES_1, NAMES_1, SCHEMA, TRIAL, VERSION

READERS = 2  # threads; more would contend for the GIL
BATCH = 100  # records that a thread reads before it takes the next batch


@dataclass(frozen=True)
class Glance:
    """What a plan must know of a stored record: the name of the engine, and whether the weights are in it."""

    engine: str
    weights: bool


def glance(results: Path, cell: str, seed: int) -> Glance:
    """What a plan must know of a stored record. Raises StoreError if it cannot be read."""
    file = store.path(results, cell, seed)
    data = file_bytes(file)
    footer.is_sealed(data, file)
    record = footer.opened(data, file)
    columns = {"engine", "provenance", "weights"} & set(record.schema_arrow.names)
    (row,) = record.read(sorted(columns), use_threads=False).to_pylist()
    asked = json.loads(row["provenance"]).get("kernels", "numpy")
    return Glance(row.get("engine") or ENGINES_1[asked], row.get("weights") is not None)


def read(results: Path, cells: Iterable[str] | None, columns: Sequence[str]) -> pa.Table:
    """These columns of the records in a store or in one file, one row a trial.

    If `cells` is given, only of the cells with these ids. A column that an older version of records does not
    have is null. Raises StoreError if there is no such folder or a record cannot be read.
    """
    if results.is_file():
        table = _together([_table(results, columns)], columns)
        return table if cells is None else table.filter(pc.is_in(table["cell"], pa.array(list(cells))))
    if not results.is_dir():
        raise StoreError(f"results={results}: no such folder; nothing has been trained there")
    files = store.files(results)
    if cells is not None:
        wanted = set(cells)
        files = [file for file in files if file.parent.name in wanted]
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
    # The footer repeats what tables show of a trial. For other columns the file must be opened.
    read_batch = _trials if set(columns) <= set(TRIAL.names) else _records
    with ThreadPoolExecutor(READERS) as readers:
        pieces = list(readers.map(partial(read_batch, columns=columns), batches))
    return _together(pieces, columns)


def _trials(files: Sequence[Path], columns: Sequence[str]) -> pa.Table:
    trials = []
    for file in files:
        trial = _trial(file)
        if trial is None:  # an older record
            return _records(files, columns)
        trials.append(trial)
    return pa.Table.from_pylist(trials, pa.schema([TRIAL.field(name) for name in columns]))


def _trial(file: Path) -> dict[str, Any] | None:
    """The trial's row in the footer of a record, or None if it has none."""
    data = file_bytes(file)
    trial = footer.trial_of(data) if footer.is_sealed(data, file) else None
    if trial is not None:
        _check_version(file, trial["schema"])
        _check_place(file, trial["cell"], trial["seed"])
    return trial


def _records(files: Sequence[Path], columns: Sequence[str]) -> pa.Table:
    return _together([_record(file, columns) for file in files], columns)


def _record(file: Path, columns: Sequence[str]) -> pa.Table:
    """Cell, seed and these columns of a record in the store, one row."""
    table = _table(file, list(dict.fromkeys(["cell", "seed", *columns])))
    if len(table) != 1:
        raise StoreError(f"{file}: holds {len(table)} trials, where a record holds one; remove it from there")
    _check_place(file, table["cell"][0].as_py(), table["seed"][0].as_py())
    return table


def _check_place(file: Path, cell: str, seed: int) -> None:
    if (cell, f"{seed}") != (file.parent.name, file.stem):
        raise StoreError(f"{file}: the record of cell {cell}, seed {seed}; remove it from there")


def file_bytes(file: Path) -> bytes:
    """The bytes of a file of records. Raises StoreError if it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file}: cannot be read ({error.strerror})") from error


def _table(file: Path, columns: Sequence[str]) -> pa.Table:
    """Those of these columns that a file of records has, and `schema`, its version."""
    data = file_bytes(file)
    sealed = footer.is_sealed(data, file)
    record = footer.opened(data, file)
    there = record.schema_arrow.names
    first = "schema" not in there
    names = {column: NAMES_1.get(column, column) if first else column for column in ("schema", *columns)}
    try:
        table = record.read([name for name in names.values() if name in there], use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StoreError(f"{file}: not a readable record; remove it to train it again") from error
    table = table.rename_columns([column for column, name in names.items() if name in there])
    if first:
        return table.append_column("schema", pa.array([1] * len(table), pa.int64()))
    _check_version(file, pc.max(table["schema"]).as_py())
    if not sealed:
        raise StoreError(f"{file}: damaged: its digest is gone")
    return table


def _check_version(file: Path, version: int | None) -> None:
    if version is not None and version > VERSION:
        raise StoreError(f"{file}: a record of schema {version}, made by a later version of sweep")


def _together(pieces: Sequence[pa.Table], columns: Sequence[str]) -> pa.Table:
    # Copied into one piece, so that thousands of small tables need not stay in memory.
    tables = [SCHEMA.empty_table().select(columns), *pieces]
    return pa.concat_tables(tables, promote_options="default").select(columns).combine_chunks()
