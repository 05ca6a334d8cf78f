"""The equations of `nn` as Numba compiles them, each of them once.

Each activation, output function, loss and penalty has a number here, so that one compiled function serves all
of a kind. The tables map the entries of `nn` themselves, not their names, to these numbers. What a user has
registered, or a class derived from one of ours, is therefore not known, and a problem with it is left to
another engine. Constants are converted to the arrays' own precision first: one float64 constant would make a
float32 loop compute in float64.
"""

import math
from enum import IntEnum
from typing import Any

import numpy as np

from sweep.engines.compiled.jit import compiled
from sweep.engines.compiled.steps import RULES
from sweep.engines.engine import Problem
from sweep.nn import activations
from sweep.nn.activations import Activation
from sweep.nn.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, RootMeanSquaredError
from sweep.nn.outputs import OUTPUTS as NN_OUTPUTS
from sweep.nn.outputs import Output
from sweep.nn.regularizers import L1, L2, NoPenalty, Regularizer
from sweep.types import Array

_NAMES = ("relu", "sigmoid", "tanh", "identity", "leaky_relu", "elu", "softplus", "gelu", "silu")
_RELU, _SIGMOID, _TANH, _IDENTITY, _LEAKY_RELU, _ELU, _SOFTPLUS, _GELU, _SILU = range(len(_NAMES))
_LEAK = activations.LEAK
ACTIVATIONS: dict[Activation, int] = {activations.ACTIVATIONS[name]: kind for kind, name in enumerate(_NAMES)}


@compiled
def activate(kind: int, z: Any) -> Any:
    """The activation f(z) of one number; `kind` is one of `ACTIVATIONS`."""
    real = type(z)
    if kind == _RELU:
        return real(0) if z < real(0) else z  # written so that NaN stays NaN
    if kind == _SIGMOID:
        return sigmoid(z)
    if kind == _TANH:
        return np.tanh(z)
    if kind == _LEAKY_RELU:
        return real(_LEAK) * z if z < real(0) else z
    if kind == _ELU:
        return np.expm1(z) if z < real(0) else z
    if kind == _SOFTPLUS:
        return max(z, real(0)) + np.log1p(np.exp(-abs(z)))
    if kind == _GELU:
        return z * normal_cdf(z)
    if kind == _SILU:
        return z * sigmoid(z)
    return z


@compiled
def activation_slope(kind: int, z: Any, a: Any) -> Any:
    """The derivative f'(z) of the activation at one number, with a = f(z)."""
    real = type(z)
    if kind == _RELU:
        return real(1) if a > real(0) else real(0)
    if kind == _SIGMOID:
        return a * (real(1) - a)
    if kind == _TANH:
        return real(1) - a * a
    if kind == _LEAKY_RELU:
        return real(1) if a > real(0) else real(_LEAK)
    if kind == _ELU:
        return a + real(1) if a < real(0) else real(1)
    if kind == _SOFTPLUS:
        return -np.expm1(-a)
    if kind == _GELU:
        return normal_cdf(z) + z * np.exp(real(-0.5) * z * z) * real(_DENSITY)
    if kind == _SILU:
        s = sigmoid(z)
        return s * (real(1) + z * (real(1) - s))
    return real(1)


_DENSITY = math.sqrt(0.5 / math.pi)  # of the standard normal distribution at 0
_ROOT_HALF = math.sqrt(0.5)


@compiled
def sigmoid(z: Any) -> Any:
    """1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2."""
    half = type(z)(0.5)
    return half * np.tanh(half * z) + half


@compiled
def normal_cdf(z: Any) -> Any:
    """The distribution function of the standard normal distribution."""
    real = type(z)
    return real(0.5) * real(math.erfc(-real(_ROOT_HALF) * z))


# Output functions and losses that the engine knows. Their equations stand in `output_layer`.
OUTPUTS: dict[Output, int] = {
    NN_OUTPUTS[name]: kind for kind, name in enumerate(("softmax", "sigmoid", "identity"))
}
LOSSES: dict[type[Loss], int] = {
    CrossEntropy: 0,
    BinaryCrossEntropy: 1,
    MeanSquaredError: 2,
    RootMeanSquaredError: 3,
}


class Penalty(IntEnum):
    """The number of a penalty on the weights."""

    NONE = 0
    L1 = 1
    L2 = 2


_L1, _L2 = int(Penalty.L1), int(Penalty.L2)


_PENALTIES: dict[type[Regularizer], Penalty] = {NoPenalty: Penalty.NONE, L1: Penalty.L1, L2: Penalty.L2}


def penalty_of(regularizer: Regularizer) -> tuple[Penalty, float]:
    """The penalty of a regularizer and its strength. Raises KeyError if it is not known."""
    strength = regularizer.strength if isinstance(regularizer, L1 | L2) else 0.0
    return _PENALTIES[type(regularizer)], strength


def known(problem: Problem) -> bool:
    """Whether there is a formula for every part of a problem."""
    return (
        problem.architecture.function in ACTIVATIONS
        and problem.objective.output in OUTPUTS
        and type(problem.objective.loss) in LOSSES
        and type(problem.optimizer) in RULES
        and type(problem.regularizer) in _PENALTIES
    )


@compiled
def add_penalty(gradient: Array, weights: Array, penalty: int, strength: Any) -> None:
    """Add strength * dC/dw to a gradient; both arrays are flat, (parameters,)."""
    real = weights.dtype.type
    if penalty == _L1:
        for i in range(weights.size):
            sign = real(weights[i] > real(0)) - real(weights[i] < real(0))
            gradient[i] += strength * sign
    elif penalty == _L2:
        double = real(2) * strength
        for i in range(weights.size):
            gradient[i] += double * weights[i]
