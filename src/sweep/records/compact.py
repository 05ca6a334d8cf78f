"""Many records of a cell in one file: `<results>/<cell id>/records-<digest>.parquet`.

One file a trial is safe to write, and slow to read by the ten thousand. `compact` writes all records of a
cell into one new file, reads it back, and only then removes the files that it was made of. It needs no lock,
and can be killed at any moment:

- A file of many records is never changed, and its name is a digest of its content.
- A file is removed only when another one that holds its trials is on disk. A trial in two files counts once.
- Writers only add files of single trials. `read.read_cell` looks again at a folder that has changed.
"""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from sweep import files
from sweep.errors import StoreError, nearest
from sweep.records import footer, store
from sweep.records.read import read_cell
from sweep.records.record_file import file_bytes, many
from sweep.records.schema import SCHEMA

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
    for cell in store.cells(results) if cells is None else _known(results, cells):
        done += _compact(results, cell)
    return done


def _known(results: Path, cells: Iterable[str]) -> list[str]:
    known = store.cells(results)
    for cell in (wanted := list(cells)):
        if cell not in known:
            raise StoreError(f"cell={cell}: no such cell in {results}{nearest(cell, known)}")
    return wanted


def _compact(results: Path, cell: str) -> Compacted:
    before = store.scan(results, cell)
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
    return Compacted(1, len(found.table), size, store.scan(results, cell).size)


def _write(results: Path, cell: str, table: pa.Table) -> Path:
    """Write a file of these records, and read it back. Raises StoreError if it is not what was written."""
    content = footer.seal(table, **_OPTIONS)
    file = store.compact_path(results, cell, hashlib.sha256(content).hexdigest())
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
