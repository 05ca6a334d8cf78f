"""Initial weights. Biases start at zero.

Add a new initializer as one class and one entry in `INITIALIZERS`. The fields of the class are its settings.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweep.core.setting import Registry, setting


class Initializer(ABC):
    """A distribution of the initial weights of a layer."""

    @abstractmethod
    def weights(self, inputs: int, outputs: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the initial weights of a layer, (inputs, outputs)."""


@dataclass(frozen=True)
class He(Initializer):
    """Normal with standard deviation sqrt(2 / inputs) (He et al. 2015, eq. 10)."""

    def weights(self, inputs: int, outputs: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs))


@dataclass(frozen=True)
class Glorot(Initializer):
    """Uniform on +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010, eq. 16)."""

    def weights(self, inputs: int, outputs: int, rng: np.random.Generator) -> NDArray[np.float64]:
        bound = np.sqrt(6 / (inputs + outputs))
        return rng.uniform(-bound, bound, (inputs, outputs))


@dataclass(frozen=True)
class FanInUniform(Initializer):
    """Uniform on +-1/sqrt(inputs) (LeCun et al. 1998, "Efficient BackProp", up to a factor)."""

    def weights(self, inputs: int, outputs: int, rng: np.random.Generator) -> NDArray[np.float64]:
        bound = 1 / np.sqrt(inputs)
        return rng.uniform(-bound, bound, (inputs, outputs))


@dataclass(frozen=True)
class Normal(Initializer):
    """Normal with the standard deviation `std`."""

    std: float = setting(0.01, "standard deviation of the initial weights", above=0)

    def weights(self, inputs: int, outputs: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.normal(0, self.std, (inputs, outputs))


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zero. Only for networks without hidden layers: hidden units would stay equal for ever."""

    def weights(self, inputs: int, outputs: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return np.zeros((inputs, outputs))


INITIALIZERS: Registry[type[Initializer]] = Registry(
    "initializer",
    {"he": He, "glorot": Glorot, "fan_in_uniform": FanInUniform, "normal": Normal, "zeros": Zeros},
)
