"""The store keeps whole records or none."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sweep.config.schema import Config, EvaluationConfig
from sweep.core.errors import StoreError
from sweep.data.preprocessing import PreparedData
from sweep.store import layout
from sweep.store.write import Origin, write_record
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block

CONFIG = Config(hidden=8, epochs=3)
ORIGIN = Origin("mine", None, "MNIST", tuple("0123456789"), "2026-01-01T00:00:00+00:00", {"python": "3"})


def test_record_holds_result(tmp_path: Path, small_mnist: PreparedData) -> None:
    """A record holds what the trainer returned."""
    (result,) = train_block(problem_for(CONFIG, small_mnist), [4], small_mnist)
    write_record(tmp_path, "abc", result, settings={"hidden_units": [8]}, origin=ORIGIN)
    row = pd.read_parquet(tmp_path / "abc" / "4.parquet").iloc[0]
    assert row["seed"] == 4
    assert row["status"] == "completed"
    assert row["test_accuracy"] == result.metrics["test_accuracy"]
    assert list(row["curve_train_loss"]) == result.curves["train_loss"]
    assert list(row["curve_epoch"]) == [1, 2, 3]
    assert np.array_equal(np.reshape(row["confusion"], (10, 10)), result.test.confusion)
    assert json.loads(row["config"]) == {"hidden_units": [8]}
    assert json.loads(row["provenance"]) == {"python": "3"}
    assert row["parameters"] == 785 * 8 + 9 * 10


def test_record_without_parts(tmp_path: Path, small_mnist: PreparedData) -> None:
    """Parts that were not evaluated are missing from a record."""
    config = Config(hidden=8, epochs=1, evaluation=EvaluationConfig(parts=["test"]))
    (result,) = train_block(problem_for(config, small_mnist), [0], small_mnist)
    write_record(tmp_path, "abc", result, settings={}, origin=ORIGIN)
    row = pd.read_parquet(tmp_path / "abc" / "0.parquet").iloc[0]
    assert pd.isna(row["train_accuracy"])
    assert row["curve_train_accuracy"] is None


def test_scan_skips_half_records(tmp_path: Path, small_mnist: PreparedData) -> None:
    """Half a record is no record."""
    for result in train_block(problem_for(CONFIG, small_mnist), [0, 12], small_mnist):
        write_record(tmp_path, "abc", result, settings={}, origin=ORIGIN)
    (tmp_path / "abc" / ".7.parquet.123").write_bytes(b"half a record")
    assert list(layout.scan(tmp_path, "abc").loose) == [0, 12]
    assert layout.scan(tmp_path, "other").loose == {}


def test_write_killed(tmp_path: Path) -> None:
    """A process that is killed while it writes leaves no record."""
    program = """
import os, sys
from pathlib import Path
import pyarrow.parquet
from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.preprocessing import prepare
from sweep.data.settings import DataConfig
from sweep.store.write import Origin, write_record
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.trainer import train_block
data = DataConfig(train_size=100, validation_size=0, test_size=50)
prepared = prepare(datasets.load(data), data, "float32", rng=generator(Config(), 0, Stream.SPLIT))
problem = problem_for(Config(hidden=4, epochs=1, batch_size=10), prepared)
(result,) = train_block(problem, [0], prepared)
os.fsync = lambda descriptor: os._exit(9)
write_record(
    Path(sys.argv[1]), "abc", result, settings={}, origin=Origin(None, None, "MNIST", (), "", {})
)
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == 9
    assert layout.scan(tmp_path, "abc").loose == {}
    assert not (tmp_path / "abc" / "0.parquet").exists()


def test_write_without_room(tmp_path: Path) -> None:
    """A record that cannot be written whole leaves nothing behind."""
    program = """
import resource, sys
from pathlib import Path
from sweep.config.schema import Config
from sweep.data.settings import DataConfig
from sweep.store.write import Origin, write_record
from sweep.runner.shared_data import load_seed_data
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block
config = Config(hidden=4, epochs=1, batch_size=10, data=DataConfig(train_size=100, test_size=50))
loaded = load_seed_data(config, 0)
(result,) = train_block(problem_for(config, loaded), [0], loaded)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    origin = Origin(None, None, "MNIST", (), "", {})
    write_record(Path(sys.argv[1]), "abc", result, settings={}, origin=origin)
except OSError as error:
    print(error.strerror)
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n"
    assert list((tmp_path / "abc").iterdir()) == []


def test_check_writable_file(tmp_path: Path) -> None:
    """A results folder that is a file is refused."""
    (tmp_path / "results").write_text("")
    with pytest.raises(StoreError, match="is a file; must be a folder"):
        layout.check_writable(tmp_path / "results" / "deeper")


def test_check_writable_leaves_nothing(tmp_path: Path) -> None:
    """The check creates nothing."""
    layout.check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
