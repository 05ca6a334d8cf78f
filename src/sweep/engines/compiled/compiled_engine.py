"""What the two compiled engines have in common: what a record says of them."""

from functools import cache
from importlib.metadata import version

from sweep.engines.compiled.microkernel import VECTOR_BYTES
from sweep.engines.engine import Engine


class CompiledEngine(Engine):
    """An engine compiled by Numba; the name and the version of its numbers are those of all of them."""

    name = "compiled"
    numerics = 3

    @staticmethod
    def version() -> str:
        return _version()


@cache
def _version() -> str:
    """The packages that compile, and the width of the processor's vectors."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numba", "llvmlite"))
    return f"{packages}, vectors of {8 * VECTOR_BYTES} bits, numpy {version('numpy')}"
