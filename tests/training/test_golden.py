"""Small trials with recorded numbers (`golden.json`), separate for each engine.

Losses are compared on every machine, to nine digits. The bits of the weights are compared only if the engine,
its version and the processor's vectors are the recorded ones: they differ elsewhere.

If a test fails because of an intended change of the numbers, raise the version of the engine in its class in
src/sweep/engines, or NUMERICS_VERSION in src/sweep/config/cell.py if both engines change, so that older
records are not mistaken for the same. Then renew the file: python tests/training/test_golden.py
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.config.cell import NUMERICS_VERSION
from sweep.config.schema import (
    Config,
    EvaluationConfig,
    OptimizerConfig,
    ParallelConfig,
    RegularizationConfig,
    ScheduleConfig,
)
from sweep.data import datasets
from sweep.data.preprocessing import PreparedData, prepare
from sweep.data.settings import DataConfig
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.result import TrialResult
from sweep.training.trainer import train_block

FILE = Path(__file__).with_name("golden.json")
DATA = DataConfig(train_size=600, validation_size=200, test_size=300)
TRIALS: dict[str, dict[str, Any]] = {
    "momentum": {
        "activation": "tanh",
        "momentum": 0.9,
        "learning_rate": 0.05,
        "regularization": RegularizationConfig("l2", 1e-3),
        "schedule": ScheduleConfig("inverse_epoch", a=1.0, b=0.2),
    },
    "adam": {
        "activation": "relu",
        "output": "sigmoid",
        "loss": "binary_cross_entropy",
        "optimizer": OptimizerConfig("adam"),
        "learning_rate": 0.01,
        "regularization": RegularizationConfig("l1", 1e-4),
    },
    "sgd": {"activation": "sigmoid", "learning_rate": 0.2, "vary": ["init"]},
    "one example": {"activation": "tanh", "momentum": 0.5, "learning_rate": 0.01, "batch_size": 1},
}
ENGINES = {"numpy": "numpy", "compiled": "numba"}  # name in a record: value of parallel.kernels
CASES = [(trial, engine) for trial in TRIALS for engine in ENGINES]


def train(trial: str, engine: str, data: PreparedData) -> TrialResult:
    """Train seed 3 for thirty steps."""
    config = Config(
        hidden=8,
        initializer="he",
        max_iterations=30,
        precision="float64",
        evaluation=EvaluationConfig(every=10, at_start=True, parts=["train", "test"]),
        parallel=ParallelConfig(kernels=ENGINES[engine]),
        **{"batch_size": 128, **TRIALS[trial]},
    )
    (result,) = train_block(problem_for(config, data), [3], data)
    return result


@pytest.mark.parametrize(("trial", "engine"), CASES)
def test_golden_numbers(trial: str, engine: str, small_mnist64: PreparedData) -> None:
    """The same configuration and seed give the recorded numbers."""
    written = json.loads(FILE.read_text(encoding="utf-8"))[engine]
    result = train(trial, engine, small_mnist64)
    assert result.engine.name == engine
    hint = "numbers changed: if that is intended, raise `numerics` of this engine in src/sweep/engines"
    losses = written["losses"][trial]
    for part in ("train", "test"):
        np.testing.assert_allclose(result.curves[f"{part}_loss"], losses[part], rtol=1e-9, err_msg=hint)
    assert written["numerics"] == [NUMERICS_VERSION, result.engine.numerics], "renew golden.json"
    if result.engine.version in written["weights_sha256"]:
        assert result.weights_sha256 == written["weights_sha256"][result.engine.version][trial], hint


def test_golden_engines() -> None:
    """The file holds numbers for the engines of the package and for no others."""
    assert set(json.loads(FILE.read_text(encoding="utf-8"))) == set(ENGINES)


def write_down() -> None:
    """Renew golden.json with the numbers of this machine; bits of others stay if the versions do."""
    data = prepare(datasets.load(DATA), DATA, "float64", rng=generator(Config(), 0, Stream.SPLIT))
    before = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    golden = {}
    for engine in ENGINES:
        results = {trial: train(trial, engine, data) for trial in TRIALS}
        info = results["sgd"].engine
        numerics = [NUMERICS_VERSION, info.numerics]
        old = before.get(engine, {})
        bits = old.get("weights_sha256", {}) if old.get("numerics") == numerics else {}
        golden[engine] = {
            "numerics": numerics,
            "losses": {
                trial: {part: result.curves[f"{part}_loss"] for part in ("train", "test")}
                for trial, result in results.items()
            },
            "weights_sha256": bits
            | {info.version: {trial: result.weights_sha256 for trial, result in results.items()}},
        }
    FILE.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_down()
