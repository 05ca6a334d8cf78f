"""Files are written whole or not at all, and files of killed writers are removed. In real processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweep.system import files

needs_locks = pytest.mark.skipif(not files.LOCKS, reason="nothing is removed without locks")

WRITING = """
import sys
from pathlib import Path
from sweep.system import files
with files.replacing(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    print(temporary, flush=True)
    sys.stdin.read()
"""
WITHOUT_LOCKS = "import sys; sys.platform = 'win32'\n"
MANY = """
import sys
from pathlib import Path
from sweep.system import files
folder, kind = Path(sys.argv[1]), sys.argv[2]
if kind == "clean":
    while not (folder / "stop").exists():
        files.remove_stale(folder)
else:
    for number in range(int(sys.argv[3])):
        files.write(folder / f"{kind}{number % 10}", f"{number}")
"""


@contextmanager
def writing(file: Path, before: str = "") -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Start a process that has written half a file until its input ends; yield it and its temporary file."""
    with subprocess.Popen(
        [sys.executable, "-c", before + WRITING, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


def test_write_encoding(tmp_path: Path) -> None:
    """Text is written as UTF-8 with plain line ends, bytes as they are."""
    file = tmp_path / "made" / "on the way" / "a.md"
    files.write(file, "± one\ntwo\n")
    assert file.read_bytes() == "± one\ntwo\n".encode()
    files.write(file, b"\x00\r\n")
    assert file.read_bytes() == b"\x00\r\n"
    assert list(file.parent.iterdir()) == [file]


def test_replacing_after_error(tmp_path: Path) -> None:
    """An error leaves the file as it was, and nothing beside it."""
    file = tmp_path / "records.parquet"
    file.write_bytes(b"whole")

    def fail() -> None:
        with files.replacing(file) as temporary:
            temporary.write_bytes(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert file.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [file]


@needs_locks
def test_write_removes_stale_files(
    tmp_path: Path,
) -> None:
    """The next write removes what a killed writer left, but not what is being written."""
    with writing(tmp_path / "killed.md") as (killed, left), writing(tmp_path / "a.md") as (process, half):
        assert files.remove_stale(tmp_path) == 0
        killed.kill()
        killed.wait()
        assert {left, half} == set(tmp_path.iterdir())
        files.write(tmp_path / "b.md", "whole")
        assert {half, tmp_path / "b.md"} == set(tmp_path.iterdir())
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    assert {tmp_path / "a.md": "half", tmp_path / "b.md": "whole"} == {
        file: file.read_text() for file in tmp_path.iterdir()
    }


@needs_locks
def test_foreign_files_stay(tmp_path: Path) -> None:
    """Files that are not ours stay."""
    number = "0123456789abcdef" * 2
    (tmp_path / f".folder.{number}").mkdir()
    (tmp_path / f".link.{number}").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").touch()
    os.mkfifo(tmp_path / f".pipe.{number}")
    for name in (f"..{number}", f".{number}", f"a.{number}", f".a.{number[:-1]}", f".a.{number.upper()}"):
        (tmp_path / name).touch()
    before = set(tmp_path.iterdir())
    assert files.remove_stale(tmp_path) == 0
    assert set(tmp_path.iterdir()) == before
    assert files.remove_stale(tmp_path / "nowhere") == 0


@needs_locks
@pytest.mark.parametrize("times", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_cleaning_beside_writers(times: int, tmp_path: Path) -> None:
    """No writer loses its file to a process that cleans up."""

    def start(kind: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", MANY, str(tmp_path), kind, str(times)]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    cleaning, writers = [start("clean"), start("clean")], [start("a"), start("b")]
    messages = [writer.communicate()[1] for writer in writers]
    (tmp_path / "stop").touch()
    messages += [cleaner.communicate()[1] for cleaner in cleaning]
    assert messages == [""] * 4
    (tmp_path / "stop").unlink()
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        f"{kind}{number % 10}": f"{number}" for kind in "ab" for number in range(times - 10, times)
    }


def test_without_locks(tmp_path: Path) -> None:
    """Without locks, files are written and none is removed."""
    with writing(tmp_path / "a.md", WITHOUT_LOCKS) as (process, left):
        process.kill()
    assert list(tmp_path.iterdir()) == [left]
    with writing(tmp_path / "a.md", WITHOUT_LOCKS) as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0
    assert (tmp_path / "a.md").read_text() == "half"
    assert set(tmp_path.iterdir()) == {left, tmp_path / "a.md"}
