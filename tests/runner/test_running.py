"""Who is training in a store: seen while it trains, gone with it. All in real processes."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweep.runner.running import FOLDER, running, who
from sweep.system import files

pytestmark = pytest.mark.skipif(not files.LOCKS, reason="nobody is seen without locks")

TRAINING = """
import sys
from pathlib import Path
from sweep.runner.running import running
with running(Path(sys.argv[1]), 12, "wei/width", "mine"):
    print("running", flush=True)
    sys.stdin.read()
"""


@contextmanager
def training(results: Path, *prefix: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that trains in a store until its input ends."""
    command = [*prefix, sys.executable, "-c", TRAINING, str(results), "SECRET=1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        yield process


def test_who_is_training_is_seen_until_it_ends(tmp_path: Path) -> None:
    assert who(tmp_path) == []
    with training(tmp_path) as first, training(tmp_path) as second:
        seen = who(tmp_path)
        assert {each.process for each in seen} == {first.pid, second.pid}
        for each in seen:
            assert (each.host, each.trials, each.command) == (platform.node(), 12, "python")
            assert (each.experiment, each.name) == ("wei/width", "mine")
        (text, _) = (file.read_text() for file in (tmp_path / FOLDER).iterdir())
        assert "SECRET" not in text
        first.kill()
        first.wait()
        assert [each.process for each in who(tmp_path)] == [second.pid]
        assert len(list((tmp_path / FOLDER).iterdir())) == 2
        with running(tmp_path, 1):
            assert {each.process for each in who(tmp_path)} == {second.pid, os.getpid()}
            assert len(list((tmp_path / FOLDER).iterdir())) == 2
    assert who(tmp_path) == []
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_two_who_ask_at_the_same_time_do_not_take_each_other_for_a_sweep(tmp_path: Path) -> None:
    with training(tmp_path) as process:
        process.kill()
        process.wait()
    (left,) = (tmp_path / FOLDER).iterdir()
    asking = (
        f"from sweep.system.files import is_released; from pathlib import Path; file = Path({str(left)!r})\n"
    )
    asking += "print(all(is_released(file) for _ in range(20000)))"
    both = [
        subprocess.Popen([sys.executable, "-c", asking], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [process.communicate()[0] for process in both] == ["True\n"] * 2


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"host": 1}', b"\xff", b"[" * 100_000])
def test_what_is_not_ours_is_ignored(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FOLDER).mkdir()
    file = tmp_path / FOLDER / "a.json"
    file.write_bytes(content)
    with file.open("rb+") as opened:
        assert files.acquire(opened)
        os.mkfifo(tmp_path / FOLDER / "pipe.json")
        (tmp_path / FOLDER / "folder.json").mkdir()
        assert who(tmp_path) == []
        with running(tmp_path, 1):
            assert [each.process for each in who(tmp_path)] == [os.getpid()]


def test_a_store_that_cannot_be_written_to_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for results in (tmp_path / "file", Path("/proc/none")):
        with running(results, 1):
            assert who(results) == []


def test_a_store_without_locks_stops_nobody(tmp_path: Path) -> None:
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
