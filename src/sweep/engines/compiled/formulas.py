"""Elementwise steps as single passes over memory, compiled by Numba (the extra `fast`).

The same equations as in `losses` and `optimizers`, which run them in NumPy where Numba is not installed:
equal up to rounding. Constants are turned into the arrays' own precision first: a float64 constant would
carry a whole loop with it.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numba
import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.nn.losses import Objective, least_exponent
from sweep.nn.optimizers import (
    NEGLIGIBLE_GRADIENT,
    NEGLIGIBLE_MOMENTS,
    NEGLIGIBLE_VELOCITY,
    Hyperparameters,
)
from sweep.types import Array

_FIRST, _SECOND = NEGLIGIBLE_MOMENTS

# Numba compiles one function for all rules, which it gets as numbers.
Rule = IntEnum("Rule", ["none", "sgd", "momentum", "adam"])
_MOMENTUM, _ADAM = int(Rule.momentum), int(Rule.adam)

# error_model="numpy": a division by zero gives infinity, as everywhere else, and loops are vectorised.
_compiled: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, error_model="numpy")


# The outputs of an example lie apart in memory (see network.py): here they are (seeds, outputs, batch), and
# loops run over whole rows of them.
@_compiled
def _shift_loop(z: Array, largest: Array, least: Any) -> None:
    for s in range(z.shape[0]):
        for i in range(z.shape[2]):
            largest[i] = z[s, 0, i]
        for k in range(1, z.shape[1]):
            for i in range(z.shape[2]):
                largest[i] = max(largest[i], z[s, k, i])
        for k in range(z.shape[1]):
            for i in range(z.shape[2]):
                shifted = z[s, k, i] - largest[i]
                # Written so that NaN stays NaN.
                z[s, k, i] = least if shifted < least else shifted


@_compiled
def _softmax_errors_loop(exponentials: Array, targets: Array, factors: Array, scale: Any) -> None:
    z, shared = exponentials, targets.shape[0] == 1
    for s in range(z.shape[0]):
        own = 0 if shared else s
        factors[:] = 0
        for k in range(z.shape[1]):
            for i in range(z.shape[2]):
                factors[i] += z[s, k, i]
        for i in range(z.shape[2]):
            factors[i] = scale / factors[i]
        for k in range(z.shape[1]):
            for i in range(z.shape[2]):
                z[s, k, i] = z[s, k, i] * factors[i] - targets[own, i, k] * scale


def errors(objective: Objective, z: Array, targets: Array) -> None:
    """z <- dE/dz: in three passes for softmax with cross-entropy, else as NumPy does it."""
    if objective.loss != "cross_entropy":
        objective.delta(z, targets)
        return
    scale = z.dtype.type(1 if objective.reduction == "sum" else 1 / z.shape[1])
    apart, examples = z.swapaxes(1, 2), np.empty(z.shape[1], z.dtype)
    _shift_loop(apart, examples, z.dtype.type(least_exponent(z.dtype)))
    # NumPy's exponential handles many numbers at once, Numba's one.
    np.exp(apart, out=apart)
    _softmax_errors_loop(apart, targets if targets.ndim == 3 else targets[None], examples, scale)


@_compiled
def update(
    parameters: Array, gradient: Array, first: Array, second: Array, rule: int, numbers: NDArray[Any]
) -> None:
    """A step of `rule` on flat arrays of any one length; see `optimizers` for the equations.

    `first` is the velocity, to which the gradient has been added, or Adam's first moment. `numbers` are those
    of `constants_of`. Plain descent has been done where its gradient was found.
    """
    rate, momentum, beta1, beta2, rest1, rest2, epsilon = numbers
    real = parameters.dtype.type
    zero = real(0)
    if rule == _MOMENTUM:
        floor = real(NEGLIGIBLE_VELOCITY)
        for i in range(parameters.size):
            v = zero if abs(first[i]) < floor else first[i]
            parameters[i] -= rate * v
            first[i] = momentum * v
    elif rule == _ADAM:
        least, small, tiny = real(NEGLIGIBLE_GRADIENT), real(_FIRST), real(_SECOND)
        for i in range(parameters.size):
            g = zero if abs(gradient[i]) < least else gradient[i]
            m = beta1 * first[i] + rest1 * g
            v = beta2 * second[i] + rest2 * g * g
            m = zero if abs(m) < small else m
            v = zero if v < tiny else v
            first[i] = m
            second[i] = v
            parameters[i] -= rate * m / (np.sqrt(v) + epsilon)


def constants_of(
    rule: Rule, constants: Hyperparameters, rate: float, step: int, dtype: DTypeLike
) -> NDArray[Any]:
    """Rate, momentum, beta1, beta2, 1 - beta1, 1 - beta2 and epsilon of step `step` (from 1), in `dtype`."""
    epsilon = constants.epsilon
    if rule is Rule.adam:
        rate, epsilon = constants.corrected(rate, step)
    beta1, beta2 = constants.beta1, constants.beta2
    return np.array([rate, constants.momentum, beta1, beta2, 1 - beta1, 1 - beta2, epsilon], dtype)


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
    numbers = constants_of(Rule.adam, constants, rate, step, parameters.dtype)
    update(parameters, gradient, first, second, _ADAM, numbers)
