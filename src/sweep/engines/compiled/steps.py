"""How a gradient becomes a step: the equations of `nn.optimizers`, each of them compiled once."""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.engines.compiled.jit import compiled
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
from sweep.types import Array


class Rule(IntEnum):
    """The number of a rule that turns a gradient into a step.

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


CONSTANTS = 7  # of the rule that needs most of them


def rule_of(optimizer: Optimizer) -> Rule:
    """The rule of an optimizer. Raises KeyError if it is not known."""
    rule = RULES[type(optimizer)]
    return Rule.MOMENTUM if isinstance(optimizer, Sgd) and optimizer.momentum else rule


def constants_of(optimizer: Optimizer, rate: float, step: int, dtype: DTypeLike) -> NDArray[Any]:
    """What `update` needs of an optimizer in step `step`, from 1, (CONSTANTS,); the rate comes first."""
    match optimizer:
        case Sgd(momentum) | Nesterov(momentum):
            numbers = [rate, momentum]
        case RmsProp(decay, epsilon):
            numbers = [rate, decay, 1 - decay, epsilon]
        case Adam(beta1, beta2):
            corrected, epsilon = optimizer.corrected(rate, step)
            kept = 1 - rate * optimizer.weight_decay if isinstance(optimizer, AdamW) else 1.0
            numbers = [corrected, beta1, beta2, 1 - beta1, 1 - beta2, epsilon, kept]
        case _:
            numbers = []
    return np.array(numbers + [0.0] * (CONSTANTS - len(numbers)), dtype)


@compiled
def momentum_step(p: Any, v: Any, rate: Any, momentum: Any) -> tuple[Any, Any]:
    """The new parameter and the new state momentum * v; the gradient is in the velocity v already."""
    real = type(p)
    v = real(0) if abs(v) < real(NEGLIGIBLE_VELOCITY) else v
    return p - rate * v, momentum * v


@compiled
def adam_step(
    p: Any, g: Any, m: Any, v: Any, rate: Any, a: Any, b: Any, c: Any, d: Any, epsilon: Any, kept: Any
) -> tuple[Any, Any, Any]:
    """The new parameter and both moments; a is beta1, b is beta2, c is 1 - beta1 and d is 1 - beta2."""
    real = type(p)
    g = real(0) if abs(g) < real(NEGLIGIBLE_GRADIENT) else g
    m = a * m + c * g
    v = b * v + d * g * g
    m = real(0) if abs(m) < real(NEGLIGIBLE_MEAN) else m
    v = real(0) if v < real(NEGLIGIBLE_SQUARE) else v
    return kept * p - rate * m / (np.sqrt(v) + epsilon), m, v


@compiled
def update(
    parameters: Array, gradient: Array, first: Array, second: Array, rule: int, numbers: NDArray[Any]
) -> None:
    """A step of `rule` on flat arrays of any one length; `numbers` are those of `constants_of`.

    `first` and `second` are the optimizer's state; a rule that has less state does not read the rest. The
    equations are those of `nn.optimizers`. Negligible entries of the state are flushed to zero in every step.
    """
    rate, a, b, c, d, epsilon, kept = numbers
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
                parameters[i], gradient[i], first[i], second[i], rate, a, b, c, d, epsilon, kept
            )
