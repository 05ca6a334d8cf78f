"""The shape of a network, the order of its parameters in a flat vector, and their initial values."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from sweep.core.types import Array
from sweep.nn.activations import ACTIVATIONS, Activation
from sweep.nn.initializers import Initializer


@dataclass(frozen=True)
class Architecture:
    """The shape of a network: `units` of every layer, from the input to the output.

    The parameters of one seed are one flat vector. For each layer it holds the weights (inputs, outputs) in
    row-major order and then, with `bias`, the biases (outputs,). `activation` is a name in `ACTIVATIONS`.
    """

    units: tuple[int, ...]
    activation: str
    bias: bool = True

    @cached_property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """Return (inputs, outputs) of each layer of weights."""
        return tuple(pairwise(self.units))

    @cached_property
    def parameter_count(self) -> int:
        """Return the number of weights and biases of one seed."""
        return sum((inputs + self.bias) * outputs for inputs, outputs in self.layers)

    @property
    def function(self) -> Activation:
        """Return the activation of the hidden layers."""
        return ACTIVATIONS[self.activation]

    def initial_parameters(self, initializer: Initializer, rng: np.random.Generator) -> Array:
        """Draw the initial flat parameters of one seed, (parameters,) in float64; biases are zero."""
        parts = []
        for inputs, outputs in self.layers:
            parts.append(initializer.weights(inputs, outputs, rng).reshape(-1))
            if self.bias:
                parts.append(np.zeros(outputs))
        return np.concatenate(parts)
