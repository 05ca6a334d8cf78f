"""What runs the steps of a training: NumPy, or loops compiled by Numba (the extra `fast`).

Results agree up to rounding, each repeats its own bits, and a seed's bits do not depend on its neighbours in
either.
"""

from enum import StrEnum
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

from threadpoolctl import ThreadpoolController


class Kernels(StrEnum):
    """What runs the steps."""

    NUMPY = "numpy"
    NUMBA = "numba"

    @staticmethod
    def fastest() -> "Kernels":
        """Numba where it is installed."""
        return Kernels.NUMBA if Kernels.NUMBA.installed else Kernels.NUMPY

    @property
    def engine(self) -> str:
        """What a record calls it."""
        return "compiled" if self is Kernels.NUMBA else "numpy"

    @staticmethod
    def of_engine(engine: str) -> "Kernels":
        """The kernels that a record calls so."""
        return Kernels.NUMBA if engine == "compiled" else Kernels.NUMPY

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return self is Kernels.NUMPY or find_spec("numba") is not None

    @property
    def numerics(self) -> int:
        """The version of its numbers: raised by one when the same training no longer gives the same bits."""
        return _NUMERICS[self]

    @property
    def version(self) -> str:
        """What else its last digits depend on, in words: packages, and what the processor can do."""
        return _numpy_version() if self is Kernels.NUMPY else _numba_version()


_NUMERICS = {Kernels.NUMPY: 3, Kernels.NUMBA: 3}


@cache
def _numpy_version() -> str:
    blas = [
        f"{library['internal_api']} {library['version']} {library.get('architecture', '')}".strip()
        for library in ThreadpoolController().info()
        if library["user_api"] == "blas"
    ]
    # threadpoolctl finds them in the order of a set of paths, which differs between processes.
    return ", ".join([f"numpy {version('numpy')}", *sorted(set(blas), reverse=True)])


@cache
def _numba_version() -> str:
    from sweep.nn.tiles import VECTOR_BYTES

    packages = ", ".join(f"{name} {version(name)}" for name in ("numba", "llvmlite"))
    return f"{packages}, vectors of {8 * VECTOR_BYTES} bits, numpy {version('numpy')}"
