"""Keep a store in order: compact a cell's records, pack records for a report, remove what its owner names.

One file a trial is safe to write, and slow to read by the ten thousand. `compact` writes all records of a
cell into one new file, `<results>/<cell id>/records-<digest>.parquet`, reads it back, and only then removes
the files that it was made of. It needs no lock, and can be killed at any moment:

- A file of many records is never changed, and its name is a digest of its content.
- A file is removed only when another one that holds its trials is on disk. A trial in two files counts once.
- Writers only add files of single trials. `read.read_cell` looks again at a folder that has changed.

`write_pack` writes many records, of several cells, to one file, such as the one beside a report.
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
from sweep.store.layout import CellFolder
from sweep.store.read import compact_rows, file_bytes, read_cell, read_records
from sweep.store.schema import SCHEMA
from sweep.system import files
from sweep.system.files import is_unlocked

_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "write_statistics": False,
    "store_schema": False,
    "data_page_version": "2.0",
}


@dataclass(frozen=True)
class Compacted:
    """The work of `compact`: cells changed, records in them, and bytes of their files before and after."""

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

    Files that are no records stay where they are. Raises StoreError if a cell cannot be read or written; the
    cells before it are done.
    """
    total = Compacted()
    for cell in layout.cells(results) if cells is None else _existing(results, cells):
        total += _compact(results, cell)
    return total


def _existing(results: Path, cells: Iterable[str]) -> list[str]:
    existing, names = layout.cells(results), list(cells)
    for cell in names:
        if cell not in existing:
            raise StoreError(f"cell={cell}: no such cell in {results}{nearest(cell, existing)}")
    return names


def _compact(results: Path, cell: str) -> Compacted:
    before = layout.scan(results, cell)
    # Noted before reading: a file that a writer replaces meanwhile is not the one that was read.
    identities = {file: _identity(file) for file in before.records}
    size = before.size
    folder, table = read_cell(results, cell, SCHEMA.names)
    faulty = {*folder.damaged, *folder.misplaced}
    sources = [file for file in folder.records if file not in faulty]
    if not set(sources).difference(before.compact) and len(sources) < 2:
        return Compacted()
    new = _write_compact(results, cell, table)
    for file in sources:
        if file != new and identities.get(file) == _identity(file):
            file.unlink(missing_ok=True)
    return Compacted(1, len(table), size, layout.scan(results, cell).size)


def _write_compact(results: Path, cell: str, table: pa.Table) -> Path:
    """Write a file of these records, and read it back. Raises StoreError if it differs from `table`."""
    content = schema.seal(table, **_OPTIONS)
    file = layout.compact_path(results, cell, hashlib.sha256(content).hexdigest())
    try:
        files.write(file, content)
    except OSError as error:
        raise StoreError(f"{file.parent}: {error.strerror or error}; its records stay as they are") from error
    back = compact_rows(file, file_bytes(file), ["cell", "seed", "weights_sha256"])
    if not back.equals(table.select(back.column_names)):
        raise StoreError(f"{file}: not what was written; the records stay as they are")
    return file


def _identity(file: Path) -> tuple[int, ...] | None:
    """Return numbers that tell a file from one that replaces it; None if there is no file."""
    with suppress(FileNotFoundError):
        status = file.lstat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    return None


def write_pack(
    results: Path, seeds: Mapping[str, Iterable[int]], file: Path, *, metadata: Mapping[str, str]
) -> None:
    """Write all columns of the records of these cells' seeds to one file, with the texts of `metadata`.

    Raises StoreError if a record is missing or cannot be read.
    """
    trials = {(cell, seed) for cell, numbers in seeds.items() for seed in numbers}
    table = read_records(results, seeds, SCHEMA.names)
    stored = list(zip(table["cell"].to_pylist(), table["seed"].to_pylist(), strict=True))
    for cell, seed in sorted(trials.difference(stored)):
        raise StoreError(f"{layout.record_path(results, cell, seed)}: no such record")
    table = table.filter(pa.array([trial in trials for trial in stored]))
    files.write(file, schema.seal(table, metadata, compression="zstd", compression_level=19))


def pack_metadata(file: Path) -> dict[str, str]:
    """Return the texts of `metadata` that `write_pack` wrote to a file."""
    data = file_bytes(file)
    schema.is_sealed(data, file)
    return schema.footer_metadata(schema.open_parquet(data, file))


@dataclass(frozen=True)
class Removed:
    """The number of files that were removed, and their size in bytes."""

    files: int
    size: int


_Kind = Callable[[CellFolder], Iterable[Path]]
KINDS: dict[str, _Kind] = {
    "failed": lambda folder: folder.failures.values(),
    "damaged": lambda folder: folder.set_aside,
    "stale": lambda folder: filter(is_unlocked, folder.temporary),
}


def remove_kind(results: Path, kind: str) -> Removed:
    """Remove all files of one of KINDS from a store. Raises StoreError if one cannot be removed."""
    folders = [layout.scan(results, cell) for cell in layout.cells(results)]
    return _remove([(folder.path, list(KINDS[kind](folder))) for folder in folders])


def remove_cell(results: Path, cell: str) -> Removed:
    """Remove the records of a cell and everything else of ours in its folder.

    Records go last, so that a cell whose removal was stopped can still be removed. Raises StoreError if a
    file cannot be removed.
    """
    folder = layout.scan(results, cell)
    return _remove([(folder.path, folder.files)])


def _remove(removals: Iterable[tuple[Path, Sequence[Path]]]) -> Removed:
    """Remove these files of each folder, and folders that are then empty."""
    count = size = 0
    for folder, paths in removals:
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
