"""All code that training needs is compiled ahead, and changed sources are compiled anew."""

import os
import shutil
import subprocess
import sys
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from tests.engines.problems import SETUPS, Setup, choices, data, initial, run

import sweep.engines.compiled
from sweep.engines.numpy.engine import NumpyEngine


def signatures() -> set[tuple[str, object]]:
    """List the signatures that this process has compiled or loaded, of all functions of the engine."""
    folder = Path(sweep.engines.compiled.__file__).parent
    modules = [import_module(f"sweep.engines.compiled.{file.stem}") for file in folder.glob("[!_]*.py")]
    functions: list[Any] = list(chain.from_iterable(vars(module).values() for module in modules))
    return {
        (function.__name__, signature)
        for function in functions
        for signature in getattr(function, "signatures", ())
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup.engine is not NumpyEngine], ids=str)
def test_compilations_are_complete(setup: Setup, dtype: str) -> None:
    """Steps and evaluations compile nothing more, for every choice, from writable and read-only data."""
    features, targets = data(9, 4, dtype)
    for writeable, units in ((True, (9, 4)), (False, (9, 6, 5, 4))):
        features.flags.writeable = targets.flags.writeable = writeable
        for choice in choices():
            problem = setup.problem(units, **choice)
            for compilation in setup.engine.compilations(problem, dtype):
                compilation.compile()
            before = signatures()
            engine = setup.engine(problem, initial(problem, 3, dtype))
            engine.gradient(features, targets, setup.rows(1, 3)[0])
            run(engine, features, targets, setup.rows(2, 3), 0.02)
            engine.evaluation().outputs(features)
            engine.evaluation().outputs(features[:7])
            assert signatures() == before, problem


ACTIVATED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np, numba, sweep
from sweep.engines.compiled import single_step
assert sweep.__file__.startswith(sys.argv[1])
sigmoid, z, layers = 1, np.zeros(2), np.zeros(2)
single_step.forward(np.zeros(2), np.array([1, 1, 1]), False, np.zeros(1), sigmoid, z, layers)
print(layers[0], len(single_step.forward.stats.cache_hits), numba.config.CACHE_DIR)
"""


def output_of_zero(package: Path, **environment: str) -> list[str]:
    """Compute sigmoid(0) in a fresh process; return it, the number of cache hits, and NUMBA_CACHE_DIR."""
    command = [sys.executable, "-c", ACTIVATED, str(package)]
    done = subprocess.run(
        command, env=os.environ | environment, cwd=package, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.part(1)
@pytest.mark.parametrize("configured", [True, False], ids=["NUMBA_CACHE_DIR", "beside the sources"])
def test_cache_imported_file_changed(tmp_path: Path, configured: bool) -> None:
    """`single_step` is unchanged and in the cache, but a function that it calls in `formulas` has changed."""
    package = tmp_path / "package"
    shutil.copytree(
        Path(sweep.__file__).parent, package / "sweep", ignore=shutil.ignore_patterns("__pycache__", "mnist")
    )
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache") if configured else ""}
    where = [environment["NUMBA_CACHE_DIR"]] if configured else []
    assert output_of_zero(package, **environment) == ["0.5", "0", *where]
    assert output_of_zero(package, **environment) == ["0.5", "1", *where]
    formulas = package / "sweep" / "engines" / "compiled" / "formulas.py"
    before = formulas.read_text()
    changed = before.replace("half * np.tanh(half * z) + half", "half * np.tanh(half * z) + 2 * half")
    assert changed != before
    formulas.write_text(changed)
    assert output_of_zero(package, **environment) == ["1.0", "0", *where]
    folders = list((formulas.parent / "__pycache__").glob("compiled-*"))
    assert len(folders) == (0 if configured else 1)  # that of the older sources is removed
