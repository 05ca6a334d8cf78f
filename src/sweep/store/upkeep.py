"""Many records of a cell in one file: `<results>/<cell id>/records-<digest>.parquet`.

One file a trial is safe to write, and slow to read by the ten thousand. `compact` writes all records of a
cell into one new file, reads it back, and only then removes the files that it was made of. It needs no lock,
and can be killed at any moment:

- A file of many records is never changed, and its name is a digest of its content.
- A file is removed only when another one that holds its trials is on disk. A trial in two files counts once.
- Writers only add files of single trials. `read.read_cell` looks again at a folder that has changed.

[pack] Many records in one compact file, such as the one beside a report.

[removal] Removing from a store what its owner names: cells, failures, files that were set aside, temporary
files.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from sweep.core.errors import StoreError, nearest
from sweep.store import layout, schema
from sweep.store.layout import Contents
from sweep.store.read import file_bytes, many, read, read_cell
from sweep.store.schema import SCHEMA
from sweep.system import files
from sweep.system.files import is_released

_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "write_statistics": False,
    "store_schema": False,
    "data_page_version": "2.0",
}


@dataclass(frozen=True)
class Compacted:
    """What `compact` did.

    The number of cells that it changed, of records in them, and the bytes of all their files before and
    after.
    """

    cells: int = 0
    records: int = 0
    before: int = 0
    after: int = 0

    def __add__(self, other: "Compacted") -> "Compacted":
        return Compacted(
            self.cells + other.cells,
            self.records + other.records,
            self.before + other.before,
            self.after + other.after,
        )


def compact(results: Path, cells: Iterable[str] | None = None) -> Compacted:
    """Move the records of these cells, or of all, into one file each.

    Files that are no records stay where they are. Raises StoreError if a cell cannot be read or written;
    those before it are done.
    """
    done = Compacted()
    for cell in layout.cells(results) if cells is None else _known(results, cells):
        done += _compact(results, cell)
    return done


def _known(results: Path, cells: Iterable[str]) -> list[str]:
    known = layout.cells(results)
    for cell in (wanted := list(cells)):
        if cell not in known:
            raise StoreError(f"cell={cell}: no such cell in {results}{nearest(cell, known)}")
    return wanted


def _compact(results: Path, cell: str) -> Compacted:
    before = layout.scan(results, cell)
    # Seen before they are read: a file that a writer replaces meanwhile is not the one that was read.
    seen = {file: _identity(file) for file in before.records}
    size = before.size
    found = read_cell(results, cell, SCHEMA.names)
    wrong = {*found.damaged, *found.misplaced}
    sources = [file for file in found.contents.records if file not in wrong]
    if not set(sources).difference(before.compact) and len(sources) < 2:
        return Compacted()
    new = _write(results, cell, found.table)
    for file in sources:
        if file != new and seen.get(file) == _identity(file):
            file.unlink(missing_ok=True)
    return Compacted(1, len(found.table), size, layout.scan(results, cell).size)


def _write(results: Path, cell: str, table: pa.Table) -> Path:
    """Write a file of these records, and read it back. Raises StoreError if it is not what was written."""
    content = schema.seal(table, **_OPTIONS)
    file = layout.compact_path(results, cell, hashlib.sha256(content).hexdigest())
    try:
        files.write(file, content)
    except OSError as error:
        raise StoreError(f"{file.parent}: {error.strerror or error}; its records stay as they are") from error
    back = many(file, file_bytes(file), ["cell", "seed", "weights_sha256"])
    if not back.equals(table.select(back.column_names)):
        raise StoreError(f"{file}: not what was written; the records stay as they are")
    return file


def _identity(file: Path) -> tuple[int, ...] | None:
    """What tells a file from one that takes its place; None if there is none."""
    with suppress(FileNotFoundError):
        found = file.lstat()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    return None


def write(results: Path, seeds: Mapping[str, Iterable[int]], file: Path, about: Mapping[str, str]) -> None:
    """Write all columns of the records of these cells' seeds to one file, with texts `about` them.

    Raises StoreError if a record is missing or cannot be read.
    """
    wanted = {(cell, seed) for cell, own in seeds.items() for seed in own}
    table = read(results, seeds, SCHEMA.names)
    pairs = list(zip(table["cell"].to_pylist(), table["seed"].to_pylist(), strict=True))
    for cell, seed in sorted(wanted.difference(pairs)):
        raise StoreError(f"{layout.path(results, cell, seed)}: no such record")
    table = table.filter(pa.array([pair in wanted for pair in pairs]))
    files.write(file, schema.seal(table, about, compression="zstd", compression_level=19))


def about(file: Path) -> dict[str, str]:
    """The texts that `write` was given about the records in a file."""
    data = file_bytes(file)
    schema.is_sealed(data, file)
    return schema.about(schema.opened(data, file))


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
    found = [layout.scan(results, cell) for cell in layout.cells(results)]
    return _remove([(contents.folder, list(KINDS[kind](contents))) for contents in found])


def remove_cell(results: Path, cell: str) -> Removed:
    """Remove the records of a cell and all else that is ours in its folder.

    Records go last: a cell whose removal was stopped is still there to be removed.

    Raises StoreError if a file cannot be removed.
    """
    contents = layout.scan(results, cell)
    return _remove([(contents.folder, contents.own)])


def _remove(found: Iterable[tuple[Path, Sequence[Path]]]) -> Removed:
    """Remove these files of each folder, and folders that are empty then."""
    count = size = 0
    for folder, paths in found:
        if paths and folder.is_symlink():
            raise StoreError(f"{folder}: a link to a folder; nothing is removed there")
        for file in paths:
            try:
                size += file.lstat().st_size
                file.unlink()
            except OSError as error:
                raise StoreError(f"{file}: cannot be removed ({error.strerror})") from error
            count += 1
        with suppress(OSError):  # not empty
            folder.rmdir()
    return Removed(count, size)
