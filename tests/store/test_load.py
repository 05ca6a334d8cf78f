"""Tidy tables from a real sweep's records."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sweep
from sweep.core.errors import StoreError
from sweep.store.load import load_test_outcomes
from sweep.store.schema import VERSION, seal

CELL = "00000000000000ab"
SINGLE = {"data": {"train_size": 500, "validation_size": 100, "test_size": 200}, "epochs": 3}
SWEEP = {
    "data": {"train_size": 500, "validation_size": 100, "test_size": 200},
    "epochs": 3,
    "seeds": 2,
    "parallel": {"n_jobs": 1},
    "grid": {"union": [{"product": {"hidden": [8, [12, 6]]}}, {"product": {"optimizer": ["adam"]}}]},
}


@pytest.fixture(scope="session")
def results(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A store of three cells of two seeds, one of them with a list of hidden units."""
    return once("loaded", lambda folder: sweep.run({**SWEEP, "results": str(folder)}))


def test_load_rows_and_settings(results: Path) -> None:
    """`load` gives one row a trial, with its settings."""
    trials = sweep.load(results)
    assert len(trials) == 6
    assert trials.duplicated(["cell", "seed"]).sum() == 0
    assert set(trials["hidden"].map(str)) == {"8", "[12,6]", "128"}
    assert sorted(trials["depth"]) == [1, 1, 1, 1, 2, 2]
    assert sorted(trials["optimizer"]) == ["adam"] * 2 + ["sgd"] * 4
    assert (trials["data.train_size"] == 500).all()
    assert trials["test_accuracy"].between(0, 1).all()
    assert trials.groupby(["hidden", "optimizer"], dropna=False).size().sum() == 6


def test_curves_end_in_the_metrics(results: Path) -> None:
    """Curves have one row an evaluation; the last one holds the trial's metrics."""
    curves = sweep.curves(results)
    assert len(curves) == 6 * 3
    assert curves["test_accuracy"].dtype == np.float64
    last = curves[curves["epoch"] == 3].set_index(["cell", "seed"])["test_accuracy"]
    final = sweep.load(results).set_index(["cell", "seed"])["test_accuracy"]
    pd.testing.assert_series_equal(last.sort_index(), final.sort_index())


def test_outcomes_count_every_example(results: Path) -> None:
    """A confusion matrix counts every test example once."""
    reports = load_test_outcomes(results)
    trials = sweep.load(results)
    for confusion, accuracy in zip(reports["confusion"], trials["test_accuracy"], strict=True):
        matrix = np.reshape(confusion, (10, 10))
        assert matrix.sum() == 200
        assert matrix.trace() / 200 == pytest.approx(accuracy)


def test_load_missing_folder(tmp_path: Path) -> None:
    """A missing folder is a one-line error."""
    with pytest.raises(StoreError, match="no such folder"):
        sweep.load(tmp_path / "nowhere")


def test_load_empty_store(tmp_path: Path) -> None:
    """An empty store loads as an empty table."""
    assert len(sweep.load(tmp_path)) == 0
    assert len(sweep.curves(tmp_path)) == 0


def first_schema(record: pa.Table) -> pa.Table:
    """Return a record as the first versions wrote it: without schema, digest and engine."""
    new = ["schema", "engine", "engine_version", "engine_numerics", "name", "experiment", "data_label"]
    new += ["class_names", "began", "test_examples", "test_examples_sha256", "test_correct", "gradient_error"]
    old = record.drop_columns(new).replace_schema_metadata(None)
    return old.rename_columns([{"epochs_run": "epochs"}.get(name, name) for name in old.column_names])


def test_load_older_records(results: Path, tmp_path: Path) -> None:
    """Older records load in the order of seeds, with missing values for the columns that they lack."""
    record = first_schema(pq.ParquetFile(next(results.glob("*/0.parquet"))).read())
    cell = record["cell"][0].as_py()
    (tmp_path / cell).mkdir()
    for seed in range(250):
        row = record.set_column(record.schema.get_field_index("seed"), "seed", pa.array([seed]))
        pq.write_table(
            row.drop_columns("kept_epoch") if seed == 120 else row, tmp_path / cell / f"{seed}.parquet"
        )
    trials = sweep.load(tmp_path)
    assert list(trials["seed"]) == list(range(250))
    assert list(trials.loc[trials["kept_epoch"].isna(), "seed"]) == [120]
    assert (trials["schema"] == 1).all()
    assert (trials["epochs_run"] == 3).all()
    assert trials[["engine", "engine_version", "test_examples"]].isna().all(axis=None)


def test_load_later_version(results: Path, tmp_path: Path) -> None:
    """A record of a later version is refused by name."""
    record = pq.ParquetFile(next(results.glob("*/0.parquet"))).read()
    later = record.set_column(
        record.schema.get_field_index("schema"), "schema", pa.array([VERSION + 1], pa.int64())
    )
    (tmp_path / CELL).mkdir()
    (tmp_path / CELL / "0.parquet").write_bytes(seal(later))
    with pytest.raises(StoreError, match=r"0\.parquet: a record of schema 4, made by a later version"):
        sweep.load(tmp_path)


def test_load_bits(results: Path) -> None:
    """With `bits`, each trial tells which test examples it classifies correctly."""
    trials = sweep.load(results, bits=True)
    for correct, accuracy in zip(trials["test_correct"], trials["test_accuracy"], strict=True):
        assert correct.shape == (200,)
        assert correct.mean() == pytest.approx(accuracy)
    assert len(set(trials["test_examples_sha256"])) == 1
    again = sweep.train({**SINGLE, "hidden": 8}, seed=1)
    labels = again.predict(again.data.test.features) == again.data.test.labels
    (row,) = trials[(trials["hidden"] == "8") & (trials["seed"] == 1)].to_dict("records")
    np.testing.assert_array_equal(row["test_correct"], labels)


def test_load_newer_setting(results: Path) -> None:
    """A setting that is newer than some records has its default in their rows."""
    assert (sweep.load(results)["data.test_subset"] == "random").all()


def test_load_mixed_setting(results: Path) -> None:
    """A setting that is a number in some rows and a text in others is a text in all."""
    assert set(sweep.load(results)["hidden"].map(type)) == {str}


def test_load_keeps_none_names(results: Path) -> None:
    """A name such as "none" is not read as a missing value."""
    assert (sweep.load(results)["regularization"] == "none").all()
