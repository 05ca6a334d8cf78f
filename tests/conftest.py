"""What all tests share: one BLAS thread, as in every worker, and small real MNIST."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from sweep.system.startup import ONE_THREAD

# Before NumPy is imported, here and in every process that a test starts.
os.environ.update(ONE_THREAD)

import pytest

from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.preprocessing import PreparedData, prepare
from sweep.data.settings import DataConfig
from sweep.training.problem import Stream, generator

SMALL = DataConfig(train_size=600, validation_size=200, test_size=300)


@pytest.fixture(scope="session")
def small_mnist() -> PreparedData:
    """600 training, 200 validation and 300 test digits of real MNIST, float32, z-score of each image."""
    return prepare(datasets.load(SMALL), SMALL, "float32", rng=generator(Config(), 0, Stream.SPLIT))


@pytest.fixture(scope="session")
def small_mnist64() -> PreparedData:
    """The same digits in float64."""
    return prepare(datasets.load(SMALL), SMALL, "float64", rng=generator(Config(), 0, Stream.SPLIT))


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The counts of tests/reliability as a Markdown table, from all processes of the run."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    rows = [value for report in reports for key, value in report.user_properties if key == "counts"]
    if rows:
        terminalreporter.section("counts of tests/reliability")
        for line in ("| what | counts |", "| --- | --- |", *sorted(rows)):
            terminalreporter.write_line(line)
