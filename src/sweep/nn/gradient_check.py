"""Central differences of a loss, in float64, to check gradients against."""

from collections.abc import Callable, Sequence

import numpy as np

from sweep.core.types import Array
from sweep.nn.parameters import Parameters


def slope(
    flat: Array,
    index: int | Sequence[int],
    loss: Callable[[], float],
    *,
    epsilon: float = 1e-6,
    direction: float | Array = 1.0,
) -> float:
    """Return (E(p + epsilon d) - E(p - epsilon d)) / (2 epsilon) for one parameter p, or several together.

    `flat`, (parameters,), holds all parameters of one seed. `index` is the position of the one to move, or of
    several to move along `direction`, (indices,). `loss()` returns E at the current values of `flat`, which
    are restored afterwards.
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
    *,
    epsilon: float = 1e-6,
) -> Array:
    """Return the `slope` of the parameters at `indices`, or of all of them, (indices,).

    `parameters` are those of a single seed. Each slope takes two calls of `loss`.
    """
    flat = parameters.flat[0]
    chosen = range(flat.size) if indices is None else indices
    return np.array([slope(flat, index, loss, epsilon=epsilon) for index in chosen])
