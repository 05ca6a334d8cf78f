"""The same bits for every number of workers, and what a killed worker leaves."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import sweep

BASE = {
    "data": {"train_size": 600, "validation_size": 200, "test_size": 200},
    "epochs": 2,
    "grid": {"product": {"hidden": [8, 40], "momentum": [0.0, 0.9]}},
}


def hashes(results: Path) -> pd.Series:
    trials = sweep.load(results)
    return trials.set_index(["cell", "seed"])["weights_sha256"].sort_index()


def train(results: Path, seeds: object, **parallel: object) -> pd.Series:
    sweep.run({**BASE, "seeds": seeds, "results": str(results), "parallel": parallel})
    return hashes(results)


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> pd.Series:
    """The weights of every trial, each trained alone in this process."""
    return train(tmp_path_factory.mktemp("serial") / "results", 4, n_jobs=1, block_size=1)


@pytest.mark.parametrize(
    "parallel",
    [
        {"n_jobs": 1, "block_size": 3},
        {"n_jobs": 2},
        {"n_jobs": 4, "block_size": 2},
        {"n_jobs": 2, "backend": "threading"},
    ],
    ids=str,
)
def test_weights_do_not_depend_on_workers_or_blocks(
    tmp_path: Path, serial: pd.Series, parallel: dict[str, object]
) -> None:
    pd.testing.assert_series_equal(train(tmp_path, 4, **parallel), serial)


def test_weights_do_not_depend_on_resuming(tmp_path: Path, serial: pd.Series) -> None:
    train(tmp_path, [2], n_jobs=2)
    records = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.parquet")}
    pd.testing.assert_series_equal(train(tmp_path, 4, n_jobs=2), serial)
    assert len(records) == 4
    assert all(file.stat().st_mtime_ns == written for file, written in records.items())


def test_a_killed_worker_is_told_and_the_command_goes_on_from_there(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "sweep", "-m", "hidden=8,16,24,32,40,48,56,64", "seeds=1"),
        *("parallel.n_jobs=2", "figures=false", "data.train_size=20000", "epochs=3"),
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as driver:
        while not list(tmp_path.glob("results/*/*.parquet")):
            assert driver.poll() is None
            time.sleep(0.02)
        os.kill(_worker_of(driver.pid), signal.SIGKILL)
        output, errors = driver.communicate(timeout=120)
    assert driver.returncode == 1
    (line,) = [line for line in errors.splitlines() if line.startswith("error:")]
    assert "a worker process died" in line
    assert "the same command goes on from there" in line
    stored = set(tmp_path.glob("results/*/*.parquet"))
    assert 0 < len(stored) < 8
    table = output[output.index("test accuracy %") :].partition("\n\n")[0]
    assert len(table.splitlines()) == 1 + len(stored)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"{8 - len(stored)} of {8 - len(stored)} trials" in done.stdout
    assert len(set(tmp_path.glob("results/*/*.parquet"))) == 8


def _worker_of(driver: int) -> int:
    """A process that the driver started and that has used processor time: a training worker."""
    times = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == driver:
            times[int(folder.name)] = int(fields[11])
    return max(times, key=lambda pid: times[pid])
