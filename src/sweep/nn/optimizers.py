"""Optimizers: a state that starts at zero, and an update that changes parameters and state in place.

All of them work elementwise on arrays of one shape. The new value of a number does not depend on its position
in the array, so a seed's bits do not depend on its neighbours. The learning rate multiplies outside the
momentum buffer, as in PyTorch and optax. (scikit-learn has it inside; at a constant rate both are the same.)
Add a new optimizer as one class and one entry in `OPTIMIZERS`. The fields of the class are its settings.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import sqrt

import numpy as np

from sweep.core.setting import Registry, setting
from sweep.nn import Array

# While the gradient of a weight stays zero, its momentum decays into denormal numbers, which make a processor
# a hundred times slower. Entries of the state below these magnitudes are too small to change a weight and are
# flushed to zero.
NEGLIGIBLE_VELOCITY = 1e-20
NEGLIGIBLE_MEAN, NEGLIGIBLE_SQUARE = 1e-20, 1e-30  # the root of the square is added to an epsilon of 1e-8
NEGLIGIBLE_GRADIENT = 1e-17  # smaller gradients have denormal squares

State = tuple[Array, ...]


class Optimizer(ABC):
    """A rule that moves parameters along a gradient."""

    @property
    @abstractmethod
    def negligible(self) -> tuple[float, ...]:
        """Return for each array of state the magnitude below which its entries may be flushed to zero."""

    def init(self, parameters: Array) -> State:
        """Return the state before the first step: arrays of zeros in the shape of `parameters`."""
        return tuple(np.zeros_like(parameters) for _ in self.negligible)

    @abstractmethod
    def update(self, parameters: Array, gradient: Array, state: State, *, rate: float, step: int) -> None:
        """Take step number `step`, counted from 1, at the learning rate `rate`.

        `parameters`, `gradient` and the arrays of `state` have one shape. `parameters` and `state` change in
        place, and `gradient` may be overwritten.
        """


@dataclass(frozen=True)
class Sgd(Optimizer):
    """p <- p - rate * g; with momentum v <- momentum * v + g, p <- p - rate * v (Polyak 1964)."""

    momentum: float = setting(0.0, "momentum", at_least=0, below=1, key="momentum")

    @property
    def negligible(self) -> tuple[float, ...]:
        return (NEGLIGIBLE_VELOCITY,) if self.momentum else ()

    def update(self, parameters: Array, gradient: Array, state: State, *, rate: float, step: int) -> None:
        if not state:
            parameters -= rate * gradient
            return
        (velocity,) = state
        velocity += gradient
        self.move(parameters, velocity, rate)

    def move(self, parameters: Array, velocity: Array, rate: float) -> None:
        """Take the second half of a step with momentum, once the gradient is in the velocity.

        `parameters` and `velocity` have one shape. Between steps the state is momentum * v, so that a matrix
        product can add the next gradient to it directly.
        """
        parameters -= rate * velocity
        velocity *= self.momentum


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """v <- momentum * v + g, p <- p - rate * (g + momentum * v) (Sutskever et al. 2013)."""

    momentum: float = setting(0.9, "momentum", above=0, below=1, key="momentum")

    @property
    def negligible(self) -> tuple[float, ...]:
        return (NEGLIGIBLE_VELOCITY,)

    def update(self, parameters: Array, gradient: Array, state: State, *, rate: float, step: int) -> None:
        (velocity,) = state  # momentum * v
        velocity += gradient
        velocity *= self.momentum
        gradient += velocity
        gradient *= rate
        parameters -= gradient


@dataclass(frozen=True)
class RmsProp(Optimizer):
    """s <- decay * s + (1 - decay) g^2, p <- p - rate * g / (sqrt(s) + epsilon) (Hinton et al. 2012)."""

    decay: float = setting(0.9, "RMSProp: decay of the mean square of the gradient", at_least=0, below=1)
    epsilon: float = setting(1e-8, "added to the root", above=0)

    @property
    def negligible(self) -> tuple[float, ...]:
        return (NEGLIGIBLE_SQUARE,)

    def update(self, parameters: Array, gradient: Array, state: State, *, rate: float, step: int) -> None:
        (square,) = state
        square *= self.decay
        scaled = gradient * gradient
        scaled *= 1 - self.decay
        square += scaled
        np.sqrt(square, out=scaled)
        scaled += self.epsilon
        np.divide(gradient, scaled, out=scaled)
        scaled *= rate
        parameters -= scaled


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1).

    m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g^2; p <- p - rate * m' / (sqrt(v') + epsilon),
    with m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t) in step t.
    """

    beta1: float = setting(0.9, "Adam: decay of the mean of the gradient", at_least=0, below=1)
    beta2: float = setting(0.999, "Adam: decay of the mean of its square", at_least=0, below=1)
    epsilon: float = setting(1e-8, "added to the root", above=0)

    @property
    def negligible(self) -> tuple[float, ...]:
        return (NEGLIGIBLE_MEAN, NEGLIGIBLE_SQUARE)

    def corrected(self, rate: float, step: int) -> tuple[float, float]:
        """Return the rate and epsilon of step `step`, with both bias corrections moved into them."""
        correction = sqrt(1 - self.beta2**step)
        return rate * correction / (1 - self.beta1**step), self.epsilon * correction

    def update(self, parameters: Array, gradient: Array, state: State, *, rate: float, step: int) -> None:
        first, second = state
        rate, epsilon = self.corrected(rate, step)
        first *= self.beta1
        second *= self.beta2
        scaled = gradient * (1 - self.beta1)
        first += scaled
        np.multiply(gradient, gradient, out=scaled)
        scaled *= 1 - self.beta2
        second += scaled
        np.sqrt(second, out=scaled)
        scaled += epsilon
        np.divide(first, scaled, out=scaled)
        scaled *= rate
        parameters -= scaled


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, p <- p - rate * weight_decay * p (Loshchilov and Hutter 2019,
    algorithm 2). Biases decay too, as in PyTorch and optax.
    """

    weight_decay: float = setting(0.01, "AdamW: decay of all parameters a step", at_least=0)

    def update(self, parameters: Array, gradient: Array, state: State, *, rate: float, step: int) -> None:
        parameters *= 1 - rate * self.weight_decay
        super().update(parameters, gradient, state, rate=rate, step=step)


OPTIMIZERS: Registry[type[Optimizer]] = Registry(
    "optimizer", {"sgd": Sgd, "adam": Adam, "nesterov": Nesterov, "rmsprop": RmsProp, "adamw": AdamW}
)
