"""Where records lie, and what each file of a store is: the only place that decides it.

    <results>/<cell id>/<seed>.parquet             the record of a trial
    <results>/<cell id>/records-<digest>.parquet   many records of the cell (see `compact`)
    <results>/<cell id>/<seed>.failed              why a trial has no record (see `failures`)
    ….damaged, ….damaged.1, …                      set aside, because it was no such record

Names have one form only: `007.parquet` is nobody's. Links, folders and devices are no records.
"""

import itertools
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sweep.core.errors import StoreError
from sweep.system.files import is_temporary

RECORD, FAILED, DAMAGED = ".parquet", ".failed", ".damaged"
_CELL = re.compile(r"[0-9a-f]{16}")
_OF_SEED = re.compile(r"(0|[1-9][0-9]*)(\.parquet|\.failed)")
_COMPACT = re.compile(r"records-[0-9a-f]{16}\.parquet")
_SET_ASIDE = re.compile(r".+\.parquet\.damaged(\.[1-9][0-9]*)?", re.DOTALL)


@dataclass(frozen=True)
class Contents:
    """The files in the folder of a cell, by what their names say; none of them has been opened.

    `loose` and `failed` map a seed to its file. `compact` are files with many records, `set_aside` files that
    turned out to be no records. `temporary` files are being written, or were left by a process that died.
    `strangers` look like records but are none: `0 (1).parquet`, a folder, a link. Anything else is not
    listed.
    """

    folder: Path
    loose: dict[int, Path] = field(default_factory=dict)
    compact: tuple[Path, ...] = ()
    failed: dict[int, Path] = field(default_factory=dict)
    set_aside: tuple[Path, ...] = ()
    temporary: tuple[Path, ...] = ()
    strangers: tuple[Path, ...] = ()

    @property
    def cell(self) -> str:
        """The id of the cell."""
        return self.folder.name

    @property
    def records(self) -> tuple[Path, ...]:
        """All files that should hold records of the cell."""
        return (*self.compact, *self.loose.values())

    @property
    def own(self) -> tuple[Path, ...]:
        """All files but strangers, records last."""
        return (*self.temporary, *self.failed.values(), *self.set_aside, *self.records)

    @property
    def size(self) -> int:
        """The bytes of all files but strangers."""
        return sum(map(_size, self.own))


def path(results: Path, cell: str, seed: int) -> Path:
    """The file for the record of a trial."""
    return results / cell / f"{seed}{RECORD}"


def compact_path(results: Path, cell: str, digest: str) -> Path:
    """The file for many records of a cell, named by the digest of its contents."""
    return results / cell / f"records-{digest[:16]}{RECORD}"


def cells(results: Path) -> list[str]:
    """The ids of the cells that have a folder in the store. Raises StoreError if it cannot be listed."""
    return [entry.name for entry in _listed(results) if _CELL.fullmatch(entry.name) and _is_folder(entry)]


def scan(results: Path, cell: str) -> Contents:
    """The files of a cell, in the order of seeds and names; none if it has no folder.

    Raises StoreError if the folder cannot be listed.
    """
    loose: dict[int, Path] = {}
    failed: dict[int, Path] = {}
    compact, set_aside, temporary, strangers = [], [], [], []
    folder = results / cell
    for entry in _listed(folder):
        name, file = entry.name, folder / entry.name
        if _SET_ASIDE.fullmatch(name):
            set_aside.append(file)
        elif not entry.is_file(follow_symlinks=False):
            if RECORD in name.casefold():
                strangers.append(file)
        elif found := _OF_SEED.fullmatch(name):
            (loose if found[2] == RECORD else failed)[int(found[1])] = file
        elif _COMPACT.fullmatch(name):
            compact.append(file)
        elif is_temporary(name):
            temporary.append(file)
        elif RECORD in name.casefold():
            strangers.append(file)
    return Contents(
        folder,
        dict(sorted(loose.items())),
        tuple(compact),
        dict(sorted(failed.items())),
        tuple(set_aside),
        tuple(temporary),
        tuple(strangers),
    )


def compact(results: Path, cell: str) -> tuple[Path, ...]:
    """The files of a cell with many records each, as `scan` lists them."""
    folder = results / cell
    return tuple(
        folder / entry.name
        for entry in _listed(folder)
        if _COMPACT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
    )


def elsewhere(results: Path) -> list[Path]:
    """Records that lie in folders of the store that are no cell's, such as a copy called `backup`."""
    names = [entry.name for entry in _listed(results) if _is_folder(entry)]
    others = [name for name in names if not _CELL.fullmatch(name) and not name.startswith(".")]
    return [file for name in others for file in scan(results, name).loose.values()]


def set_aside(file: Path) -> Path | None:
    """Rename what is no record to `<its name>.damaged`, or `.damaged.1` and so on if that is taken.

    Returns the new path; None if the file is gone. Raises StoreError if it cannot be renamed.
    """
    names = itertools.chain([DAMAGED], (f"{DAMAGED}.{number}" for number in itertools.count(1)))
    new = next(path for name in names if not os.path.lexists(path := file.with_name(f"{file.name}{name}")))
    try:
        return file.rename(new)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{file}: cannot be renamed to {new.name} ({error.strerror})") from error


def check_writable(results: Path) -> None:
    """Raise StoreError unless records can be written to `results`, which need not exist.

    Leaves nothing there. Folders of those names are made for a moment: what /proc and some disks say of
    themselves is not true.
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
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as made:
            for name in missing:
                Path(made, name).mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"results={results}: {error.strerror}; must be a folder to write in") from error


def _listed(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """The entries of a folder, by name; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
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
