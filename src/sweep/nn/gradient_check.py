"""Backpropagation against central differences, in float64."""

from collections.abc import Callable, Sequence

import numpy as np

from sweep.nn.parameters import Parameters
from sweep.types import Array


def slope(
    flat: Array,
    index: int | Sequence[int],
    loss: Callable[[], float],
    epsilon: float = 1e-6,
    direction: float | Array = 1.0,
) -> float:
    """(E(p + epsilon d) - E(p - epsilon d)) / (2 epsilon) for number `index` of one seed's parameters.

    Or for several of them, moved together along `direction`, (indices,). `flat` is (parameters,) and `loss`
    says what E is for it as it stands; it is left as it was.
    """
    original, losses = flat[index], []
    for shift in (epsilon, -epsilon):
        flat[index] = original + shift * direction
        losses.append(loss())
    flat[index] = original
    return (losses[0] - losses[1]) / (2 * epsilon)


def central_difference(
    parameters: Parameters,
    loss: Callable[[], float],
    indices: Sequence[int] | None = None,
    epsilon: float = 1e-6,
) -> Array:
    """The `slope` of these parameters of one seed, or of all, (indices,): two losses each."""
    flat = parameters.flat[0]
    chosen = range(flat.size) if indices is None else indices
    return np.array([slope(flat, index, loss, epsilon) for index in chosen])
