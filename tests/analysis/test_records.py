"""Tidy tables from a real sweep's records."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sweep
from sweep.analysis import records
from sweep.errors import StoreError

SWEEP = {
    "data": {"train_size": 500, "validation_size": 100, "test_size": 200},
    "epochs": 3,
    "seeds": 2,
    "parallel": {"n_jobs": 1},
    "grid": {"union": [{"product": {"hidden": [8, [12, 6]]}}, {"product": {"optimizer": ["adam"]}}]},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    sweep.run({**SWEEP, "results": str(folder)})
    return folder


def test_load_gives_one_row_a_trial_with_its_settings(results: Path) -> None:
    trials = sweep.load(results)
    assert len(trials) == 6
    assert trials.duplicated(["cell", "seed"]).sum() == 0
    assert set(trials["hidden"].map(str)) == {"8", "[12,6]", "128"}
    assert sorted(trials["depth"]) == [1, 1, 1, 1, 2, 2]
    assert sorted(trials["optimizer"]) == ["adam"] * 2 + ["sgd"] * 4
    assert (trials["data.train_size"] == 500).all()
    assert trials["test_accuracy"].between(0, 1).all()
    assert trials.groupby(["hidden", "optimizer"], dropna=False).size().sum() == 6


def test_curves_give_one_row_an_evaluation_ending_in_the_trials_metrics(results: Path) -> None:
    curves = sweep.curves(results)
    assert len(curves) == 6 * 3
    assert curves["test_accuracy"].dtype == np.float64
    last = curves[curves["epoch"] == 3].set_index(["cell", "seed"])["test_accuracy"]
    final = sweep.load(results).set_index(["cell", "seed"])["test_accuracy"]
    pd.testing.assert_series_equal(last.sort_index(), final.sort_index())


def test_reports_count_every_test_example_once(results: Path) -> None:
    reports = records.reports(results)
    trials = sweep.load(results)
    for confusion, accuracy in zip(reports["confusion"], trials["test_accuracy"], strict=True):
        matrix = np.reshape(confusion, (10, 10))
        assert matrix.sum() == 200
        assert matrix.trace() / 200 == pytest.approx(accuracy)


def test_a_missing_folder_and_a_damaged_record_are_told_in_one_line(results: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such folder"):
        sweep.load(tmp_path / "nowhere")
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "0.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(StoreError, match=r"0\.parquet: not a readable record"):
        sweep.load(tmp_path)


def test_an_empty_store_loads_as_an_empty_table(tmp_path: Path) -> None:
    assert len(sweep.load(tmp_path)) == 0
    assert len(sweep.curves(tmp_path)) == 0


def test_many_records_load_in_order_though_an_older_one_lacks_a_column(results: Path, tmp_path: Path) -> None:
    record = pq.ParquetFile(next(results.glob("*/0.parquet"))).read()
    (tmp_path / "cell").mkdir()
    for seed in range(250):
        row = record.set_column(record.schema.get_field_index("seed"), "seed", pa.array([seed]))
        pq.write_table(
            row.drop_columns("kept_epoch") if seed == 120 else row, tmp_path / "cell" / f"{seed}.parquet"
        )
    trials = sweep.load(tmp_path)
    assert list(trials["seed"]) == list(range(250))
    assert list(trials.loc[trials["kept_epoch"].isna(), "seed"]) == [120]


def test_names_like_none_stay_names(results: Path) -> None:
    assert (sweep.load(results)["regularization"] == "none").all()
