"""Removing from a store what its owner names: cells, failures, files that were set aside, temporary files."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import StoreError
from sweep.locks import is_released
from sweep.records import store
from sweep.records.store import Contents


@dataclass(frozen=True)
class Removed:
    """How many files were removed, and their size in bytes."""

    files: int
    size: int


_Kind = Callable[[Contents], Iterable[Path]]
KINDS: dict[str, _Kind] = {
    "failed": lambda contents: contents.failed.values(),
    "damaged": lambda contents: contents.set_aside,
    "stale": lambda contents: filter(is_released, contents.temporary),
}


def remove_kind(results: Path, kind: str) -> Removed:
    """Remove all files of one of KINDS from a store. Raises StoreError if one cannot be removed."""
    found = [store.scan(results, cell) for cell in store.cells(results)]
    return _remove([(contents.folder, list(KINDS[kind](contents))) for contents in found])


def remove_cell(results: Path, cell: str) -> Removed:
    """Remove the records of a cell and all else that is ours in its folder.

    Records go last: a cell whose removal was stopped is still there to be removed.

    Raises StoreError if a file cannot be removed.
    """
    contents = store.scan(results, cell)
    return _remove([(contents.folder, contents.own)])


def _remove(found: Iterable[tuple[Path, Sequence[Path]]]) -> Removed:
    """Remove these files of each folder, and folders that are empty then."""
    count = size = 0
    for folder, files in found:
        if files and folder.is_symlink():
            raise StoreError(f"{folder}: a link to a folder; nothing is removed there")
        for file in files:
            try:
                size += file.lstat().st_size
                file.unlink()
            except OSError as error:
                raise StoreError(f"{file}: cannot be removed ({error.strerror})") from error
            count += 1
        with suppress(OSError):  # not empty
            folder.rmdir()
    return Removed(count, size)
