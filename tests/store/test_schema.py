"""The row of a trial that the footer of its record repeats is the row that its columns hold."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import sweep
from sweep.config.schema import Config
from sweep.core.errors import StoreWarning
from sweep.data.preprocessing import PreparedData
from sweep.store import layout, schema, upkeep
from sweep.store.schema import TRIAL
from sweep.store.write import Origin, write_record
from sweep.training.problem import problem_for
from sweep.training.result import TrialResult
from sweep.training.trainer import train_block

# Names of a user's own that look like a footer's keys, and what JSON and Thrift might stumble over.
NAMES = [None, "", 'sweep.sha256\x18@"0', 'sweep.trial\x18{"seed": 7}', "Ärger\x00 ±\n{", "x" * 20_000]
SETTINGS = {"hidden_units": [8]}
CELL = "00000000000000ab"


@pytest.fixture(scope="module")
def result(small_mnist: PreparedData) -> TrialResult:
    (trained,) = train_block(problem_for(Config(hidden=8, epochs=1), small_mnist), [0], small_mnist)
    metrics = {**trained.metrics, "train_loss": np.nan, "test_loss": np.inf}
    del metrics["validation_loss"]
    return replace(trained, metrics=metrics)


@pytest.fixture
def results(tmp_path: Path, result: TrialResult) -> Path:
    """Write a store with one trial for each name."""
    for seed, name in enumerate(NAMES):
        origin = Origin(name, name, "MNIST", ("0", 'a "b"'), "", {"python": name})
        error = 1e-9 / 3 if seed else None
        trial = replace(result, seed=seed, gradient_error=error)
        write_record(tmp_path, CELL, trial, settings=SETTINGS, origin=origin)
    return tmp_path


def without_footer(file: Path) -> None:
    """Write a record again as version 2 did: without the trial in the footer."""
    file.write_bytes(schema.seal(pq.ParquetFile(file).read()))


def test_footer_equals_columns(results: Path) -> None:
    """Footer and columns give the same table."""
    quick = sweep.load(results)
    assert quick["name"].isna().tolist() == [name is None for name in NAMES]
    assert quick["name"].tolist()[1:] == NAMES[1:]
    for file in list(layout.scan(results, CELL).loose.values())[::2]:
        without_footer(file)
    pd.testing.assert_frame_equal(sweep.load(results), quick)
    for file in layout.scan(results, CELL).loose.values():
        without_footer(file)
    pd.testing.assert_frame_equal(sweep.load(results), quick)


def test_footer_equals_parquet(results: Path) -> None:
    """The footer holds what pyarrow alone reads from the columns."""
    for file in layout.scan(results, CELL).loose.values():
        trial = schema.footer_trial(file.read_bytes())
        assert trial is not None
        (row,) = pq.read_table(file, columns=TRIAL.names, partitioning=None).to_pylist()
        assert np.isnan(trial.pop("train_loss"))
        assert np.isnan(row.pop("train_loss"))
        assert trial == row


def test_footer_of_rewritten_table(results: Path) -> None:
    """A table that is written again has a new footer, without the old one's texts."""
    file = layout.record_path(results, CELL, 1)
    without_footer(file)
    data = file.read_bytes()
    assert schema.is_sealed(data, file)
    assert schema.footer_trial(data) is None


def test_gradient_error_round_trip(results: Path) -> None:
    """The gradient error of a trial is read back; a missing one stays missing."""
    errors = sweep.load(results)["gradient_error"]
    assert list(errors.isna()) == [True, *[False] * (len(NAMES) - 1)]
    assert set(errors.dropna()) == {1e-9 / 3}


def test_gradient_error_older_record(results: Path) -> None:
    """An older record has no gradient error."""
    for file in layout.scan(results, CELL).loose.values():
        file.write_bytes(schema.seal(pq.ParquetFile(file).read().drop_columns("gradient_error")))
    assert sweep.load(results)["gradient_error"].isna().all()
    assert len(sweep.curves(results)) == len(NAMES)


def test_pack_metadata(results: Path) -> None:
    """A pack holds its metadata, and no single trial in its footer."""
    file = results / "made" / "on the way" / "records.parquet"
    upkeep.write_pack(results, {CELL: [1, 2]}, file, metadata={"scale": "quick"})
    assert upkeep.pack_metadata(file) == {"scale": "quick"}
    assert schema.footer_trial(file.read_bytes()) is None
    expected = sweep.load(results)
    expected = expected[expected["seed"].isin([1, 2])].reset_index(drop=True)
    pd.testing.assert_frame_equal(sweep.load(file), expected)


@pytest.mark.parametrize("read", [sweep.load, sweep.curves])
def test_pack_among_records(read: Callable[[Path], pd.DataFrame], results: Path) -> None:
    """A pack among the records of a store is misfiled."""
    file = layout.record_path(results, CELL, 99)
    upkeep.write_pack(results, {CELL: [1, 2]}, file, metadata={})
    with pytest.warns(StoreWarning, match=r"1 misfiled \(first '.*/99\.parquet'\)"):
        table = read(results)
    assert len(table.drop_duplicates("seed")) == len(NAMES)
