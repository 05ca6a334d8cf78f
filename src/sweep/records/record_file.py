"""One file of records, as Arrow tables: nothing is taken from it that was not written there.

What is wrong with a file has a type. DamagedError: it is not as it was written. MisplacedError: it is another
trial's. Plain StoreError: it cannot be read now, or by this version; it may be in order.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sweep import regular_files
from sweep.config.row import columns_of
from sweep.errors import DamagedError, MisplacedError, StoreError
from sweep.records import footer
from sweep.records.footer import NONSENSE
from sweep.records.schema import NAMES_1, SCHEMA, TRIAL, VERSION

EMPTY = pa.Table.from_batches([], SCHEMA)  # `empty_table` loads pandas, which workers do not need
# A file may promise so many times its own bytes, and LEAST_BYTES anyway: more would only fill the memory.
EXPANSION, LEAST_BYTES = 1000, 64 * 1024 * 1024
MOST_BYTES = 2**32  # of a file: sparse ones may be said to hold far more than there is memory


class VanishedError(StoreError):
    """A file that was there when its folder was listed is gone."""


def file_bytes(file: Path) -> bytes:
    """The bytes of a file of records. Raises StoreError if it cannot be read."""
    try:
        return regular_files.read(file, MOST_BYTES)
    except FileNotFoundError as error:
        raise VanishedError(f"{file}: no such file") from error
    except OSError as error:
        raise StoreError(f"{file}: cannot be read ({error.strerror})") from error


def trial(file: Path, data: bytes, columns: Sequence[str]) -> dict[str, Any] | None:
    """The trial's row in the footer of a record, or None if it has none, as in older records.

    `data` is the file's content. Raises StoreError unless it is the record of its place.
    """
    if not footer.is_sealed(data, file):
        return None
    try:
        found = footer.trial_of(data)
        if found is None:
            return None
        row = {name: found.get(name) for name in columns}
        _check_texts(row)
        version, cell, seed = int(found["schema"]), found["cell"], int(found["seed"])
    except NONSENSE:  # in an older record, a text of the user's can look like this row: the columns decide
        return None
    _check_version(file, version)
    _check_place(file, cell, seed)
    return row


def record(file: Path, data: bytes, columns: Sequence[str]) -> pa.Table:
    """These columns of a record, one row. `data` is the file's content.

    Raises StoreError unless it is the record of its place.
    """
    table = one(file, data, ["cell", "seed", *columns])
    _check_place(file, table["cell"][0].as_py(), table["seed"][0].as_py())
    return table.select(columns)


def one(file: Path, data: bytes, columns: Sequence[str]) -> pa.Table:
    """These columns of a file that holds one trial, wherever that belongs."""
    table = rows(file, data, columns).select(list(dict.fromkeys(columns)))
    if len(table) != 1:
        raise MisplacedError(f"{file}: holds {len(table)} trials, where a record holds one")
    return table


def many(file: Path, data: bytes, columns: Sequence[str]) -> pa.Table:
    """These columns of a file with many records of the cell whose folder it is in. `data` is its content.

    Raises StoreError if it is damaged, of a later version or of another cell.
    """
    table = rows(file, data, ["cell", *columns])
    if strangers := set(pc.unique(table["cell"]).to_pylist()) - {file.parent.name}:
        raise MisplacedError(f"{file}: has records of cell {strangers.pop()}")
    return table.select(columns)


def rows(file: Path, data: bytes, columns: Sequence[str]) -> pa.Table:
    """These columns of a file of records, one row a trial, null where an older version has no such column.

    `data` is the file's content. Raises StoreError if it is damaged or of a later version.
    """
    sealed = footer.is_sealed(data, file)
    opened = footer.opened(data, file)
    there = opened.schema_arrow.names
    first = "schema" not in there
    columns = list(dict.fromkeys(["schema", *columns]))
    names = {column: NAMES_1.get(column, column) if first else column for column in columns}
    try:
        held = [name for name in names.values() if name in there]
        if (promised := _promised(opened, held)) > max(EXPANSION * len(data), LEAST_BYTES):
            raise DamagedError(f"{file}: damaged: promises {promised} bytes")
        table = opened.read(held, use_threads=False)
        table = table.rename_columns([column for column, name in names.items() if name in there])
        if first:
            table = table.append_column("schema", pa.array([1] * len(table), pa.int64()))
        table = pa.concat_tables([EMPTY.select(columns), table], promote_options="default").select(columns)
        table.validate(full=not sealed)  # where no digest vouches for the texts and lists
        newest = pc.max(table["schema"]).as_py()
        for name in {"config", "provenance"}.intersection(columns):
            for text in pc.unique(table[name]).to_pylist():
                _check_texts({name: text})
    except NONSENSE as error:
        raise DamagedError(f"{file}: damaged: not a readable file of records") from error
    _check_version(file, newest)
    if not first and not sealed:
        raise DamagedError(f"{file}: damaged: its digest is gone")
    return table


def as_table(found: Sequence[dict[str, Any]], columns: Sequence[str]) -> pa.Table:
    """Rows of `trial` as a table. Raises DamagedError if a value is not of its column's type."""
    try:
        return pa.Table.from_pylist(list(found), pa.schema([TRIAL.field(name) for name in columns]))
    except NONSENSE as error:
        raise DamagedError("a record's footer has a value of another type") from error


def _promised(opened: pq.ParquetFile, columns: Sequence[str]) -> int:
    """The bytes that these columns take in memory, as a file's footer says."""
    metadata, names = opened.metadata, opened.schema_arrow.names
    if metadata.num_columns != len(names):
        raise ValueError("nested columns")
    places = [names.index(name) for name in columns]
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    chunks = [group.column(place) for group in groups for place in places]
    # Equal values take next to nothing in the file.
    return sum(max(chunk.total_uncompressed_size, 8 * chunk.num_values) for chunk in chunks)


def _check_texts(row: Mapping[str, Any]) -> None:
    """Raise one of NONSENSE unless the JSON texts of a row are what they should be."""
    if "config" in row:
        _check_settings(row["config"])
    if "provenance" in row:
        _check_provenance(row["provenance"])


@lru_cache(maxsize=4096)
def _check_settings(text: str) -> None:
    columns_of(json.loads(text))


@lru_cache(maxsize=4096)
def _check_provenance(text: str) -> None:
    json.loads(text).items()


def _check_place(file: Path, cell: str, seed: int) -> None:
    if (cell, f"{seed}") != (file.parent.name, file.stem):
        raise MisplacedError(f"{file}: the record of cell {cell}, seed {seed}")


def _check_version(file: Path, version: int | None) -> None:
    if version is not None and version > VERSION:
        raise StoreError(f"{file}: a record of schema {version}, made by a later version of sweep")
