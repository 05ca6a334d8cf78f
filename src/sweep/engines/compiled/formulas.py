"""The equations of `nn` for Numba to compile, each of them once.

The tables number each activation, penalty, optimizer, output function and loss, so that one compiled function
serves all of a kind. Their keys are the entries of `nn` themselves, not names: an entry that a user
registers, or a class derived from one of `nn`, has no number, and a problem with it is left to another
engine. Constants are converted to the precision of the arrays first: one float64 constant would make a
float32 loop compute in float64.
"""

import math
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.engines.compiled.jit import compiled
from sweep.engines.engine import Problem
from sweep.nn import Array, activations
from sweep.nn.activations import Activation
from sweep.nn.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError, RootMeanSquaredError
from sweep.nn.objective import Objective
from sweep.nn.optimizers import (
    NEGLIGIBLE_GRADIENT,
    NEGLIGIBLE_MEAN,
    NEGLIGIBLE_SQUARE,
    NEGLIGIBLE_VELOCITY,
    Adam,
    AdamW,
    Nesterov,
    Optimizer,
    RmsProp,
    Sgd,
)
from sweep.nn.outputs import OUTPUTS as NN_OUTPUTS
from sweep.nn.outputs import Output, least_exponent
from sweep.nn.regularizers import L1, L2, NoPenalty, Regularizer


def supported(problem: Problem) -> bool:
    """Return True if there is a formula for every part of a problem."""
    return (
        problem.architecture.function in ACTIVATIONS
        and problem.objective.output in OUTPUTS
        and type(problem.objective.loss) in LOSSES
        and type(problem.optimizer) in RULES
        and type(problem.regularizer) in _PENALTIES
    )


_NAMES = ("relu", "sigmoid", "tanh", "identity", "leaky_relu", "elu", "softplus", "gelu", "silu")
_RELU, _SIGMOID, _TANH, _IDENTITY, _LEAKY_RELU, _ELU, _SOFTPLUS, _GELU, _SILU = range(len(_NAMES))
_LEAK = activations.LEAK
ACTIVATIONS: dict[Activation, int] = {activations.ACTIVATIONS[name]: kind for kind, name in enumerate(_NAMES)}


@compiled
def activate(kind: int, z: Any) -> Any:
    """Return the activation f(z) of one number; `kind` is one of `ACTIVATIONS`."""
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
    """Return the derivative f'(z) of the activation at one number, with a = f(z)."""
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
    """Return 1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2, which cannot overflow."""
    half = type(z)(0.5)
    return half * np.tanh(half * z) + half


@compiled
def normal_cdf(z: Any) -> Any:
    """Return the distribution function of the standard normal distribution at z."""
    real = type(z)
    return real(0.5) * real(math.erfc(-real(_ROOT_HALF) * z))


class Penalty(IntEnum):
    """The number of a penalty on the weights."""

    NONE = 0
    L1 = 1
    L2 = 2


_L1, _L2 = int(Penalty.L1), int(Penalty.L2)
_PENALTIES: dict[type[Regularizer], Penalty] = {NoPenalty: Penalty.NONE, L1: Penalty.L1, L2: Penalty.L2}


def penalty_of(regularizer: Regularizer) -> tuple[Penalty, float]:
    """Return the penalty of a regularizer and its strength. Raises KeyError if it has no number."""
    strength = regularizer.strength if isinstance(regularizer, L1 | L2) else 0.0
    return _PENALTIES[type(regularizer)], strength


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


class Rule(IntEnum):
    """The number of a rule that turns a gradient into a step (see `nn.optimizers`).

    NONE takes no step. MOVE is the second half of MOMENTUM, for a gradient that is already in the velocity.
    """

    NONE = 0
    SGD = 1
    MOVE = 2
    MOMENTUM = 3
    NESTEROV = 4
    RMSPROP = 5
    ADAM = 6  # and AdamW


RULES: dict[type[Optimizer], Rule] = {
    Sgd: Rule.SGD,
    Nesterov: Rule.NESTEROV,
    RmsProp: Rule.RMSPROP,
    Adam: Rule.ADAM,
    AdamW: Rule.ADAM,
}
_SGD, _MOVE, _MOMENTUM = int(Rule.SGD), int(Rule.MOVE), int(Rule.MOMENTUM)
_NESTEROV, _RMSPROP, _ADAM = int(Rule.NESTEROV), int(Rule.RMSPROP), int(Rule.ADAM)
CONSTANTS = 7  # the most that a rule needs


def rule_of(optimizer: Optimizer) -> Rule:
    """Return the rule of an optimizer. Raises KeyError if it has no number."""
    rule = RULES[type(optimizer)]
    return Rule.MOMENTUM if isinstance(optimizer, Sgd) and optimizer.momentum else rule


def constants_of(optimizer: Optimizer, *, rate: float, step: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return the constants of an optimizer in step `step`, from 1, for `update`, (CONSTANTS,)."""
    match optimizer:
        case Sgd(momentum) | Nesterov(momentum):
            numbers = [rate, momentum]
        case RmsProp(decay, epsilon):
            numbers = [rate, decay, 1 - decay, epsilon]
        case Adam(beta1, beta2):
            corrected, epsilon = optimizer.corrected(rate, step)
            shrinkage = 1 - rate * optimizer.weight_decay if isinstance(optimizer, AdamW) else 1.0
            numbers = [corrected, beta1, beta2, 1 - beta1, 1 - beta2, epsilon, shrinkage]
        case _:
            numbers = []
    return np.array(numbers + [0.0] * (CONSTANTS - len(numbers)), dtype)


@compiled
def momentum_step(p: Any, v: Any, rate: Any, momentum: Any) -> tuple[Any, Any]:
    """Return the new parameter and the new state momentum * v; v already contains the gradient."""
    real = type(p)
    v = real(0) if abs(v) < real(NEGLIGIBLE_VELOCITY) else v
    return p - rate * v, momentum * v


@compiled
def adam_step(
    p: Any, g: Any, m: Any, v: Any, rate: Any, a: Any, b: Any, c: Any, d: Any, epsilon: Any, shrinkage: Any
) -> tuple[Any, Any, Any]:
    """Return the new parameter and both moments; a, b, c, d are beta1, beta2, 1 - beta1, 1 - beta2."""
    real = type(p)
    g = real(0) if abs(g) < real(NEGLIGIBLE_GRADIENT) else g
    m = a * m + c * g
    v = b * v + d * g * g
    m = real(0) if abs(m) < real(NEGLIGIBLE_MEAN) else m
    v = real(0) if v < real(NEGLIGIBLE_SQUARE) else v
    return shrinkage * p - rate * m / (np.sqrt(v) + epsilon), m, v


@compiled
def update(
    parameters: Array, gradient: Array, first: Array, second: Array, rule: int, numbers: NDArray[Any]
) -> None:
    """Take a step of `rule` on flat arrays of one length; `numbers` are those of `constants_of`.

    `first` and `second` are the optimizer's state; a rule with less state does not read the rest. The
    equations are those of `nn.optimizers`. Negligible entries of the state are flushed to zero in every step.
    """
    rate, a, b, c, d, epsilon, shrinkage = numbers
    real = parameters.dtype.type
    zero = real(0)
    if rule == _SGD:
        for i in range(parameters.size):
            parameters[i] -= rate * gradient[i]
    elif rule == _MOVE:
        for i in range(parameters.size):
            parameters[i], first[i] = momentum_step(parameters[i], first[i], rate, a)
    elif rule == _MOMENTUM:
        for i in range(parameters.size):
            parameters[i], first[i] = momentum_step(parameters[i], first[i] + gradient[i], rate, a)
    elif rule == _NESTEROV:
        for i in range(parameters.size):
            _, first[i] = momentum_step(parameters[i], first[i] + gradient[i], rate, a)
            parameters[i] -= rate * (gradient[i] + first[i])
    elif rule == _RMSPROP:
        least, tiny = real(NEGLIGIBLE_GRADIENT), real(NEGLIGIBLE_SQUARE)
        for i in range(parameters.size):
            g = zero if abs(gradient[i]) < least else gradient[i]
            s = a * first[i] + b * g * g
            s = zero if s < tiny else s
            first[i] = s
            parameters[i] -= rate * g / (np.sqrt(s) + c)
    elif rule == _ADAM:
        for i in range(parameters.size):
            parameters[i], first[i], second[i] = adam_step(
                parameters[i], gradient[i], first[i], second[i], rate, a, b, c, d, epsilon, shrinkage
            )


# Output functions and losses. `example_errors` has their equations.
OUTPUTS: dict[Output, int] = {
    NN_OUTPUTS[name]: kind for kind, name in enumerate(("softmax", "sigmoid", "identity"))
}
LOSSES: dict[type[Loss], int] = {
    CrossEntropy: 0,
    BinaryCrossEntropy: 1,
    MeanSquaredError: 2,
    RootMeanSquaredError: 3,
}


def errors(objective: Objective, z: Array, targets: Array) -> None:
    """Set z <- dE/dz. Softmax with cross-entropy is compiled; all other pairs are left to NumPy.

    `z` is (seeds, batch, outputs), laid out in memory as (seeds, outputs, batch); `targets` is
    (seeds, batch, outputs), or (batch, outputs) for all seeds.
    """
    if type(objective.loss) is not CrossEntropy:
        objective.delta(z, targets)
        return
    scale = z.dtype.type(1 if objective.reduction == "sum" else 1 / z.shape[1])
    apart, examples = z.swapaxes(1, 2), np.empty(z.shape[1], z.dtype)
    shift(apart, examples, z.dtype.type(least_exponent(z.dtype)))
    # NumPy's exponential handles many numbers at once, Numba's only one.
    np.exp(apart, out=apart)
    softmax_errors(apart, targets if targets.ndim == 3 else targets[None], examples, scale)


# In the next two functions z is (seeds, outputs, batch) and targets (seeds or 1, batch, outputs). The numbers
# of one output for all examples are neighbours in memory, so the innermost loops run over examples.
@compiled
def shift(z: Array, largest: Array, least: Any) -> None:
    """Set z <- max(z - the largest z of the example, least); `largest`, (batch,), is working space."""
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


@compiled
def softmax_errors(exponentials: Array, targets: Array, factors: Array, scale: Any) -> None:
    """Set exponentials <- scale * (exponentials / their sum - targets); `factors`, (batch,), is scratch."""
    z, shared = exponentials, targets.shape[0] == 1
    for s in range(z.shape[0]):
        row = 0 if shared else s
        factors[:] = 0
        for k in range(z.shape[1]):
            for i in range(z.shape[2]):
                factors[i] += z[s, k, i]
        for i in range(z.shape[2]):
            factors[i] = scale / factors[i]
        for k in range(z.shape[1]):
            for i in range(z.shape[2]):
                z[s, k, i] = z[s, k, i] * factors[i] - targets[row, i, k] * scale


_SOFTMAX, _SIGMOID_OUTPUT = (OUTPUTS[NN_OUTPUTS[name]] for name in ("softmax", "sigmoid"))
_SQUARED, _ROOT = LOSSES[MeanSquaredError], LOSSES[RootMeanSquaredError]


@compiled
def example_errors(z: Array, targets: Array, output: int, loss: int, least: Any) -> None:
    """Set z <- dE/dz of one example; z and targets are (outputs,), `least` is `nn.outputs.least_exponent`."""
    real, count = z.dtype.type, z.size
    if output == _SOFTMAX:
        largest, total = z[0], real(0)
        for k in range(1, count):
            largest = max(largest, z[k])
        for k in range(count):
            shifted = z[k] - largest
            # Written so that NaN stays NaN.
            z[k] = np.exp(least if shifted < least else shifted)
            total += z[k]
        for k in range(count):
            z[k] /= total
    elif output == _SIGMOID_OUTPUT:
        for k in range(count):
            z[k] = sigmoid(z[k])
    scale = real(1)
    if loss == _SQUARED:
        scale = real(2) / real(count)
    elif loss == _ROOT:
        squares = real(0)
        for k in range(count):
            squares += (z[k] - targets[k]) * (z[k] - targets[k])
        root = np.sqrt(squares / real(count))
        scale = real(1) / (max(root, np.finfo(z.dtype).tiny) * real(count))
    inner = real(0)
    if output == _SOFTMAX:
        for k in range(count):
            inner += scale * (z[k] - targets[k]) * z[k]
    for k in range(count):
        a, slope = z[k], scale * (z[k] - targets[k])
        if loss in (_SQUARED, _ROOT):
            if output == _SOFTMAX:
                slope = (slope - inner) * a
            elif output == _SIGMOID_OUTPUT:
                slope *= a * (real(1) - a)
        z[k] = slope
