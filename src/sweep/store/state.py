"""What a store holds at a glance: by the names of its files, and one record of each cell for its settings.

`survey` is for plans, which must read every record that they count on.

[failures] Trials without a record, and why: `<results>/<cell id>/<seed>.failed`, a JSON file beside the
records.

A failure is no record: no table counts it, and the command that needs the trial tries it again. The record
that then takes its place removes it.

[survey] What a store holds, cell by cell, for plans and overviews: trials, and files that are no records.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sweep.config.columns import columns_of
from sweep.core.errors import StoreError
from sweep.store import layout
from sweep.store.layout import Contents
from sweep.store.read import CellRecords, file_bytes, read_cell, read_cells, record, trial
from sweep.store.schema import CORRUPT_INPUT, ENGINES_1
from sweep.system import files


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
    return results / cell / f"{seed}{layout.FAILED}"


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
    wanted = layout.cells(results) if cells is None else sorted(set(cells))
    found = (_read_failure(file) for cell in wanted for file in layout.scan(results, cell).failed.values())
    return [each for each in found if each is not None]


def _read_failure(file: Path) -> Failure | None:
    with suppress(OSError, ValueError, TypeError, RecursionError):
        failure = Failure(**json.loads(files.read(file)))
        if (f"{failure.cell}", f"{failure.seed}") == (file.parent.name, file.stem):
            return failure
    return None


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
    for cell in layout.cells(results) if cells is None else sorted(set(cells)):
        contents = layout.scan(results, cell)
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
    found = read(contents.folder.parent, [contents.cell])
    return _columns(found[0].settings) if found else {}


def _columns(settings: Any) -> Mapping[str, Any]:
    with suppress(*CORRUPT_INPUT):  # a file of failures may hold anything
        return columns_of(settings)
    return {}


@dataclass(frozen=True)
class Survey:
    """The trials of a cell that are stored, every file of them read and checked.

    `engines` maps each stored seed to the engine that trained it. `with_weights` are the seeds whose records
    hold the weights, if that was asked. `damaged` and `misplaced` are files that hold no record of their
    place; `contents` are all files.
    """

    contents: Contents
    engines: dict[int, str]
    with_weights: frozenset[int]
    damaged: tuple[Path, ...]
    misplaced: tuple[Path, ...]

    @property
    def cell(self) -> str:
        """The id of the cell."""
        return self.contents.cell

    @property
    def seeds(self) -> list[int]:
        """The stored seeds, in order."""
        return list(self.engines)

    def obstructions(self, seeds: Iterable[int]) -> list[Path]:
        """The files in the places of these seeds that are no records of them, and damaged files of many."""
        places = {layout.path(self.contents.folder.parent, self.cell, seed) for seed in seeds}
        places.update(self.contents.compact)
        return [file for file in (*self.damaged, *self.misplaced, *self.contents.strangers) if file in places]


def survey(results: Path, cells: Iterable[str] | None = None, weights: bool = False) -> Iterator[Survey]:
    """Survey these cells, or all of the store, by id; with `weights`, look whether records hold them.

    Raises StoreError if a file cannot be read or is of a later version.
    """
    columns = ["seed", "engine", "provenance", *(["weights"] if weights else [])]
    return (_survey(found, weights) for found in read_cells(results, cells, columns))


def _survey(found: CellRecords, weights: bool) -> Survey:
    table = found.table
    seeds, engines = table["seed"].to_pylist(), table["engine"].to_pylist()
    if table["engine"].null_count:
        provenances = table["provenance"].to_pylist()
        engines = [engine or _engine_1(text) for engine, text in zip(engines, provenances, strict=True)]
    held: Sequence[Any] = table["weights"].is_valid().to_pylist() if weights else [False] * len(seeds)
    return Survey(
        found.contents,
        dict(zip(seeds, engines, strict=True)),
        frozenset(seed for seed, there in zip(seeds, held, strict=True) if there),
        found.damaged,
        found.misplaced,
    )


def _engine_1(provenance: str) -> str:
    """The engine of a record of schema 1, which says only what was asked for."""
    return ENGINES_1.get(json.loads(provenance).get("kernels"), "numpy")
