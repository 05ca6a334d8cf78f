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


def test_a_record_holds_what_the_trainer_returned(tmp_path: Path, small_mnist: PreparedData) -> None:
    (result,) = train_block(problem_for(CONFIG, small_mnist), [4], small_mnist)
    write_record(tmp_path, "abc", {"hidden_units": [8]}, result, ORIGIN)
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


def test_parts_that_were_not_evaluated_are_missing(tmp_path: Path, small_mnist: PreparedData) -> None:
    config = Config(hidden=8, epochs=1, evaluation=EvaluationConfig(parts=["test"]))
    (result,) = train_block(problem_for(config, small_mnist), [0], small_mnist)
    write_record(tmp_path, "abc", {}, result, ORIGIN)
    row = pd.read_parquet(tmp_path / "abc" / "0.parquet").iloc[0]
    assert pd.isna(row["train_accuracy"])
    assert row["curve_train_accuracy"] is None


def test_records_are_whole_files(tmp_path: Path, small_mnist: PreparedData) -> None:
    for result in train_block(problem_for(CONFIG, small_mnist), [0, 12], small_mnist):
        write_record(tmp_path, "abc", {}, result, ORIGIN)
    (tmp_path / "abc" / ".7.parquet.123").write_bytes(b"half a record")
    assert list(layout.scan(tmp_path, "abc").loose) == [0, 12]
    assert layout.scan(tmp_path, "other").loose == {}


def test_a_process_killed_while_writing_leaves_no_record(tmp_path: Path) -> None:
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
(result,) = train_block(problem_for(Config(hidden=4, epochs=1, batch_size=10), prepared), [0], prepared)
os.fsync = lambda descriptor: os._exit(9)
write_record(Path(sys.argv[1]), "abc", {}, result, Origin(None, None, "MNIST", (), "", {}))
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == 9
    assert layout.scan(tmp_path, "abc").loose == {}
    assert not (tmp_path / "abc" / "0.parquet").exists()


def test_a_record_that_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
from sweep.config.schema import Config
from sweep.data.settings import DataConfig
from sweep.store.write import Origin, write_record
from sweep.runner.shared_data import load_own
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block
config = Config(hidden=4, epochs=1, batch_size=10, data=DataConfig(train_size=100, test_size=50))
data = load_own(config, 0)
(result,) = train_block(problem_for(config, data), [0], data)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_record(Path(sys.argv[1]), "abc", {}, result, Origin(None, None, "MNIST", (), "", {}))
except OSError as error:
    print(error.strerror)
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n"
    assert list((tmp_path / "abc").iterdir()) == []


def test_a_results_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(StoreError, match="is a file; must be a folder"):
        layout.check_writable(tmp_path / "results" / "deeper")


def test_checking_creates_nothing(tmp_path: Path) -> None:
    layout.check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
