"""Read a store's records as Arrow tables; skip other files with a single warning.

A problem with a file has a type. DamagedError: it is not as it was written. MisplacedError: it belongs to
another trial. Plain StoreError: it cannot be read now, or by this version; it may be sound.

File names are never trusted: a record tells its own cell and seed, under a digest of its bytes.
"""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sweep.config.columns import columns_of
from sweep.core.errors import DamagedError, MisplacedError, StoreError, StoreWarning
from sweep.store import layout, schema
from sweep.store.layout import CellFolder
from sweep.store.schema import CORRUPT_INPUT, NAMES_1, SCHEMA, TRIAL, VERSION
from sweep.system import files

EMPTY = pa.Table.from_batches([], SCHEMA)  # `empty_table` loads pandas, which workers do not need
BATCH = 100  # records that are read before they are copied into one piece
LOOKS = 100  # at a folder whose files are moved while they are read
# A file may promise this many times its own bytes, and LEAST_BYTES anyway: more would only fill the memory.
EXPANSION, LEAST_BYTES = 1000, 64 * 1024 * 1024
MOST_BYTES = 2**32  # of a file: a sparse one may claim to hold far more than there is memory

_Faulty = dict[type[StoreError], list[Path]]


class VanishedError(StoreError):
    """A file was there when its folder was listed, and is gone."""


def read_records(results: Path, cells: Iterable[str] | None, columns: Sequence[str]) -> pa.Table:
    """Return these columns of the records in a store or in one file, one row a trial.

    If `cells` is given, only the cells with these ids are read. A column that an older version of records
    does not have is null. Damaged and misplaced records of a store are skipped, with one StoreWarning. Raises
    StoreError if there is no such folder, if a record cannot be read or is of a later version, or if the one
    file is damaged.
    """
    if results.is_file():
        table = file_rows(results, file_bytes(results), columns).select(columns)
        return table if cells is None else table.filter(pc.is_in(table["cell"], pa.array(list(cells))))
    if not results.is_dir():
        raise StoreError(f"results={results}: no such folder; nothing has been trained there")
    folders, tables = [], [EMPTY.select(columns)]
    for folder, table in read_cells(results, cells, columns):
        folders.append(folder)
        tables.append(table)
    _warn_of_skipped(folders, layout.records_elsewhere(results) if cells is None else [])
    # Copied into one piece, so that thousands of small tables need not stay in memory.
    return pa.concat_tables(tables).combine_chunks()


def read_cells(
    results: Path, cells: Iterable[str] | None, columns: Sequence[str]
) -> Iterator[tuple[CellFolder, pa.Table]]:
    """Read the records of these cells one after the other, or those of all cells by id (see `read_cell`)."""
    # In one thread: with small files, several would mostly wait for each other's turn in Python.
    for cell in layout.cells(results) if cells is None else sorted(set(cells)):
        yield read_cell(results, cell, columns)


def read_cell(results: Path, cell: str, columns: Sequence[str]) -> tuple[CellFolder, pa.Table]:
    """Read a cell's folder, and these columns of its records, one row a trial, by seed.

    Records that are moved into one file meanwhile (see `upkeep.compact`) are neither missed nor read twice:
    such a file appears before the others vanish, so a second look at the folder shows what the first one
    missed. Raises StoreError if a file cannot be read or is of a later version.
    """
    folder = layout.scan(results, cell)
    for _ in range(LOOKS):
        try:
            content = _read(folder, columns)
        except VanishedError:
            content = None
        if content is not None and layout.compact_files(results, cell) == folder.compact:
            return content
        folder = layout.scan(results, cell)
    raise StoreError(f"{folder.path}: its files change again and again while they are read")


def _read(folder: CellFolder, columns: Sequence[str]) -> tuple[CellFolder, pa.Table]:
    if not folder.loose and not folder.compact:  # the plan of a new sweep need not load more of Arrow
        return folder, EMPTY.select(columns)
    # The seed is needed to sort, and to drop trials that are in two files, even if nobody asked for it.
    asked, columns = columns, list(dict.fromkeys(["seed", *columns]))
    faulty: _Faulty = {DamagedError: [], MisplacedError: []}
    files = list(folder.loose.values())
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
    tables = [_loose_rows(batch, columns, faulty) for batch in batches]
    # EMPTY comes first, because an empty list of tables cannot be concatenated.
    table = pa.concat_tables([EMPTY.select(columns), *tables])
    for file in folder.compact:
        with _collecting(file, faulty):
            rows = compact_rows(file, file_bytes(file), columns)
            # A trial in two files counts once; its own file is the newer one.
            table = pa.concat_tables([table, _without_seeds(rows, table["seed"])])
    table = _by_seed(table)
    folder = replace(
        folder,
        seeds=tuple(table["seed"].to_numpy().tolist()),
        damaged=tuple(faulty[DamagedError]),
        misplaced=tuple(faulty[MisplacedError]),
    )
    return folder, table.select(asked)


def _loose_rows(files: Sequence[Path], columns: Sequence[str], faulty: _Faulty) -> pa.Table:
    """Return the rows of files with one record each, in one piece."""
    # The footer of a record repeats what tables show of a trial; only the rest is read from its columns.
    in_footer = [name for name in columns if name in TRIAL.names]
    rest = [name for name in columns if name not in in_footer]
    tables, trials, rests = [EMPTY.select(columns)], dict[Path, dict[str, Any]](), dict[Path, pa.Table]()
    for file in files:
        with _collecting(file, faulty):
            data = file_bytes(file)
            row = footer_row(file, data, in_footer)
            if row is None:
                tables.append(record_row(file, data, columns))
                continue
            if rest:
                rests[file] = single_row(file, data, rest)
            trials[file] = row
    if trials:
        table, damaged = _footer_table(trials, in_footer)
        faulty[DamagedError] += damaged
        if rest:
            others = pa.concat_tables(
                [EMPTY.select(rest), *(rests[file] for file in trials if file not in damaged)]
            )
            for name in rest:
                table = table.append_column(others.schema.field(name), others[name])
        tables.append(table.select(columns))
    return pa.concat_tables(tables).combine_chunks()


@contextmanager
def _collecting(file: Path, faulty: _Faulty) -> Iterator[None]:
    """Collect a file that turns out to be damaged or misplaced, and go on."""
    try:
        yield
    except (DamagedError, MisplacedError) as error:
        faulty[type(error)].append(file)


def _without_seeds(table: pa.Table, seeds: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["seed"], seeds.combine_chunks()))) if len(seeds) else table


def _by_seed(table: pa.Table) -> pa.Table:
    seeds = table["seed"].to_numpy()
    # Loose records are read in the order of their seeds, and mostly need no sorting.
    return table if (seeds[1:] > seeds[:-1]).all() else table.sort_by("seed")


def _footer_table(
    trials: Mapping[Path, dict[str, Any]], columns: Sequence[str]
) -> tuple[pa.Table, list[Path]]:
    """Return the rows of `footer_row` as one table, and the files whose rows do not fit into it."""
    try:
        return _as_table(list(trials.values()), columns), []
    except DamagedError:
        if len(trials) == 1:
            return _as_table([], columns), list(trials)
    # At least one row is damaged: try each alone.
    parts = [_footer_table({file: row}, columns) for file, row in trials.items()]
    return pa.concat_tables(table for table, _ in parts), [file for _, damaged in parts for file in damaged]


def _as_table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pa.Table:
    """Return rows of `footer_row` as a table. Raises DamagedError if a value is not of its column's type."""
    try:
        return pa.Table.from_pylist(list(rows), pa.schema([TRIAL.field(name) for name in columns]))
    except CORRUPT_INPUT as error:
        raise DamagedError("a record's footer has a value of another type") from error


def _warn_of_skipped(folders: Sequence[CellFolder], elsewhere: Sequence[Path]) -> None:
    """Warn in one line of files that were skipped; do nothing if there are none."""
    kinds = {
        "damaged": [file for folder in folders for file in folder.damaged],
        "misfiled": [file for folder in folders for file in folder.misplaced],
        "foreign": [*elsewhere, *(file for folder in folders for file in folder.foreign)],
    }
    parts = [f"{len(files)} {kind} (first {str(files[0])!r})" for kind, files in kinds.items() if files]
    if parts:
        warnings.warn(
            f"files skipped: {'; '.join(parts)}; run the sweep again to train what is missing",
            StoreWarning,
            stacklevel=5,  # the line that called `sweep.load`
        )


def file_bytes(file: Path) -> bytes:
    """Return the bytes of a file of records. Raises StoreError if it cannot be read."""
    try:
        return files.read(file, MOST_BYTES)
    except FileNotFoundError as error:
        raise VanishedError(f"{file}: no such file") from error
    except OSError as error:
        raise StoreError(f"{file}: cannot be read ({error.strerror})") from error


def footer_row(file: Path, data: bytes, columns: Sequence[str]) -> dict[str, Any] | None:
    """Return the trial's row in the footer of a record, or None if it has none, as in older records.

    `data` is the file's content. Raises StoreError unless the file is the record that its path names.
    """
    if not schema.is_sealed(data, file):
        return None
    try:
        trial = schema.footer_trial(data)
        if trial is None:
            return None
        row = {name: trial.get(name) for name in columns}
        _check_texts(row)
        version, cell, seed = int(trial["schema"]), trial["cell"], int(trial["seed"])
    except CORRUPT_INPUT:
        # In an older record, a text of the user's can look like this row: the columns decide.
        return None
    _check_version(file, version)
    _check_path(file, cell, seed)
    return row


def record_row(file: Path, data: bytes, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a record, one row. `data` is the file's content.

    Raises StoreError unless the file is the record that its path names.
    """
    table = single_row(file, data, ["cell", "seed", *columns])
    _check_path(file, table["cell"][0].as_py(), table["seed"][0].as_py())
    return table.select(columns)


def single_row(file: Path, data: bytes, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a file that holds one trial, whatever its path."""
    table = file_rows(file, data, columns).select(list(dict.fromkeys(columns)))
    if len(table) != 1:
        raise MisplacedError(f"{file}: holds {len(table)} trials; a record holds one")
    return table


def compact_rows(file: Path, data: bytes, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a file with many records of the cell in whose folder it is.

    `data` is its content. Raises StoreError if it is damaged, of a later version or of another cell.
    """
    table = file_rows(file, data, ["cell", *columns])
    if others := set(pc.unique(table["cell"]).to_pylist()) - {file.parent.name}:
        raise MisplacedError(f"{file}: has records of cell {others.pop()}")
    return table.select(columns)


def file_rows(file: Path, data: bytes, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a file of records, one row a trial, null if an older version lacks a column.

    `data` is the file's content. Raises StoreError if it is damaged or of a later version.
    """
    sealed = schema.is_sealed(data, file)
    parquet = schema.open_parquet(data, file)
    present = parquet.schema_arrow.names
    first = "schema" not in present  # version 1
    columns = list(dict.fromkeys(["schema", *columns]))
    names = {column: NAMES_1.get(column, column) if first else column for column in columns}
    try:
        stored = [name for name in names.values() if name in present]
        if (promised := _promised_bytes(parquet, stored)) > max(EXPANSION * len(data), LEAST_BYTES):
            raise DamagedError(f"{file}: damaged: promises {promised} bytes")
        table = parquet.read(stored, use_threads=False)
        table = table.rename_columns([column for column, name in names.items() if name in present])
        if first:
            table = table.append_column("schema", pa.array([1] * len(table), pa.int64()))
        table = pa.concat_tables([EMPTY.select(columns), table], promote_options="default").select(columns)
        table.validate(full=not sealed)  # without a digest, nothing else vouches for the texts and lists
        newest = pc.max(table["schema"]).as_py()
        for name in {"config", "provenance"}.intersection(columns):
            for text in pc.unique(table[name]).to_pylist():
                _check_texts({name: text})
    except CORRUPT_INPUT as error:
        raise DamagedError(f"{file}: damaged: not a readable file of records") from error
    _check_version(file, newest)
    # Only records of version 1 were written without a digest.
    if not first and not sealed:
        raise DamagedError(f"{file}: damaged: its digest is gone")
    return table


def _promised_bytes(parquet: pq.ParquetFile, columns: Sequence[str]) -> int:
    """Return the bytes that these columns will take in memory, according to the file's footer."""
    metadata, names = parquet.metadata, parquet.schema_arrow.names
    # A nested column has several columns in the file, and the positions below would be off.
    if metadata.num_columns != len(names):
        raise ValueError("nested columns")
    positions = [names.index(name) for name in columns]
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    chunks = [group.column(position) for group in groups for position in positions]
    # Equal values take next to nothing in the file, but 8 bytes each in memory.
    return sum(max(chunk.total_uncompressed_size, 8 * chunk.num_values) for chunk in chunks)


def _check_texts(row: Mapping[str, Any]) -> None:
    """Raise one of CORRUPT_INPUT unless the JSON texts of a row hold what they should."""
    if "config" in row:
        _check_settings(row["config"])
    if "provenance" in row:
        _check_provenance(row["provenance"])


# Cached, as all trials of a cell have the same text.
@lru_cache(maxsize=4096)
def _check_settings(text: str) -> None:
    columns_of(json.loads(text))


@lru_cache(maxsize=4096)
def _check_provenance(text: str) -> None:
    json.loads(text).items()


def _check_path(file: Path, cell: str, seed: int) -> None:
    if (cell, f"{seed}") != (file.parent.name, file.stem):
        raise MisplacedError(f"{file}: the record of cell {cell}, seed {seed}")


def _check_version(file: Path, version: int | None) -> None:
    if version is not None and version > VERSION:
        raise StoreError(f"{file}: a record of schema {version}, made by a later version of sweep")
