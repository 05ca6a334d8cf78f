"""Penalties on the weights: J = E + strength * C. Biases are not penalised.

E is the loss of the mini-batch after its reduction, so a penalty counts once a step whatever the batch
size. A new penalty is one entry in `REGULARIZERS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sweep.types import Array


@dataclass(frozen=True)
class Regularizer:
    """A penalty C of the weights, and its gradient.

    `penalty(weights)` is C; `add_gradient(gradient, weights, strength)` adds strength * dC/dw in place.
    """

    penalty: Callable[[Array], float]
    add_gradient: Callable[[Array, Array, float], None]


def _add_l1(gradient: Array, weights: Array, strength: float) -> None:
    penalty = np.sign(weights)  # 0 where the weight is 0
    penalty *= strength
    gradient += penalty


def _add_l2(gradient: Array, weights: Array, strength: float) -> None:
    gradient += (2 * strength) * weights


REGULARIZERS: dict[str, Regularizer | None] = {
    "none": None,
    "l1": Regularizer(lambda weights: float(np.abs(weights).sum()), _add_l1),
    "l2": Regularizer(lambda weights: float(np.square(weights).sum()), _add_l2),
}
