"""What runs the steps of a training: NumPy, or loops compiled by Numba (the extra `fast`).

Results agree up to rounding, each repeats its own bits, and a seed's bits do not depend on its neighbours in
either.
"""

from enum import StrEnum
from importlib.util import find_spec


class Kernels(StrEnum):
    """What runs the steps."""

    NUMPY = "numpy"
    NUMBA = "numba"

    @staticmethod
    def fastest() -> "Kernels":
        """Numba where it is installed."""
        return Kernels.NUMBA if find_spec("numba") else Kernels.NUMPY
