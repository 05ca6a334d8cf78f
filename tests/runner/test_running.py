"""A running sweep is seen while it trains, and gone with it. All in real processes."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweep.runner.provenance import FOLDER, mark_running, running_sweeps
from sweep.system import files

pytestmark = pytest.mark.skipif(not files.LOCKS, reason="nobody is seen without locks")

TRAINING = """
import sys
from pathlib import Path
from sweep.runner.provenance import mark_running
with mark_running(Path(sys.argv[1]), 12, experiment="wei/width", name="mine"):
    print("running", flush=True)
    sys.stdin.read()
"""


@contextmanager
def training(results: Path, *prefix: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that trains in a store until its input ends."""
    command = [*prefix, sys.executable, "-c", TRAINING, str(results), "SECRET=1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        yield process


def test_running_until_the_end(tmp_path: Path) -> None:
    """A running sweep is seen until it ends."""
    assert running_sweeps(tmp_path) == []
    with training(tmp_path) as first, training(tmp_path) as second:
        seen = running_sweeps(tmp_path)
        assert {sweep.process for sweep in seen} == {first.pid, second.pid}
        for sweep in seen:
            assert (sweep.host, sweep.trials, sweep.command) == (platform.node(), 12, "python")
            assert (sweep.experiment, sweep.name) == ("wei/width", "mine")
        (text, _) = (file.read_text() for file in (tmp_path / FOLDER).iterdir())
        assert "SECRET" not in text
        first.kill()
        first.wait()
        assert [sweep.process for sweep in running_sweeps(tmp_path)] == [second.pid]
        assert len(list((tmp_path / FOLDER).iterdir())) == 2
        with mark_running(tmp_path, 1):
            assert {sweep.process for sweep in running_sweeps(tmp_path)} == {second.pid, os.getpid()}
            assert len(list((tmp_path / FOLDER).iterdir())) == 2
    assert running_sweeps(tmp_path) == []
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_concurrent_queries(tmp_path: Path) -> None:
    """Two processes that ask at the same time do not take each other for a sweep."""
    with training(tmp_path) as process:
        process.kill()
        process.wait()
    (left,) = (tmp_path / FOLDER).iterdir()
    asking = (
        f"from sweep.system.files import is_unlocked; from pathlib import Path; file = Path({str(left)!r})\n"
    )
    asking += "print(all(is_unlocked(file) for _ in range(20000)))"
    both = [
        subprocess.Popen([sys.executable, "-c", asking], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [process.communicate()[0] for process in both] == ["True\n"] * 2


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"host": 1}', b"\xff", b"[" * 100_000])
def test_foreign_marks(tmp_path: Path, content: bytes) -> None:
    """Foreign files among the marks are ignored."""
    (tmp_path / FOLDER).mkdir()
    file = tmp_path / FOLDER / "a.json"
    file.write_bytes(content)
    with file.open("rb+") as opened:
        assert files.try_lock(opened)
        os.mkfifo(tmp_path / FOLDER / "pipe.json")
        (tmp_path / FOLDER / "folder.json").mkdir()
        assert running_sweeps(tmp_path) == []
        with mark_running(tmp_path, 1):
            assert [sweep.process for sweep in running_sweeps(tmp_path)] == [os.getpid()]


def test_mark_in_read_only_store(tmp_path: Path) -> None:
    """A store that cannot be written to gets no mark, and no error."""
    (tmp_path / "file").touch()
    for results in (tmp_path / "file", Path("/proc/none")):
        with mark_running(results, 1):
            assert running_sweeps(results) == []


def test_mark_without_locks(tmp_path: Path) -> None:
    """A store without locks gets no mark, and no error."""
    before = "import sys; sys.platform = 'win32'\n"
    done = subprocess.run(
        [sys.executable, "-c", before + TRAINING, str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("running\n", "")
    assert list((tmp_path / FOLDER).iterdir()) == []
