"""Functions of the output layer. Add a new one as one entry in `OUTPUTS`.

The notation here and in `losses`: z are the pre-activations of the output layer, a the outputs and y the
targets, each (seeds, batch, outputs); K is the number of outputs, B the number of examples of a mini-batch,
and E the loss of the mini-batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import DTypeLike

from sweep.core.setting import Registry
from sweep.nn import Array
from sweep.nn.activations import ACTIVATIONS


@dataclass(frozen=True)
class Output:
    """An output function, in place, and its vector-Jacobian product.

    `apply(z)` replaces z by a. `backward(gradient, a)` replaces dE/da by dE/dz.
    """

    apply: Callable[[Array], None]
    backward: Callable[[Array, Array], None]


@cache
def least_exponent(dtype: DTypeLike) -> float:
    """Return the smallest logarithm of a probability that softmax uses: about -57 in float32.

    A confident network gives probabilities so small that they, or their products with weights and inputs,
    are denormal numbers, which a processor multiplies a hundred times slower. With this bound even the
    products are normal numbers, and still too small to change a sum.
    """
    return 0.65 * float(np.log(np.finfo(dtype).tiny))


def _softmax(z: Array) -> None:
    # Shifted by the largest pre-activation, so that no exponential overflows.
    z -= z.max(axis=-1, keepdims=True)
    np.maximum(z, least_exponent(z.dtype), out=z)
    np.exp(z, out=z)
    z /= z.sum(axis=-1, keepdims=True)


def _softmax_backward(gradient: Array, a: Array) -> None:
    # da_i/dz_j = a_i (delta_ij - a_j), hence dE/dz = a * (g - sum(g * a)).
    gradient -= (gradient * a).sum(axis=-1, keepdims=True)
    gradient *= a


_sigmoid, _identity = ACTIVATIONS["sigmoid"], ACTIVATIONS["identity"]

OUTPUTS: Registry[Output] = Registry(
    "output",
    {
        "softmax": Output(_softmax, _softmax_backward),
        "sigmoid": Output(_sigmoid.apply, _sigmoid.backward),
        "identity": Output(_identity.apply, _identity.backward),
    },
)
