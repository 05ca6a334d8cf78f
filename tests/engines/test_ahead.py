"""What is compiled ahead is all that training needs, and nothing else; changed sources are compiled anew."""

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
    """Of every function of the compiled engine that has been compiled in this process, or loaded."""
    folder = Path(sweep.engines.compiled.__file__).parent
    modules = [import_module(f"sweep.engines.compiled.{file.stem}") for file in folder.glob("[!_]*.py")]
    functions: list[Any] = list(chain.from_iterable(vars(module).values() for module in modules))
    return {
        (function.__name__, signature)
        for function in functions
        for signature in getattr(function, "signatures", ())
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("setup", [each for each in SETUPS if each.engine is not NumpyEngine], ids=str)
def test_nothing_is_compiled_later(setup: Setup, dtype: str) -> None:
    """For every choice, from data that may be written to and that may not, in steps and in evaluations."""
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
    """What a fresh process finds for sigmoid(0), and how many functions it had to load for it."""
    command = [sys.executable, "-c", ACTIVATED, str(package)]
    done = subprocess.run(
        command, env=os.environ | environment, cwd=package, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize("given", [True, False], ids=["NUMBA_CACHE_DIR", "beside the sources"])
def test_a_change_in_an_imported_file_is_seen(tmp_path: Path, given: bool) -> None:
    """`single_step` is unchanged and in the cache, but a function that it calls in `formulas` has changed."""
    package = tmp_path / "package"
    shutil.copytree(
        Path(sweep.__file__).parent, package / "sweep", ignore=shutil.ignore_patterns("__pycache__", "mnist")
    )
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache") if given else ""}
    where = [environment["NUMBA_CACHE_DIR"]] if given else []
    assert output_of_zero(package, **environment) == ["0.5", "0", *where]
    assert output_of_zero(package, **environment) == ["0.5", "1", *where]
    formulas = package / "sweep" / "engines" / "compiled" / "formulas.py"
    before = formulas.read_text()
    changed = before.replace("half * np.tanh(half * z) + half", "half * np.tanh(half * z) + 2 * half")
    assert changed != before
    formulas.write_text(changed)
    assert output_of_zero(package, **environment) == ["1.0", "0", *where]
    folders = list((formulas.parent / "__pycache__").glob("compiled-*"))
    assert len(folders) == (0 if given else 1)  # that of the older sources is removed
