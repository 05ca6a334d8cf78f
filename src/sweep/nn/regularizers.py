"""Penalties on the weights: J = E + strength * C. Biases are not penalised.

E is the loss of the mini-batch after its reduction, so a penalty counts once a step, whatever the batch size.
Add a new penalty as one class and one entry in `REGULARIZERS`. The fields of the class are its settings.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from sweep.core.setting import Registry, setting
from sweep.nn import Array


class Regularizer(ABC):
    """A penalty on weights, with its strength and its gradient, for arrays of any shape."""

    @abstractmethod
    def penalty(self, weights: Array) -> float:
        """Return strength * C(weights), for weights of any shape."""

    @abstractmethod
    def add_gradient(self, gradient: Array, weights: Array) -> None:
        """Add strength * dC/dw to the gradient, an array of the weights' shape, in place."""


@dataclass(frozen=True)
class NoPenalty(Regularizer):
    """C = 0."""

    def penalty(self, weights: Array) -> float:
        return 0.0

    def add_gradient(self, gradient: Array, weights: Array) -> None:
        pass


@dataclass(frozen=True)
class L1(Regularizer):
    """C = sum |w|, with the derivative 0 at 0."""

    strength: float = setting(1e-4, "factor of the penalty", at_least=0)

    def penalty(self, weights: Array) -> float:
        return self.strength * float(np.abs(weights).sum())

    def add_gradient(self, gradient: Array, weights: Array) -> None:
        slopes = np.sign(weights)
        slopes *= self.strength
        gradient += slopes


@dataclass(frozen=True)
class L2(Regularizer):
    """C = sum w^2."""

    strength: float = setting(1e-4, "factor of the penalty", at_least=0)

    def penalty(self, weights: Array) -> float:
        return self.strength * float(np.square(weights).sum())

    def add_gradient(self, gradient: Array, weights: Array) -> None:
        gradient += (2 * self.strength) * weights


REGULARIZERS: Registry[type[Regularizer]] = Registry(
    "regularization", {"none": NoPenalty, "l1": L1, "l2": L2}
)
