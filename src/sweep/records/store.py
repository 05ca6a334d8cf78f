"""Where records lie: `<results>/<cell id>/<seed>.parquet`."""

import os
from pathlib import Path

from sweep.errors import StoreError


def path(results: Path, cell: str, seed: int) -> Path:
    """The file for the record of a trial."""
    return results / cell / f"{seed}.parquet"


def stored_seeds(results: Path, cell: str) -> set[int]:
    """The seed indices of a cell that have a record."""
    return {int(file.stem) for file in (results / cell).glob("*.parquet") if file.stem.isdigit()}


def files(results: Path) -> list[Path]:
    """The files of all records in the store, sorted by cell and seed."""
    return sorted(results.glob("*/*.parquet"), key=lambda file: (file.parent.name, len(file.stem), file.stem))


def check_writable(results: Path) -> None:
    """Raise StoreError unless records can be written to `results`, which need not exist. Creates nothing."""
    folder = results.absolute()
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise StoreError(f"results={results}: {folder} is a file; must be a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"results={results}: {folder} is read-only; must be a folder to write in")
