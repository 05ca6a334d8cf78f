"""Output functions, losses, and which of them go together.

Notation: z pre-activation of the output layer, a output, y target, K outputs, B examples in a batch.
Arrays are (seeds, batch, outputs); targets may lack the seed axis. A new loss is one entry in `LOSSES`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import DTypeLike

from sweep.nn.activations import ACTIVATIONS
from sweep.types import Array


@dataclass(frozen=True)
class Output:
    """An output function, in place, and its vector-Jacobian product.

    `apply(z)` replaces z by a. `backward(gradient, a)` replaces dE/da by dE/dz.
    """

    apply: Callable[[Array], None]
    backward: Callable[[Array, Array], None]


@cache
def least_exponent(dtype: DTypeLike) -> float:
    """What a softmax takes the logarithm of any probability to be at least: about -57 in float32.

    A network that is sure of itself has probabilities that are denormal numbers, and so are their products
    with weights and inputs: a processor multiplies them a hundred times slower. With this bound even those
    products are normal numbers, and still too small to count beside others.
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

OUTPUTS: dict[str, Output] = {
    "softmax": Output(_softmax, _softmax_backward),
    "sigmoid": Output(_sigmoid.apply, _sigmoid.backward),
    "identity": Output(_identity.apply, _identity.backward),
}


@dataclass(frozen=True)
class Loss:
    """A loss, on the pre-activations for its value and on the outputs for its gradient.

    `examples(z, a, y)` gives the loss of each example, (seeds, batch); `total(mean)` turns the mean of
    these over a set into the loss of the set. `gradient(a, y)` replaces a by the gradient of the
    batch's mean loss: with respect to z where `matched` is true (the loss and the output function
    cancel to a - y), otherwise with respect to a. `outputs` names the output functions it goes with.
    `additive` says that the loss of a set is the mean of its examples' losses.
    """

    outputs: tuple[str, ...]
    examples: Callable[[Array, Array, Array], Array]
    gradient: Callable[[Array, Array], None]
    matched: bool = False
    additive: bool = True
    total: Callable[[float], float] = float


def _cross_entropy(z: Array, a: Array, y: Array) -> Array:
    # -sum_k y_k log softmax(z)_k = log sum_k exp(z_k) - z_y, shifted by the largest z.
    shift = z.max(axis=-1, keepdims=True)
    log_sum = np.log(np.exp(z - shift).sum(axis=-1)) + shift[..., 0]
    result: Array = log_sum - (z * y).sum(axis=-1)
    return result


def _binary_cross_entropy(z: Array, a: Array, y: Array) -> Array:
    # -sum_k [y log g(z) + (1 - y) log(1 - g(z))] = sum_k [softplus(z) - y z], with
    # softplus(z) = max(z, 0) + log(1 + exp(-|z|)).
    result: Array = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum(axis=-1)
    return result


def _squared_error(z: Array, a: Array, y: Array) -> Array:
    result: Array = np.square(a - y).mean(axis=-1)
    return result


def _matched_gradient(a: Array, y: Array) -> None:
    a -= y
    a *= 1 / a.shape[-2]


def _mse_gradient(a: Array, y: Array) -> None:
    a -= y
    a *= 2 / (a.shape[-2] * a.shape[-1])


def _rmse_gradient(a: Array, y: Array) -> None:
    # d sqrt(m)/da = (a - y) / (B K sqrt(m)), m the mean squared error of the batch; at m = 0, where
    # the root has no derivative, 0.
    a -= y
    root = np.sqrt(np.square(a).mean(axis=(-2, -1), keepdims=True))
    count = a.shape[-2] * a.shape[-1]
    a /= np.maximum(root, np.finfo(a.dtype).tiny) * count


def _root(mean: float) -> float:
    return float(np.sqrt(mean))


LOSSES: dict[str, Loss] = {
    "cross_entropy": Loss(("softmax",), _cross_entropy, _matched_gradient, matched=True),
    "binary_cross_entropy": Loss(("sigmoid",), _binary_cross_entropy, _matched_gradient, matched=True),
    "mse": Loss(tuple(OUTPUTS), _squared_error, _mse_gradient),
    "rmse": Loss(tuple(OUTPUTS), _squared_error, _rmse_gradient, additive=False, total=_root),
}


@dataclass(frozen=True)
class Objective:
    """An output function and a loss that go together, and how a batch is reduced.

    `reduction` is "mean" (the gradient of the batch's mean loss) or "sum" (B times that; additive
    losses only).
    """

    output: str
    loss: str
    reduction: str = "mean"

    def delta(self, z: Array, y: Array) -> None:
        """Replace the pre-activations z, (seeds, batch, outputs), by dE/dz of the batch loss E."""
        output, loss = OUTPUTS[self.output], LOSSES[self.loss]
        output.apply(z)
        if loss.matched:
            loss.gradient(z, y)
        else:
            a = z.copy(order="K")
            loss.gradient(z, y)
            output.backward(z, a)
        if self.reduction == "sum":
            z *= z.shape[-2]

    def outputs(self, z: Array) -> Array:
        """The outputs a of pre-activations z, (seeds, batch, outputs)."""
        a = z.copy(order="K")
        OUTPUTS[self.output].apply(a)
        return a

    def examples(self, z: Array, y: Array) -> Array:
        """The loss of each example, (seeds, batch)."""
        loss = LOSSES[self.loss]
        # A loss that matches its output function is computed from z alone.
        return loss.examples(z, z if loss.matched else self.outputs(z), y)
