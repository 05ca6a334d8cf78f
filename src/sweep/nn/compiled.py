"""Adam's step as a single pass over memory, compiled by Numba (the extra `fast`).

The same equations as in `optimizers`, which runs them in NumPy where Numba is not installed: equal up to
rounding. Momentum needs no such step: BLAS adds its products to the velocities in place.
"""

from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from sweep.types import Array

if TYPE_CHECKING:
    from sweep.nn.optimizers import Hyperparameters


# error_model="numpy": a division by zero gives infinity, as everywhere else, and the loop is vectorised.
@numba.njit(cache=True, nogil=True, error_model="numpy")
def _adam_loop(
    parameters: Array,
    gradient: Array,
    first: Array,
    second: Array,
    rate: float,
    beta1: float,
    beta2: float,
    rest1: float,
    rest2: float,
    epsilon: float,
) -> None:
    for i in range(parameters.size):
        g = gradient[i]
        m = beta1 * first[i] + rest1 * g
        v = beta2 * second[i] + rest2 * g * g
        first[i] = m
        second[i] = v
        parameters[i] -= rate * m / (np.sqrt(v) + epsilon)


def adam(
    parameters: Array,
    gradient: Array,
    state: tuple[Array, ...],
    rate: float,
    step: int,
    constants: "Hyperparameters",
) -> None:
    """One step of Adam on one seed's arrays, (parameters,); see `optimizers` for the equations."""
    first, second = state
    correction = np.sqrt(1 - constants.beta2**step)
    # In the arrays' own precision: a float64 constant would carry the whole loop with it.
    real: Any = parameters.dtype.type
    numbers = (
        rate * correction / (1 - constants.beta1**step),
        constants.beta1,
        constants.beta2,
        1 - constants.beta1,
        1 - constants.beta2,
        constants.epsilon * correction,
    )
    _adam_loop(parameters, gradient, first, second, *(real(number) for number in numbers))
