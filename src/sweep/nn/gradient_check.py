"""Central differences of a loss, against which gradients are checked, in float64."""

from collections.abc import Callable, Sequence

import numpy as np

from sweep.core.types import Array
from sweep.nn.parameters import Parameters


def slope(
    flat: Array,
    index: int | Sequence[int],
    loss: Callable[[], float],
    epsilon: float = 1e-6,
    direction: float | Array = 1.0,
) -> float:
    """(E(p + epsilon d) - E(p - epsilon d)) / (2 epsilon) for one parameter of a seed, or several together.

    `flat`, (parameters,), are all parameters of the seed. `index` is the position of the one that is moved,
    or those of several, which are moved along `direction`, (indices,). `loss()` returns E at the present
    values of `flat`, which has its old values again afterwards.
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
    """The `slope` of each of these parameters of one seed, or of all of them, (indices,).

    `parameters` are those of a single seed. Each slope takes two calls of `loss`.
    """
    flat = parameters.flat[0]
    chosen = range(flat.size) if indices is None else indices
    return np.array([slope(flat, index, loss, epsilon) for index in chosen])
