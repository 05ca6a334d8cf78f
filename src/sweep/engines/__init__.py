"""Engines: fast implementations of the mathematics of `nn`, and the choice of one for a problem.

`engine` is the contract. The engine in `numpy` runs everywhere. Those in `compiled` have loops that Numba
compiles (the extra `fast`). An engine knows networks and mini-batches, but nothing about configurations, data
sets or files. No other module checks for Numba or asks what an engine supports. See docs/engines.md.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from sweep.engines.engine import Engine, Problem
from sweep.engines.numpy.engine import NumpyEngine

# The values of `parallel.kernels`: the fastest engine, or one by the library that it runs on.
KERNELS = ("auto", "numpy", "numba")


def installed(kernels: str) -> bool:
    """Return True if the engine that `kernels`, one of `KERNELS`, asks for can run here."""
    return kernels != "numba" or find_spec("numba") is not None


def choose(problem: Problem, kernels: str = "auto") -> type[Engine]:
    """Return the engine for a problem: a compiled one that supports all parts of it, or else NumPy's.

    `kernels` is one of `KERNELS`. If Numba is installed, "auto" and "numba" are the same.
    """
    if kernels == "numpy" or not installed("numba"):
        return NumpyEngine
    return next((engine for engine in _compiled() if engine.supports(problem)), NumpyEngine)


def kernels_for(engine: str) -> str:
    """Return the value of `KERNELS` that asks for the engine that a record names."""
    return "numpy" if engine == NumpyEngine.name else "numba"


@cache
def _compiled() -> tuple[type[Engine], ...]:
    # Imported only when needed, and by name: without Numba the import fails.
    engines: tuple[type[Engine], ...] = import_module("sweep.engines.compiled").ENGINES
    return engines
