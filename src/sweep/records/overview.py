"""What a store holds at a glance: by the names of its files, and one record of each cell for its settings.

`survey` is for plans, which must read every record that they count on.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sweep.config.row import columns_of
from sweep.errors import StoreError
from sweep.records import failures, store
from sweep.records.footer import NONSENSE
from sweep.records.read import CellRecords, read_cell, read_cells
from sweep.records.record_file import file_bytes, record, trial
from sweep.records.store import Contents

_COLUMNS = ("seed", "config")


@dataclass(frozen=True)
class CellOverview:
    """A cell of a store: its files, its settings, and the seeds that have a record.

    `settings` are the columns of a table, as in `sweep.load()`; none if no file says them. `damaged` and
    `misplaced` are files that turned out to hold no record of their place, of those that were read.
    """

    contents: Contents
    settings: Mapping[str, Any]
    seeds: frozenset[int]
    damaged: tuple[Path, ...] = ()
    misplaced: tuple[Path, ...] = ()

    @property
    def cell(self) -> str:
        """The id of the cell."""
        return self.contents.cell

    @property
    def failed(self) -> list[int]:
        """The seeds that failed and have no record."""
        return [seed for seed in self.contents.failed if seed not in self.seeds]

    @property
    def no_records(self) -> tuple[Path, ...]:
        """Damaged files: those that were set aside before, and those that were found now."""
        return (*self.contents.set_aside, *self.damaged)

    @cached_property
    def size(self) -> int:
        """Bytes of all files of the cell."""
        return self.contents.size


def overview(results: Path, cells: Iterable[str] | None = None, check: bool = False) -> list[CellOverview]:
    """These cells of a store, or all that hold anything, by id.

    With `check` every record is read and its digest compared. Without it a file counts as a record by its
    name, except for files with many records. Raises StoreError if a folder cannot be listed, or a file that
    must be read cannot be, or is of a later version.
    """
    found = _checked(results, cells) if check else _glimpsed(results, cells)
    return [each for each in found if cells is not None or each.contents.own]


def _checked(results: Path, cells: Iterable[str] | None) -> Iterator[CellOverview]:
    return map(_read, read_cells(results, cells, _COLUMNS))


def _glimpsed(results: Path, cells: Iterable[str] | None) -> Iterator[CellOverview]:
    for cell in store.cells(results) if cells is None else sorted(set(cells)):
        contents = store.scan(results, cell)
        if contents.compact:  # its name does not say its seeds, and reading it is quick
            yield _read(read_cell(results, cell, _COLUMNS))
        else:
            yield CellOverview(contents, _settings(contents), frozenset(contents.loose))


def _read(found: CellRecords) -> CellOverview:
    seeds, texts = (found.table[name].to_pylist() for name in _COLUMNS)
    settings = _columns(json.loads(texts[0])) if texts else _of_failures(found.contents)
    return CellOverview(found.contents, settings, frozenset(seeds), found.damaged, found.misplaced)


def _settings(contents: Contents) -> Mapping[str, Any]:
    """The settings in the first record that can be read, or else in a failure."""
    for file in contents.loose.values():
        with suppress(StoreError):
            data = file_bytes(file)
            row = trial(file, data, ["config"])
            text = record(file, data, ["config"])["config"][0].as_py() if row is None else row["config"]
            return _columns(json.loads(text))
    return _of_failures(contents)


def _of_failures(contents: Contents) -> Mapping[str, Any]:
    found = failures.read(contents.folder.parent, [contents.cell])
    return _columns(found[0].settings) if found else {}


def _columns(settings: Any) -> Mapping[str, Any]:
    with suppress(*NONSENSE):  # a file of failures may hold anything
        return columns_of(settings)
    return {}
