"""The shape of a network, and the parameters of several seeds as views of one flat vector each."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from sweep.nn import Array
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


class Parameters:
    """Flat vectors (seeds, parameters) with named views of them.

    `weights` are (seeds, inputs, outputs) and `biases` (seeds, 1, outputs), one array a layer; the list of
    biases is empty if the architecture has none. Writing to a view writes to `flat`.
    """

    def __init__(self, architecture: Architecture, flat: Array) -> None:
        self.architecture, self.flat = architecture, flat
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        start = 0
        for inputs, outputs in architecture.layers:
            self.weights.append(flat[:, start : start + inputs * outputs].reshape(-1, inputs, outputs))
            start += inputs * outputs
            if architecture.bias:
                self.biases.append(flat[:, start : start + outputs].reshape(-1, 1, outputs))
                start += outputs

    @property
    def parts(self) -> list[Array]:
        """Return weights and biases layer by layer, in the order of the flat vector."""
        if not self.biases:
            return self.weights
        return [part for layer in zip(self.weights, self.biases, strict=True) for part in layer]

    def zeros_like(self) -> "Parameters":
        """Return parameters of the same shape, all zero."""
        return Parameters(self.architecture, np.zeros_like(self.flat))
