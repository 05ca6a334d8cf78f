"""A record belongs to its path: other files in a store are skipped, with a single warning."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.reliability.store_of_trials import copied

import sweep
from sweep.core.errors import StoreWarning
from sweep.store import layout
from sweep.store.state import survey


def copy(name: str) -> Callable[[Path], object]:
    return lambda cell: shutil.copy(cell / "0.parquet", cell / name)


def linked(cell: Path) -> None:
    (cell / "5.parquet").symlink_to("0.parquet")


# Files planted in the folder of a cell, and the warning about them.
FOREIGN: dict[str, tuple[Callable[[Path], object], str | None]] = {
    "seed 0 as 3": (copy("3.parquet"), "1 misfiled (first {cell}/3.parquet)"),
    "a copy by a file manager": (copy("0 (1).parquet"), "1 foreign"),
    "zeros in front": (copy("007.parquet"), "1 foreign"),
    "another script's digit": (copy("².parquet"), "1 foreign"),
    "another script's 3": (copy("٣.parquet"), "1 foreign"),
    "capitals": (copy("4.PARQUET"), "1 foreign"),
    "a Mac's second file": (lambda cell: (cell / "._0.parquet").write_bytes(b"\0\5\26\7"), "1 foreign"),
    "a folder": (lambda cell: (cell / "3.parquet").mkdir(), "1 foreign"),
    "a link": (linked, "1 foreign"),
    "a link to itself": (lambda cell: (cell / "5.parquet").symlink_to("5.parquet"), "1 foreign"),
    "a FIFO": (lambda cell: os.mkfifo(cell / "6.parquet"), "1 foreign"),
    "a seed beyond all numbers": (copy(f"{10**40}.parquet"), "1 misfiled"),
    "notes": (lambda cell: (cell / "notes.txt").write_text("good one"), None),
    "half a record": (lambda cell: (cell / f".7.parquet.{'a' * 32}").write_bytes(b"PAR1"), None),
    "what was set aside": (copy("0.parquet.damaged.2"), None),
    "a copy of the cell": (
        lambda cell: shutil.copytree(cell, cell.with_name("backup")),
        "3 foreign (first {results}/backup/0.parquet)",
    ),
    "a hidden copy": (lambda cell: shutil.copytree(cell, cell.with_name(".trash")), None),
    "a record of another cell": (
        lambda cell: shutil.copytree(cell, cell.with_name("0" * 16)),
        "3 misfiled (first {results}/0000000000000000/0.parquet)",
    ),
    "a file called like a cell": (lambda cell: (cell.with_name("1" * 16)).touch(), None),
    "a loop of links called like a cell": (
        lambda cell: (cell.with_name("2" * 16)).symlink_to("2" * 16),
        None,
    ),
}


@pytest.mark.parametrize("read", [sweep.load, sweep.curves])
@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_skipped(
    name: str, read: Callable[[Path], pd.DataFrame], trained: Path, tmp_path: Path
) -> None:
    """Foreign files are skipped, with a single warning."""
    expected = read(trained)
    cell = copied(trained, tmp_path)
    plant, warning = FOREIGN[name]
    plant(cell)
    if warning is None:
        table = read(tmp_path)
    else:
        with pytest.warns(StoreWarning) as warned:
            table = read(tmp_path)
        assert len(warned) == 1
        assert warning.format(cell=cell, results=tmp_path) in str(warned[0].message).replace("'", "")
    pd.testing.assert_frame_equal(table, expected)
    (folder,) = (folder for folder in survey(tmp_path) if folder.cell == cell.name)
    assert folder.seeds == (0, 1, 2)


def test_scan_sorts_files(trained: Path, tmp_path: Path) -> None:
    """A scan sorts the files of a cell by kind."""
    cell = copied(trained, tmp_path)
    size = sum(file.stat().st_size for file in cell.iterdir())
    for name in ("10.failed", "9.failed", "01.failed", "3.parquet.damaged", f".3.parquet.{'0' * 32}"):
        (cell / name).write_bytes(b"12345")
    (cell / "x.parquet").write_bytes(b"1234567")
    folder = layout.scan(tmp_path, cell.name)
    assert list(folder.loose) == [0, 1, 2]
    assert list(folder.failures) == [9, 10]
    assert [file.name for file in folder.set_aside] == ["3.parquet.damaged"]
    assert [file.name for file in folder.temporary] == [f".3.parquet.{'0' * 32}"]
    assert [file.name for file in folder.foreign] == ["x.parquet"]
    assert folder.size == size + 4 * 5
