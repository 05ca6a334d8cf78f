"""Initial weights. Biases start at zero. A new initializer is one entry in `INITIALIZERS`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Initializer = Callable[[int, int, float, np.random.Generator], NDArray[np.float64]]


def _fan_in_uniform(inputs: int, outputs: int, std: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform on +-1/sqrt(inputs) (LeCun et al. 1998, "Efficient BackProp", up to a factor)."""
    bound = 1 / np.sqrt(inputs)
    return rng.uniform(-bound, bound, (inputs, outputs))


def _glorot(inputs: int, outputs: int, std: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform on +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010, eq. 16)."""
    bound = np.sqrt(6 / (inputs + outputs))
    return rng.uniform(-bound, bound, (inputs, outputs))


def _he(inputs: int, outputs: int, std: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal with standard deviation sqrt(2 / inputs) (He et al. 2015, eq. 10)."""
    return rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs))


def _normal(inputs: int, outputs: int, std: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal with the given standard deviation."""
    return rng.normal(0, std, (inputs, outputs))


def _zeros(inputs: int, outputs: int, std: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """All zero: right for a network without hidden layers, where the loss is convex."""
    return np.zeros((inputs, outputs))


INITIALIZERS: dict[str, Initializer] = {
    "he": _he,
    "glorot": _glorot,
    "fan_in_uniform": _fan_in_uniform,
    "normal": _normal,
    "zeros": _zeros,
}
