"""The elementwise work of a step: in NumPy, or fused and compiled by Numba (the extra `fast`).

Products are BLAS's in both. Results agree up to rounding, each repeats its own bits, and a seed's bits do not
depend on its neighbours in either.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

import numpy as np

from sweep.nn.activations import ACTIVATIONS
from sweep.nn.losses import Objective
from sweep.nn.products import add_products, add_scaled
from sweep.types import Array


class Kernels(StrEnum):
    """What runs the elementwise steps."""

    NUMPY = "numpy"
    NUMBA = "numba"

    @staticmethod
    def fastest() -> "Kernels":
        """Numba where it is installed."""
        return Kernels.NUMBA if find_spec("numba") else Kernels.NUMPY


@dataclass(frozen=True)
class Operations:
    """What a network does beside its products with weights, all in place.

    `z`, `delta` and `output` are (seeds, batch, units).
    `activate(z, bias)`: z <- f(z + bias), `bias` (seeds, 1, units) or None. `backward(delta, output)`:
    delta <- delta * f'(z), where output = f(z). `errors(objective, z, targets)`: z <- dE/dz.
    `add_sums(delta, bias, scale, add)`: bias <- scale * (the batch's sum of delta), with `add` on top of
    what is there. `add_products`: see `products`.
    """

    activate: Callable[[Array, Array | None], None]
    backward: Callable[[Array, Array], None]
    errors: Callable[[Objective, Array, Array], None]
    add_sums: Callable[[Array, Array, float, bool], None]
    add_products: Callable[[Array, Array, Array, float, bool], None]


def operations(activation: str, kernels: Kernels) -> Operations:
    """The operations of a network with this activation."""
    function = ACTIVATIONS[activation]

    def activate(z: Array, bias: Array | None) -> None:
        if bias is not None:
            z += bias
        function.apply(z)

    if kernels is Kernels.NUMBA:
        from sweep.nn import compiled

        fused = activation == "relu"
        return Operations(
            compiled.bias_relu if fused else activate,
            compiled.relu_backward if fused else function.backward,
            compiled.errors,
            compiled.add_sums,
            compiled.add_products,
        )
    return Operations(activate, function.backward, Objective.delta, _add_sums, add_products)


def _add_sums(delta: Array, bias: Array, scale: float, add: bool) -> None:
    # As a product, so that the order of the sum does not depend on the array's layout.
    sums = np.matmul(np.ones((1, delta.shape[1]), delta.dtype), delta)
    add_scaled(sums, bias, scale, add)
