"""The parameters of several seeds: one flat vector a seed, with its weights and biases as views."""

import numpy as np

from sweep.core.types import Array
from sweep.nn.architecture import Architecture


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
