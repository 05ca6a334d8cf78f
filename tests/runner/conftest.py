"""Fixtures for the tests of runner: the command as a real process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = (
    *("data.train_size=800", "data.validation_size=100", "data.test_size=200", "epochs=1", "figures=false"),
    *("parallel.n_jobs=1", "parallel.kernels=numpy"),  # nothing to start, nothing to compile
)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return a function that runs `python -m sweep` in the test's folder, and never raises."""

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
