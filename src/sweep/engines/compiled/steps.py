"""How a gradient becomes a step: the equations of `nn.optimizers`, compiled, each of them once."""

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
    """How a gradient becomes a step. MOVE: with momentum, once the gradient is in the velocity."""

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


CONSTANTS = 7


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
def update(
    parameters: Array, gradient: Array, first: Array, second: Array, rule: int, numbers: NDArray[Any]
) -> None:
    """A step of `rule` on flat arrays of any one length; `numbers` are those of `constants_of`.

    `first` and `second` are the optimizer's state; a rule that keeps less does not read them. The equations
    are those of `nn.optimizers`. Negligible numbers are flushed to zero in every step.
    """
    rate, a, b, c, d, epsilon, kept = numbers
    real = parameters.dtype.type
    zero, floor = real(0), real(NEGLIGIBLE_VELOCITY)
    if rule == _SGD:
        for i in range(parameters.size):
            parameters[i] -= rate * gradient[i]
    elif rule == _MOVE:
        for i in range(parameters.size):
            v = zero if abs(first[i]) < floor else first[i]
            parameters[i] -= rate * v
            first[i] = a * v
    elif rule == _MOMENTUM:
        for i in range(parameters.size):
            v = first[i] + gradient[i]
            v = zero if abs(v) < floor else v
            parameters[i] -= rate * v
            first[i] = a * v
    elif rule == _NESTEROV:
        for i in range(parameters.size):
            v = first[i] + gradient[i]
            v = zero if abs(v) < floor else v
            first[i] = a * v
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
        least, small, tiny = real(NEGLIGIBLE_GRADIENT), real(NEGLIGIBLE_MEAN), real(NEGLIGIBLE_SQUARE)
        for i in range(parameters.size):
            g = zero if abs(gradient[i]) < least else gradient[i]
            m = a * first[i] + c * g
            v = b * second[i] + d * g * g
            m = zero if abs(m) < small else m
            v = zero if v < tiny else v
            first[i] = m
            second[i] = v
            parameters[i] = kept * parameters[i] - rate * m / (np.sqrt(v) + epsilon)
