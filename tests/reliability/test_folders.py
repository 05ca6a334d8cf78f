"""Folders that fill up, become read-only or lose their permissions in mid-sweep; then there is room again."""

import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from .driver import NO_OVERRIDE, SIXTY, driver, temporary_files, weights
from .scale import Count

FOLDERS = ("results", "multirun", "tmp")

pytestmark = pytest.mark.skipif(
    NO_OVERRIDE != [] and shutil.which("setpriv") is None, reason="no setpriv here"
)


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def remount(mode: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for _ in range(1000):  # busy while a file is being written
            if subprocess.run(
                ["mount", "-o", f"remount,{mode}", folder], capture_output=True, check=False
            ).returncode:
                time.sleep(0.01)
            else:
                return
        raise AssertionError(f"{folder} stays busy")

    return change


FAULTS: dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
    "full": (fill, lambda folder: (folder / "filler").unlink()),
    "read-only": (remount("ro"), remount("rw")),
    "no permission": (lambda folder: folder.chmod(0o000), lambda folder: folder.chmod(0o755)),
}


SHORT = [("results", "no permission")]  # tests/runner has full and read-only folders


@pytest.fixture
def folder(tmp_path: Path, mounted: Callable[[Path, str], Path]) -> Path:
    """Return a folder whose results, multirun and tmp are file systems of their own, of 100 MB each."""
    for name in FOLDERS:
        mounted(tmp_path / name, "100m")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        pytest.param(name, fault, marks=[] if (name, fault) in SHORT else pytest.mark.full)
        for name in FOLDERS
        for fault in FAULTS
    ],
)
def test_folder_fault_in_mid_sweep(folder: Path, name: str, fault: str, count: Count) -> None:
    """A fault of a folder is one line, and the same command goes on when it is mended."""
    prefix = NO_OVERRIDE if fault == "no permission" else []
    spoil, mend = FAULTS[fault]
    with driver(folder, *SIXTY, prefix=prefix) as running:
        while not list(folder.glob("results/*/*.parquet")):
            assert running.process.poll() is None, running.errors.read_text()
            time.sleep(0.01)
        spoil(folder / name)
        code, output, errors = running.ended()
    mend(folder / name)
    assert "Traceback" not in "\n".join(output + errors)
    if code:
        assert code == 1
        (line,) = errors
        named = {"results": "results/", "multirun": "multirun/", "tmp": "TMPDIR="}[name]
        assert line.startswith("error: ")
        assert named in line
    else:
        assert errors == []
    stored = weights(folder / "results")
    assert len(stored) > 0
    with driver(folder, *SIXTY, prefix=prefix) as running:
        again, output, errors = running.ended()
    assert (again, errors) == (0, [])
    then = weights(folder / "results")
    assert len(then) == 60
    assert (then[stored.index] == stored).all()
    assert temporary_files(folder) == []
    assert running.left() == []
    count(f"{name} {fault} in mid-sweep", exit_code=code, stored=len(stored), then=len(then))
