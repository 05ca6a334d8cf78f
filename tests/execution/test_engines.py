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
def test_a_cell_is_resumed_by_the_engine_of_its_stored_trials(
    first: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep.run({**SMALL, "results": str(tmp_path), "seeds": 1, "parallel.kernels": first})
    sweep.run({**SMALL, "results": str(tmp_path), "seeds": 3})
    assert engines(tmp_path) == [{"numpy": "numpy", "numba": "compiled"}[first]] * 3
    assert MIXED not in capsys.readouterr().out


def test_a_table_of_different_engines_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep.run({**SMALL, "results": str(tmp_path), "seeds": 1, "parallel.kernels": "numpy"})
    summary = sweep.run({**SMALL, "results": str(tmp_path), "seeds": 3, "parallel.kernels": "numba"})
    assert engines(tmp_path) == ["numpy", "compiled", "compiled"]
    (line,) = (line for line in capsys.readouterr().out.splitlines() if MIXED in line)
    assert "1 by numpy (numpy " in line
    assert "2 by compiled (numba " in line
    assert list(summary["engine"]) == ["compiled, numpy"]


def test_the_version_of_an_engine_is_the_same_in_every_process() -> None:
    program = (
        "import scipy.linalg; from sweep.engines.numpy.engine import NumpyEngine as Engine;"
        " print(Engine.version())"
    )
    versions = {
        subprocess.check_output(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": str(seed)}
        )
        for seed in range(1, 5)
    }
    assert len(versions) == 1


def test_the_engine_that_ran_is_recorded_not_the_one_that_was_asked_for(tmp_path: Path) -> None:
    """On a processor without fused multiply-adds, NumPy takes mini-batches of several examples."""
    settings = {**SMALL, "seeds": 1, "parallel.kernels": "numba"}
    program = "\n".join(
        f"import sweep; sweep.run({settings | {'batch_size': size, 'results': str(tmp_path / str(size))}})"
        for size in (1, 50)
    )
    generic = {"NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", program], env=os.environ | generic, check=True)
    assert engines(tmp_path / "1") == ["compiled"]
    assert engines(tmp_path / "50") == ["numpy"]
