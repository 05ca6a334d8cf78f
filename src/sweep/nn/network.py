"""A fully connected network for a block of seeds: outputs and gradients."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from sweep.nn.activations import ACTIVATIONS
from sweep.nn.initializers import INITIALIZERS
from sweep.nn.losses import Objective
from sweep.types import Array


@dataclass(frozen=True)
class Architecture:
    """The shape of a network: `units` of every layer, the input first and the output last.

    The parameters of one seed are one flat vector: for each layer its weights (inputs, outputs) in
    row-major order, then, if `bias`, its biases (outputs,).
    """

    units: tuple[int, ...]
    activation: str
    bias: bool = True

    @cached_property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of each layer of weights."""
        return tuple(pairwise(self.units))

    @cached_property
    def parameters(self) -> int:
        """The number of weights and biases of one seed."""
        return sum((inputs + self.bias) * outputs for inputs, outputs in self.layers)

    def views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """Weights (seeds, inputs, outputs) and biases (seeds, 1, outputs) as views of `flat`.

        `flat` is (seeds, parameters). Without biases the second list is empty.
        """
        seeds, weights, biases, start = len(flat), [], [], 0
        for inputs, outputs in self.layers:
            end = start + inputs * outputs
            weights.append(flat[:, start:end].reshape(seeds, inputs, outputs))
            start = end
            if self.bias:
                biases.append(flat[:, start : start + outputs].reshape(seeds, 1, outputs))
                start += outputs
        return weights, biases

    def initial_parameters(self, initializer: str, std: float, rng: np.random.Generator) -> Array:
        """The flat parameters of one seed, (parameters,) in float64; biases are zero."""
        flat = np.zeros((1, self.parameters))
        for weights in self.views(flat)[0]:
            _, inputs, outputs = weights.shape
            weights[0] = INITIALIZERS[initializer](inputs, outputs, std, rng)
        parameters: Array = flat[0]
        return parameters


@dataclass(frozen=True)
class Network:
    """An architecture with the parameters, (seeds, parameters), of a block of seeds.

    Products run over 3-D arrays, one matrix product a seed: one wide product over concatenated seeds
    would be faster for narrow layers, but a seed's bits would depend on its neighbours.
    """

    architecture: Architecture
    parameters: Array
    weights: list[Array] = field(init=False, repr=False)
    biases: list[Array] = field(init=False, repr=False)
    _buffers: dict[int, list[Array]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        weights, biases = self.architecture.views(self.parameters)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)

    def forward(self, features: Array) -> list[Array]:
        """The activations of every layer, (seeds, batch, units), the last before its output function.

        `features` is (batch, inputs), common to all seeds, or (seeds, batch, inputs). The arrays
        belong to the network and are overwritten by the next call with the same batch size.
        """
        layers = self._layers(features.shape[-2])
        activation = ACTIVATIONS[self.architecture.activation]
        inputs = features
        for index, outputs in enumerate(layers):
            np.matmul(inputs, self.weights[index], out=outputs)
            if self.biases:
                outputs += self.biases[index]
            if index < len(layers) - 1:
                activation.apply(outputs)
            inputs = outputs
        return layers

    def gradient(self, features: Array, targets: Array, objective: Objective, out: "Network") -> None:
        """Write the gradient of the batch loss into the parameters of `out` (backpropagation).

        `features` as for `forward`; `targets` is (batch, outputs) or (seeds, batch, outputs).
        """
        layers = self.forward(features)
        activation = ACTIVATIONS[self.architecture.activation]
        delta = layers[-1]
        objective.delta(delta, targets)
        ones = np.ones((1, delta.shape[-2]), delta.dtype)
        for index in reversed(range(len(layers))):
            inputs = layers[index - 1] if index else features
            np.matmul(inputs.swapaxes(-1, -2), delta, out=out.weights[index])
            if out.biases:
                # As a product, so that the order of the sum does not depend on the array's layout.
                np.matmul(ones, delta, out=out.biases[index])
            if index:
                previous = np.matmul(delta, self.weights[index].swapaxes(-1, -2))
                activation.backward(previous, inputs)
                delta = previous

    def _layers(self, batch: int) -> list[Array]:
        if batch not in self._buffers:
            seeds, dtype = len(self.parameters), self.parameters.dtype
            *hidden, outputs = self.architecture.units[1:]
            # The few outputs of an example lie apart in memory, (seeds, outputs, batch), so that sums
            # and maxima over them run over whole rows.
            last = np.empty((seeds, outputs, batch), dtype).swapaxes(1, 2)
            layers = [np.empty((seeds, batch, units), dtype) for units in hidden]
            self._buffers[batch] = [*layers, last]
        return self._buffers[batch]
