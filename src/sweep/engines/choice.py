"""Which engine trains a problem. No other module asks whether Numba is there or what an engine knows."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from sweep.engines.engine import Engine, Problem
from sweep.engines.numpy.engine import NumpyEngine

# What a user may ask for: the fastest engine that there is, or one by the library that it runs on.
WANTED = ("auto", "numpy", "numba")


def installed(wanted: str) -> bool:
    """Whether an engine that is asked for, one of `WANTED`, can run here."""
    return wanted != "numba" or find_spec("numba") is not None


def choose(problem: Problem, wanted: str = "auto") -> type[Engine]:
    """The engine for a problem: a compiled one that knows all parts of it, or else NumPy's.

    `wanted` is one of `WANTED`. If Numba is installed, "auto" and "numba" are the same.
    """
    if wanted == "numpy" or not installed("numba"):
        return NumpyEngine
    return next((engine for engine in _compiled() if engine.knows(problem)), NumpyEngine)


def wanted_as(engine: str) -> str:
    """What to ask for to get the engine that a record names."""
    return "numpy" if engine == NumpyEngine.name else "numba"


@cache
def _compiled() -> tuple[type[Engine], ...]:
    # Imported when it is needed, by its name: without Numba the import fails.
    engines: tuple[type[Engine], ...] = import_module("sweep.engines.compiled").ENGINES
    return engines
