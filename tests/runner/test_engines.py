"""The engine of a trial is recorded, kept when a cell is resumed, and said where trials differ in it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sweep

SMALL: dict[str, Any] = {
    "hidden": 8,
    "epochs": 1,
    "data": {"train_size": 300, "validation_size": 0, "test_size": 100},
    "parallel.n_jobs": 1,
}
MIXED = "trials of different engines stand in this table"


def engines(folder: Path) -> list[str]:
    return list(sweep.load(folder).sort_values("seed")["engine"])


@pytest.mark.parametrize("first", ["numpy", "numba"])
def test_resumed_by_stored_engine(first: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell is resumed by the engine of its stored trials."""
    sweep.run({**SMALL, "results": str(tmp_path), "seeds": 1, "parallel.kernels": first})
    sweep.run({**SMALL, "results": str(tmp_path), "seeds": 3})
    assert engines(tmp_path) == [{"numpy": "numpy", "numba": "compiled"}[first]] * 3
    assert MIXED not in capsys.readouterr().out


def test_mixed_engines_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of trials by different engines says so."""
    sweep.run({**SMALL, "results": str(tmp_path), "seeds": 1, "parallel.kernels": "numpy"})
    summary = sweep.run({**SMALL, "results": str(tmp_path), "seeds": 3, "parallel.kernels": "numba"})
    assert engines(tmp_path) == ["numpy", "compiled", "compiled"]
    output = " ".join(capsys.readouterr().out.split())  # the sentence goes over several lines
    assert output.count(MIXED) == 1
    sentence = output.partition(MIXED)[2]
    assert sentence.startswith(": 1 by numpy (numpy ")
    assert "; 2 by compiled (numba " in sentence
    assert list(summary["engine"]) == ["compiled, numpy"]


def printed(*arguments: str, **environment: str) -> str:
    """Return the output of Python with these arguments and environment variables."""
    command = [sys.executable, *arguments]
    return subprocess.check_output(command, env={**os.environ, **environment}, text=True)


def test_engine_version_is_stable() -> None:
    """The version of an engine is the same in every process."""
    program = (
        "import scipy.linalg; from sweep.engines.numpy.engine import NumpyEngine as engine;"
        "print(engine.version())"
    )
    assert len({printed("-c", program, PYTHONHASHSEED=str(seed)) for seed in range(1, 5)}) == 1


OWN_ACTIVATION = """
import sys
import sweep
from sweep.nn.activations import ACTIVATIONS, Activation

def backward(delta, output):
    ACTIVATIONS["tanh"].backward(delta, output)

sweep.register("activation", "mine", Activation(ACTIVATIONS["tanh"].apply, backward))
settings = {"hidden": 8, "epochs": 1, "data.train_size": 300, "data.test_size": 100, "parallel.n_jobs": 1}
for activation in ("mine", "tanh"):
    folder = f"{sys.argv[1]}/{activation}"
    own = {"activation": activation, "parallel.kernels": "numba", "seeds": 1, "results": folder}
    for batch_size in (1, 50):
        sweep.run({**settings, **own, "batch_size": batch_size})
    print(activation, *sweep.load(folder)["engine"])
"""


@pytest.mark.slow
def test_recorded_engine_is_the_one_that_ran(tmp_path: Path) -> None:
    """The record names the engine that ran, not the one that was asked for: Numba has no formula for a
    foreign activation, so NumPy takes it."""
    script = tmp_path / "mine.py"
    script.write_text(OWN_ACTIVATION)
    lines = printed(str(script), str(tmp_path)).splitlines()
    assert "mine numpy numpy" in lines
    assert "tanh compiled compiled" in lines


@pytest.mark.parametrize("regularization", ["none", "l2"])
def test_single_examples_are_compiled(regularization: str, tmp_path: Path) -> None:
    """Mini-batches of one example are compiled, with a penalty, too."""
    penalised = {**SMALL, "batch_size": 1, "regularization": regularization, "parallel.kernels": "numba"}
    sweep.run({**penalised, "results": str(tmp_path), "seeds": 1})
    assert engines(tmp_path) == ["compiled"]
