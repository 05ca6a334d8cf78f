"""Elementwise steps as single passes over memory, compiled by Numba (the extra `fast`).

The same equations as in `losses` and `optimizers`, which run them in NumPy where Numba is not installed:
equal up to rounding. Constants are turned into the arrays' own precision first: a float64 constant would
carry a whole loop with it.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from sweep.nn.losses import Objective, least_exponent
from sweep.nn.optimizers import (
    NEGLIGIBLE_GRADIENT,
    NEGLIGIBLE_MOMENTS,
    NEGLIGIBLE_VELOCITY,
    Hyperparameters,
)
from sweep.types import Array

_FIRST, _SECOND = NEGLIGIBLE_MOMENTS

# error_model="numpy": a division by zero gives infinity, as everywhere else, and loops are vectorised.
_compiled: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, error_model="numpy")


# The outputs of an example lie apart in memory (see network.py): here they are (seeds, outputs, batch).
@_compiled
def _shift_loop(z: Array, least: Any) -> None:
    for s in range(z.shape[0]):
        for i in range(z.shape[2]):
            largest = z[s, 0, i]
            for k in range(1, z.shape[1]):
                largest = max(largest, z[s, k, i])
            for k in range(z.shape[1]):
                shifted = z[s, k, i] - largest
                # Written so that NaN stays NaN.
                z[s, k, i] = least if shifted < least else shifted


@_compiled
def _softmax_errors_loop(exponentials: Array, targets: Array, scale: Any) -> None:
    z, shared = exponentials, targets.shape[0] == 1
    for s in range(z.shape[0]):
        own = 0 if shared else s
        for i in range(z.shape[2]):
            total = z.dtype.type(0)
            for k in range(z.shape[1]):
                total += z[s, k, i]
            for k in range(z.shape[1]):
                z[s, k, i] = (z[s, k, i] / total - targets[own, i, k]) * scale


def errors(objective: Objective, z: Array, targets: Array) -> None:
    """z <- dE/dz: in three passes for softmax with cross-entropy, else as NumPy does it."""
    if objective.loss != "cross_entropy":
        objective.delta(z, targets)
        return
    scale = z.dtype.type(1 if objective.reduction == "sum" else 1 / z.shape[1])
    apart = z.swapaxes(1, 2)
    _shift_loop(apart, z.dtype.type(least_exponent(z.dtype)))
    # NumPy's exponential handles many numbers at once, Numba's one.
    np.exp(apart, out=apart)
    _softmax_errors_loop(apart, targets if targets.ndim == 3 else targets[None], scale)


@_compiled
def _adam_loop(
    parameters: Array,
    gradient: Array,
    first: Array,
    second: Array,
    rate: Any,
    beta1: Any,
    beta2: Any,
    rest1: Any,
    rest2: Any,
    epsilon: Any,
) -> None:
    zero, small, tiny = first.dtype.type(0), first.dtype.type(_FIRST), first.dtype.type(_SECOND)
    least = first.dtype.type(NEGLIGIBLE_GRADIENT)
    for i in range(parameters.size):
        g = zero if abs(gradient[i]) < least else gradient[i]
        m = beta1 * first[i] + rest1 * g
        v = beta2 * second[i] + rest2 * g * g
        m = zero if abs(m) < small else m
        v = zero if v < tiny else v
        first[i] = m
        second[i] = v
        parameters[i] -= rate * m / (np.sqrt(v) + epsilon)


@_compiled
def _follow_loop(parameters: Array, velocity: Array, rate: Any, momentum: Any, floor: Any) -> None:
    zero = velocity.dtype.type(0)
    for i in range(parameters.size):
        v = zero if abs(velocity[i]) < floor else velocity[i]
        parameters[i] -= rate * v
        velocity[i] = momentum * v


def follow(parameters: Array, velocity: Array, rate: float, momentum: float) -> None:
    """p <- p - rate * v; v <- momentum * v, where entries of v too small to count become 0."""
    real = parameters.dtype.type
    numbers = real(rate), real(momentum), real(NEGLIGIBLE_VELOCITY)
    _follow_loop(parameters.reshape(-1), velocity.reshape(-1), *numbers)


def adam(
    parameters: Array,
    gradient: Array,
    state: tuple[Array, ...],
    rate: float,
    step: int,
    constants: Hyperparameters,
) -> None:
    """One step of Adam on arrays of any one length; see `optimizers` for the equations."""
    first, second = state
    rate, epsilon = constants.corrected(rate, step)
    numbers = (
        rate,
        constants.beta1,
        constants.beta2,
        1 - constants.beta1,
        1 - constants.beta2,
        epsilon,
    )
    real: Any = parameters.dtype.type
    _adam_loop(parameters, gradient, first, second, *(real(number) for number in numbers))
