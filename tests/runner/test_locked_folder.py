"""Folders of living processes stay, those of killed ones go. All in real processes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweep.runner.shared_data import locked_folder, shared_data

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is cleaned without flock")

HOLDING = """
import sys, time
from sweep.runner.shared_data import shared_data
with shared_data() as shared:
    print(shared.folder, flush=True)
    sys.stdin.read()
"""
NEW_PROCESS_NUMBERS = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


@contextmanager
def holding(temporary: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Start a process that holds a folder below `temporary` until its input ends; yield both."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


def another(temporary: Path, *prefix: str) -> Path:
    """Run a second process, which removes orphans and holds a folder; return that folder."""
    done = subprocess.run(
        [*prefix, sys.executable, "-c", HOLDING],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip())


def can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NEW_PROCESS_NUMBERS, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.part(1)
@pytest.mark.parametrize("prefix", [[], NEW_PROCESS_NUMBERS], ids=["beside", "other process numbers"])
def test_orphans_are_removed(tmp_path: Path, prefix: list[str]) -> None:
    """The folder of a living process stays; that of a killed one is removed."""
    if prefix and not can_unshare():
        pytest.skip("process numbers cannot be set apart here")
    with holding(tmp_path) as (process, folder):
        assert folder.parent == tmp_path
        assert another(tmp_path, *prefix) != folder
        assert list(tmp_path.iterdir()) == [folder]
        os.killpg(process.pid, signal.SIGKILL)  # and with it the process that cleans up after it
        process.wait()
        assert folder.is_dir()
        another(tmp_path, *prefix)
        assert list(tmp_path.iterdir()) == []


def test_killed_alone(tmp_path: Path) -> None:
    """If a process alone is killed, loky's cleaner removes its folder at once."""
    with holding(tmp_path) as (process, folder):
        (folder / "deeper").mkdir()
        process.kill()
        process.wait()
        end = time.monotonic() + 5
        while folder.exists() and time.monotonic() < end:
            time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []


def test_normal_end(tmp_path: Path) -> None:
    """A process that ends removes its folder."""
    with holding(tmp_path) as (process, folder):
        (folder / "deeper").mkdir()
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    assert list(tmp_path.iterdir()) == []


def test_foreign_folders_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that are not ours stay."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    old = (
        tmp_path / f"sweep-data-{dead.pid}-x"
    )  # of an older version, perhaps of a sweep in another container
    other = tmp_path / "sweep-other"
    precious = tmp_path / "precious"
    for folder in (old, other, precious):
        folder.mkdir()
    (other / "lock").touch()
    (precious / "lock").touch()
    link = tmp_path / "sweep-data-link"
    link.symlink_to(precious)
    (tmp_path / "sweep-data-file").touch()
    before = sorted(tmp_path.rglob("*"))
    with shared_data() as shared:
        assert shared.folder.is_dir()
    assert sorted(tmp_path.rglob("*")) == before


def test_folder_not_locked_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not locked yet is left alone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    new = tmp_path / "sweep-data-new"
    new.mkdir()
    (new / "lock.new").touch()
    with locked_folder("sweep-data-") as folder:
        assert new.is_dir()
        assert (folder / "lock").is_file()
    assert list(tmp_path.iterdir()) == [new]
