"""Records as Arrow tables, and what lies among them that is no record: that is left out, and said once.

[record_file] One file of records, as Arrow tables: nothing is taken from it that was not written there.

What is wrong with a file has a type. DamagedError: it is not as it was written. MisplacedError: it is another
trial's. Plain StoreError: it cannot be read now, or by this version; it may be in order.
"""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sweep.config.columns import columns_of
from sweep.core.errors import DamagedError, MisplacedError, StoreError, StoreWarning
from sweep.store import layout, schema
from sweep.store.layout import Contents
from sweep.store.schema import CORRUPT_INPUT, NAMES_1, SCHEMA, TRIAL, VERSION
from sweep.system import files

EMPTY = pa.Table.from_batches([], SCHEMA)  # `empty_table` loads pandas, which workers do not need
# A file may promise so many times its own bytes, and LEAST_BYTES anyway: more would only fill the memory.
EXPANSION, LEAST_BYTES = 1000, 64 * 1024 * 1024
MOST_BYTES = 2**32  # of a file: sparse ones may be said to hold far more than there is memory


class VanishedError(StoreError):
    """A file that was there when its folder was listed is gone."""


def file_bytes(file: Path) -> bytes:
    """The bytes of a file of records. Raises StoreError if it cannot be read."""
    try:
        return files.read(file, MOST_BYTES)
    except FileNotFoundError as error:
        raise VanishedError(f"{file}: no such file") from error
    except OSError as error:
        raise StoreError(f"{file}: cannot be read ({error.strerror})") from error


def trial(file: Path, data: bytes, columns: Sequence[str]) -> dict[str, Any] | None:
    """The trial's row in the footer of a record, or None if it has none, as in older records.

    `data` is the file's content. Raises StoreError unless it is the record of its place.
    """
    if not schema.is_sealed(data, file):
        return None
    try:
        found = schema.trial_of(data)
        if found is None:
            return None
        row = {name: found.get(name) for name in columns}
        _check_texts(row)
        version, cell, seed = int(found["schema"]), found["cell"], int(found["seed"])
    except (
        CORRUPT_INPUT
    ):  # in an older record, a text of the user's can look like this row: the columns decide
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
    sealed = schema.is_sealed(data, file)
    opened = schema.opened(data, file)
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
    except CORRUPT_INPUT as error:
        raise DamagedError(f"{file}: damaged: not a readable file of records") from error
    _check_version(file, newest)
    if not first and not sealed:
        raise DamagedError(f"{file}: damaged: its digest is gone")
    return table


def as_table(found: Sequence[dict[str, Any]], columns: Sequence[str]) -> pa.Table:
    """Rows of `trial` as a table. Raises DamagedError if a value is not of its column's type."""
    try:
        return pa.Table.from_pylist(list(found), pa.schema([TRIAL.field(name) for name in columns]))
    except CORRUPT_INPUT as error:
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
    """Raise one of CORRUPT_INPUT unless the JSON texts of a row are what they should be."""
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


BATCH = 100  # records that are read before they are copied into one piece
LOOKS = 100  # at a folder whose files are moved while they are read


_Wrong = dict[type[StoreError], list[Path]]


@dataclass(frozen=True)
class CellRecords:
    """The records of a cell: `table`, one row a trial, by seed, and the files that hold none.

    Of `damaged` files nothing could be read, and `misplaced` ones are of other trials.
    """

    contents: Contents
    table: pa.Table
    damaged: tuple[Path, ...]
    misplaced: tuple[Path, ...]


def read(results: Path, cells: Iterable[str] | None, columns: Sequence[str]) -> pa.Table:
    """These columns of the records in a store or in one file, one row a trial.

    If `cells` is given, only of the cells with these ids. A column that an older version of records does not
    have is null. Damaged and misplaced records of a store are left out, with one StoreWarning. Raises
    StoreError if there is no such folder, a record cannot be read or is of a later version, or the one file
    is damaged.
    """
    if results.is_file():
        table = rows(results, file_bytes(results), columns).select(columns)
        return table if cells is None else table.filter(pc.is_in(table["cell"], pa.array(list(cells))))
    if not results.is_dir():
        raise StoreError(f"results={results}: no such folder; nothing has been trained there")
    found = list(read_cells(results, cells, columns))
    _warn(found, layout.elsewhere(results) if cells is None else [])
    # Copied into one piece, so that thousands of small tables need not stay in memory.
    return pa.concat_tables([EMPTY.select(columns), *(each.table for each in found)]).combine_chunks()


def read_cells(results: Path, cells: Iterable[str] | None, columns: Sequence[str]) -> Iterator[CellRecords]:
    """Read these cells' records one after the other, or all cells' by id."""
    # In one thread: with small files, several would mostly wait for each other's turn in Python.
    for cell in layout.cells(results) if cells is None else sorted(set(cells)):
        yield read_cell(results, cell, columns)


def read_cell(results: Path, cell: str, columns: Sequence[str]) -> CellRecords:
    """These columns of a cell's records.

    Records that are moved into one file meanwhile (see `compact`) are neither missed nor read twice: such a
    file appears before the others vanish, so a second look at the folder shows what the first one missed.
    Raises StoreError if a file cannot be read or is of a later version.
    """
    contents = layout.scan(results, cell)
    for _ in range(LOOKS):
        try:
            found = _read(contents, columns)
        except VanishedError:
            found = None
        if found is not None and layout.compact(results, cell) == contents.compact:
            return found
        contents = layout.scan(results, cell)
    raise StoreError(f"{contents.folder}: its files change again and again while they are read")


def _read(contents: Contents, columns: Sequence[str]) -> CellRecords:
    if not contents.loose and not contents.compact:  # the plan of a new sweep need not load more of Arrow
        return CellRecords(contents, EMPTY.select(columns), (), ())
    asked, columns = columns, list(dict.fromkeys(["seed", *columns]))
    wrong: _Wrong = {DamagedError: [], MisplacedError: []}
    files = list(contents.loose.values())
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
    table = pa.concat_tables([EMPTY.select(columns), *(_loose(batch, columns, wrong) for batch in batches)])
    for file in contents.compact:
        with _noting(file, wrong):
            found = many(file, file_bytes(file), columns)
            # A trial in two files counts once; the file of its own is the newer one.
            table = pa.concat_tables([table, _without(found, table["seed"])])
    damaged, misplaced = tuple(wrong[DamagedError]), tuple(wrong[MisplacedError])
    return CellRecords(contents, _by_seed(table).select(asked), damaged, misplaced)


def _loose(files: Sequence[Path], columns: Sequence[str], wrong: _Wrong) -> pa.Table:
    """The rows of files of a record each, in one piece."""
    # The footer of a record repeats what tables show of a trial; only the rest is read from its columns.
    own = [name for name in columns if name in TRIAL.names]
    rest = [name for name in columns if name not in own]
    tables, trials, rests = [EMPTY.select(columns)], dict[Path, dict[str, Any]](), dict[Path, pa.Table]()
    for file in files:
        with _noting(file, wrong):
            data = file_bytes(file)
            row = trial(file, data, own)
            if row is None:
                tables.append(record(file, data, columns))
                continue
            if rest:
                rests[file] = one(file, data, rest)
            trials[file] = row
    if trials:
        table, damaged = _together(trials, own)
        wrong[DamagedError] += damaged
        if rest:
            others = pa.concat_tables(
                [EMPTY.select(rest), *(rests[file] for file in trials if file not in damaged)]
            )
            for name in rest:
                table = table.append_column(others.schema.field(name), others[name])
        tables.append(table.select(columns))
    return pa.concat_tables(tables).combine_chunks()


@contextmanager
def _noting(file: Path, wrong: _Wrong) -> Iterator[None]:
    """Note a file that turns out to hold no record of its place."""
    try:
        yield
    except (DamagedError, MisplacedError) as error:
        wrong[type(error)].append(file)


def _without(table: pa.Table, seeds: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["seed"], seeds.combine_chunks()))) if len(seeds) else table


def _by_seed(table: pa.Table) -> pa.Table:
    seeds = table["seed"].to_numpy()
    return table if (seeds[1:] > seeds[:-1]).all() else table.sort_by("seed")


def _together(trials: Mapping[Path, dict[str, Any]], columns: Sequence[str]) -> tuple[pa.Table, list[Path]]:
    """The rows of `trial` as one table, and the files whose rows do not go into it."""
    try:
        return as_table(list(trials.values()), columns), []
    except DamagedError:
        if len(trials) == 1:
            return as_table([], columns), list(trials)
    each = [_together({file: row}, columns) for file, row in trials.items()]
    return pa.concat_tables(table for table, _ in each), [file for _, damaged in each for file in damaged]


def _warn(found: Sequence[CellRecords], elsewhere: Sequence[Path]) -> None:
    """Say in one line what was left out; nothing if all files are what their names say."""
    kinds = {
        "damaged": [file for each in found for file in each.damaged],
        "in the place of another trial": [file for each in found for file in each.misplaced],
        "no record of this store": [
            *elsewhere,
            *(file for each in found for file in each.contents.strangers),
        ],
    }
    parts = [f"{len(files)} {kind} (first {str(files[0])!r})" for kind, files in kinds.items() if files]
    if parts:
        warnings.warn(
            f"files left out: {'; '.join(parts)}; the command that needs a trial that is missing trains it",
            StoreWarning,
            stacklevel=5,  # the line that called `sweep.load`
        )
