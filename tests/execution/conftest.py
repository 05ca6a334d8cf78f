"""What the tests of execution share: real processes, and small file systems that can fill up."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = (
    *("data.train_size=800", "data.validation_size=100", "data.test_size=200", "epochs=1", "figures=false"),
    *("parallel.n_jobs=1", "parallel.kernels=numpy"),  # nothing to start, nothing to compile
)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs `python -m sweep` with these arguments in the test's folder; never raises."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "sweep", *arguments],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "160", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def mounted() -> Iterator[Callable[[Path, str], Path]]:
    """Mounts a memory file system of a size ("20m") at a new folder; skips where that is not permitted."""
    folders: list[Path] = []

    def mount(folder: Path, size: str) -> Path:
        folder.mkdir()
        if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip("file systems cannot be mounted here")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("file systems cannot be mounted here")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", "--lazy", folder], check=True)
