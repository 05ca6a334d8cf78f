"""The paths of a store, and the kinds of files in the folder of a cell: decided here alone.

    <results>/<cell id>/<seed>.parquet             the record of a trial
    <results>/<cell id>/records-<digest>.parquet   many records of the cell (see `upkeep.compact`)
    <results>/<cell id>/<seed>.failed              the reason why a trial has no record (see `state.Failure`)
    ….damaged, ….damaged.1, …                      a file that was set aside, as it was no such record

A name has one form only: `007.parquet` is nobody's record, and neither is a link, a folder or a device.
"""

import itertools
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sweep.core.errors import StoreError
from sweep.system.files import is_temporary

RECORD, FAILED, DAMAGED = ".parquet", ".failed", ".damaged"
_CELL = re.compile(r"[0-9a-f]{16}")
_OF_SEED = re.compile(r"(0|[1-9][0-9]*)(\.parquet|\.failed)")
_COMPACT = re.compile(r"records-[0-9a-f]{16}\.parquet")
_SET_ASIDE = re.compile(r".+\.parquet\.damaged(\.[1-9][0-9]*)?", re.DOTALL)


@dataclass(frozen=True)
class CellFolder:
    """The folder of a cell: its files by name, and what reading them has told.

    `scan` fills in the files. `loose` and `failures` map a seed to its file. `compact` are files with many
    records, `set_aside` files that turned out to be no records. `temporary` files are being written, or were
    left by a killed process. `foreign` files look like records but are none: `0 (1).parquet`, a folder, a
    link. Anything else is not listed.

    The rest comes from the files' contents. `seeds` are the trials with a record: by the names of `loose`
    files until the records are read. Of `damaged` files nothing could be read; `misplaced` ones hold other
    trials. `engines` maps each seed to the engine that trained it, `with_weights` are the seeds whose record
    holds the weights (both from `state.survey`), and `settings` are the cell's columns in a table, empty if
    no file tells them (from `state.overview`).
    """

    path: Path
    loose: Mapping[int, Path] = field(default_factory=dict)
    compact: tuple[Path, ...] = ()
    failures: Mapping[int, Path] = field(default_factory=dict)
    set_aside: tuple[Path, ...] = ()
    temporary: tuple[Path, ...] = ()
    foreign: tuple[Path, ...] = ()
    seeds: tuple[int, ...] = ()
    damaged: tuple[Path, ...] = ()
    misplaced: tuple[Path, ...] = ()
    engines: Mapping[int, str] = field(default_factory=dict)
    with_weights: frozenset[int] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cell(self) -> str:
        """Return the id of the cell."""
        return self.path.name

    @property
    def results(self) -> Path:
        """Return the folder of the store."""
        return self.path.parent

    @property
    def records(self) -> tuple[Path, ...]:
        """Return all files that should hold records of the cell."""
        return (*self.compact, *self.loose.values())

    @property
    def files(self) -> tuple[Path, ...]:
        """Return all files but foreign ones, records last."""
        return (*self.temporary, *self.failures.values(), *self.set_aside, *self.records)

    @property
    def unreadable(self) -> tuple[Path, ...]:
        """Return the damaged files: those set aside before, and those found by reading."""
        return (*self.set_aside, *self.damaged)

    @property
    def failed_seeds(self) -> list[int]:
        """Return the seeds that failed and have no record."""
        stored = set(self.seeds)
        return [seed for seed in self.failures if seed not in stored]

    @cached_property
    def size(self) -> int:
        """Return the bytes of all files but foreign ones."""
        return sum(map(_size, self.files))

    def obstructions(self, seeds: Iterable[int]) -> list[Path]:
        """Return the files that lie where records of these seeds belong and are none, or are compact."""
        obstructed = {record_path(self.results, self.cell, seed) for seed in seeds}
        obstructed.update(self.compact)
        return [file for file in (*self.damaged, *self.misplaced, *self.foreign) if file in obstructed]


def record_path(results: Path, cell: str, seed: int) -> Path:
    """Return the file for the record of a trial."""
    return results / cell / f"{seed}{RECORD}"


def compact_path(results: Path, cell: str, digest: str) -> Path:
    """Return the file for many records of a cell, named by the digest of its contents."""
    return results / cell / f"records-{digest[:16]}{RECORD}"


def failure_path(results: Path, cell: str, seed: int) -> Path:
    """Return the file for the failure of a trial."""
    return results / cell / f"{seed}{FAILED}"


def cells(results: Path) -> list[str]:
    """Return the ids of the cells in the store. Raises StoreError if it cannot be listed."""
    return [entry.name for entry in _entries(results) if _CELL.fullmatch(entry.name) and _is_folder(entry)]


def scan(results: Path, cell: str) -> CellFolder:
    """List the files of a cell, in the order of seeds and names; none if it has no folder.

    Raises StoreError if the folder cannot be listed.
    """
    loose: dict[int, Path] = {}
    failures: dict[int, Path] = {}
    compact, set_aside, temporary, foreign = [], [], [], []
    folder = results / cell
    for entry in _entries(folder):
        name, file = entry.name, folder / entry.name
        if _SET_ASIDE.fullmatch(name):
            set_aside.append(file)
        elif not entry.is_file(follow_symlinks=False):
            if RECORD in name.casefold():
                foreign.append(file)
        elif match := _OF_SEED.fullmatch(name):
            (loose if match[2] == RECORD else failures)[int(match[1])] = file
        elif _COMPACT.fullmatch(name):
            compact.append(file)
        elif is_temporary(name):
            temporary.append(file)
        elif RECORD in name.casefold():
            foreign.append(file)
    # Entries are sorted as text, which puts 10 before 2.
    loose = dict(sorted(loose.items()))
    return CellFolder(
        folder,
        loose=loose,
        compact=tuple(compact),
        failures=dict(sorted(failures.items())),
        set_aside=tuple(set_aside),
        temporary=tuple(temporary),
        foreign=tuple(foreign),
        seeds=tuple(loose),
    )


def compact_files(results: Path, cell: str) -> tuple[Path, ...]:
    """List the files of a cell with many records each, as `scan` does."""
    folder = results / cell
    return tuple(
        folder / entry.name
        for entry in _entries(folder)
        if _COMPACT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
    )


def records_elsewhere(results: Path) -> list[Path]:
    """List records in folders of the store that are not a cell's, such as a copy called `backup`."""
    names = [entry.name for entry in _entries(results) if _is_folder(entry)]
    # Folders with a dot, such as .running, are the store's own.
    others = [name for name in names if not _CELL.fullmatch(name) and not name.startswith(".")]
    return [file for name in others for file in scan(results, name).loose.values()]


def set_aside(file: Path) -> Path | None:
    """Rename a file that is no record to `<its name>.damaged`, or `.damaged.1` and so on if that is taken.

    Returns the new path; None if the file is gone. Raises StoreError if it cannot be renamed.
    """
    names = itertools.chain([DAMAGED], (f"{DAMAGED}.{number}" for number in itertools.count(1)))
    # lexists, because a broken link takes the name, too.
    new = next(path for name in names if not os.path.lexists(path := file.with_name(f"{file.name}{name}")))
    try:
        return file.rename(new)
    except FileNotFoundError:
        # Another process has moved or removed it already.
        return None
    except OSError as error:
        raise StoreError(f"{file}: cannot be renamed to {new.name} ({error.strerror})") from error


def check_writable(results: Path) -> None:
    """Raise StoreError unless records can be written to `results`, which need not exist.

    Leaves nothing there.
    """
    folder = results.absolute()
    missing = []
    try:
        while not folder.exists():
            missing.append(folder.name)
            folder = folder.parent
        if not folder.is_dir():
            raise StoreError(f"results={results}: {folder} is a file; must be a folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StoreError(f"results={results}: {folder} is read-only; must be a folder to write in")
        # Folders of these names are made for a moment, as /proc and some disks do not tell the truth.
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as trial:
            for name in missing:
                Path(trial, name).mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"results={results}: {error.strerror}; must be a folder to write in") from error


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """List the entries of a folder by name; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            # Sorted, because each file system lists in an order of its own.
            return iter(sorted(entries, key=lambda entry: entry.name))
    except (FileNotFoundError, NotADirectoryError):
        return iter(())
    except OSError as error:
        raise StoreError(f"{folder}: cannot be listed ({error.strerror})") from error


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    with suppress(OSError):  # a loop of links
        return entry.is_dir()
    return False


def _size(file: Path) -> int:
    with suppress(FileNotFoundError):  # it has just been removed
        return file.lstat().st_size
    return 0
