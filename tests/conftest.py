"""What all tests share: one BLAS thread, as in every worker, and small real MNIST."""

import gc
import gzip
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from sweep.system.startup import ONE_THREAD

# Before NumPy is imported, here and in every process that a test starts.
os.environ.update(ONE_THREAD)

import numpy as np
import pytest
from tests import processes
from tests.processes import Done

import sweep
from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.preprocessing import PreparedData, prepare
from sweep.data.settings import DataConfig
from sweep.system.files import LOCKS, exclusive_lock
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
def run_cli(tmp_path: Path) -> Callable[..., Done]:
    """Run `sweep <arguments>` in the test's folder, in this process."""
    return partial(processes.run_cli, tmp_path)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Fill a folder once for all processes of a test run: `once("store", fill)` returns that folder."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if LOCKS and "PYTEST_XDIST_WORKER" in os.environ else base

    def filled(name: str, fill: Callable[[Path], object]) -> Path:
        folder = shared / name
        with exclusive_lock(shared / f"{name}.lock"):
            if not folder.exists():
                unfinished = tmp_path_factory.mktemp(name)
                fill(unfinished)
                unfinished.rename(folder)
        return folder

    return filled


@pytest.fixture(scope="session")
def trained_store(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Return a store of four cells of two seeds each, for reading alone: a test copies what it changes."""
    settings = {
        "grid": {"product": {"hidden": [4, 16], "optimizer": ["sgd", "adam"]}},
        "data": {"train_size": 200, "validation_size": 50, "test_size": 50},
        **{"epochs": 1, "seeds": 2, "parallel.n_jobs": 1, "parallel.kernels": "numpy"},
    }
    return once("trained_store", lambda folder: sweep.run({**settings, "results": str(folder)}))


@pytest.fixture
def figure_style() -> Iterator[None]:
    """Draw in the style of all figures."""
    from sweep.report.figures import style  # loads matplotlib, which few tests need

    with style.applied():
        yield


@pytest.fixture(scope="session")
def write_idx() -> Callable[[Path, np.ndarray], None]:
    """Write numbers as bytes to an IDX file, compressed if its name ends in .gz."""

    def write(file: Path, values: np.ndarray) -> None:
        content = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
        content += values.astype(np.uint8).tobytes()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(content, compresslevel=1) if file.suffix == ".gz" else content)

    return write


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


@pytest.hookimpl(tryfirst=True)  # before cases are left out by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases of a grid as slow that are not among those which are always run."""
    grids: dict[tuple[str, str, int], list[pytest.Function]] = {}
    for item in items:
        for name in ("covering", "part"):
            marker = item.get_closest_marker(name)
            if marker is not None and isinstance(item, pytest.Function):
                grids.setdefault((name, item.nodeid.partition("[")[0], *marker.args), []).append(item)
    for (name, _, number_of), cases in grids.items():
        if name == "covering":
            needed = covering([case.callspec.params for case in cases], number_of)
        else:
            needed = {index * len(cases) // number_of for index in range(number_of)}
        for number, case in enumerate(cases):
            if number not in needed:
                case.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Exempt thousands of tests from garbage collection, which would look at them again and again."""
    gc.collect()
    gc.freeze()


def covering(cases: Sequence[Mapping[str, object]], strength: int) -> set[int]:
    """Choose cases, by their numbers, that hold every combination of `strength` values which any case holds.

    Greedy: always the first of those with most combinations that are still missing.
    """
    values = [sorted((name, repr(value)) for name, value in case.items()) for case in cases]
    combinations = [set(itertools.combinations(row, strength)) for row in values]
    missing, chosen = set().union(*combinations), set()
    while missing:
        number = max(range(len(cases)), key=lambda number: len(combinations[number] & missing))
        chosen.add(number)
        missing -= combinations[number]
    return chosen


def pytest_configure(config: pytest.Config) -> None:
    """Keep matplotlib's list of fonts, which takes a second to make, for other processes and runs."""
    if hasattr(config, "cache"):  # not with -p no:cacheprovider
        os.environ.setdefault("MPLCONFIGDIR", str(config.cache.mkdir("matplotlib")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The counts of tests/reliability as a Markdown table, from all processes of the run."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    rows = [value for report in reports for key, value in report.user_properties if key == "counts"]
    if rows:
        terminalreporter.section("counts of tests/reliability")
        for line in ("| what | counts |", "| --- | --- |", *sorted(rows)):
            terminalreporter.write_line(line)
