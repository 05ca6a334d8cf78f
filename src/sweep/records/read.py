"""Records as Arrow tables, and what lies among them that is no record: that is left out, and said once."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sweep.errors import DamagedError, MisplacedError, StoreError, StoreWarning
from sweep.records import store
from sweep.records.record_file import (
    EMPTY,
    VanishedError,
    as_table,
    file_bytes,
    many,
    one,
    record,
    rows,
    trial,
)
from sweep.records.schema import TRIAL
from sweep.records.store import Contents

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
    _warn(found, store.elsewhere(results) if cells is None else [])
    # Copied into one piece, so that thousands of small tables need not stay in memory.
    return pa.concat_tables([EMPTY.select(columns), *(each.table for each in found)]).combine_chunks()


def read_cells(results: Path, cells: Iterable[str] | None, columns: Sequence[str]) -> Iterator[CellRecords]:
    """Read these cells' records one after the other, or all cells' by id."""
    # In one thread: with small files, several would mostly wait for each other's turn in Python.
    for cell in store.cells(results) if cells is None else sorted(set(cells)):
        yield read_cell(results, cell, columns)


def read_cell(results: Path, cell: str, columns: Sequence[str]) -> CellRecords:
    """These columns of a cell's records.

    Records that are moved into one file meanwhile (see `compact`) are neither missed nor read twice: such a
    file appears before the others vanish, so a second look at the folder shows what the first one missed.
    Raises StoreError if a file cannot be read or is of a later version.
    """
    contents = store.scan(results, cell)
    for _ in range(LOOKS):
        try:
            found = _read(contents, columns)
        except VanishedError:
            found = None
        if found is not None and store.compact(results, cell) == contents.compact:
            return found
        contents = store.scan(results, cell)
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
