"""The same bits for every number of workers; workers that die are in tests/reliability."""

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
    """Train every trial alone in this process; return their weights."""
    return train(tmp_path_factory.mktemp("serial") / "results", 4, n_jobs=1, block_size=1)


@pytest.mark.part(2)
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
def test_weights_by_workers_and_blocks(
    tmp_path: Path, serial: pd.Series, parallel: dict[str, object]
) -> None:
    """Weights do not depend on workers or blocks."""
    pd.testing.assert_series_equal(train(tmp_path, 4, **parallel), serial)


def test_weights_after_resuming(tmp_path: Path, serial: pd.Series) -> None:
    """Weights do not depend on resuming, which trains no stored trial again."""
    train(tmp_path, [2], n_jobs=2)
    records = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.parquet")}
    pd.testing.assert_series_equal(train(tmp_path, 4, n_jobs=2), serial)
    assert len(records) == 4
    assert all(file.stat().st_mtime_ns == written for file, written in records.items())
