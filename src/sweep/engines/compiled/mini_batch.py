"""The network of a block of seeds with all its numbers in panels (see `panels`), compiled by Numba."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.nn import compiled, panel_products, panels
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.compiled import Rule
from sweep.nn.kernels import Kernels
from sweep.nn.losses import Objective
from sweep.nn.network import Accept, Architecture, Network
from sweep.nn.optimizers import Hyperparameters
from sweep.nn.tiles import SHORT
from sweep.types import Array


@dataclass(frozen=True)
class _Workspace:
    """Arrays that a network reuses for every batch of one size.

    `layers` are the activations and `deltas` the errors of every layer, in panels; `outputs` the last
    pre-activations, (seeds, outputs, batch), apart in memory as in `network`; `ones` is (batch,).
    """

    layers: list[Array]
    deltas: list[Array]
    outputs: Array
    ones: Array

    @staticmethod
    def of(units: tuple[int, ...], seeds: int, batch: int, dtype: DTypeLike) -> "_Workspace":
        def empty() -> list[Array]:
            return [panels.zeros(seeds, batch + SHORT, columns=count, dtype=dtype) for count in units]

        return _Workspace(empty(), empty(), np.empty((seeds, units[-1], batch), dtype), np.ones(batch, dtype))


class PanelNetwork(Network):
    """A network in panels: `weights` are (seeds, panels, inputs, lanes), `biases` (seeds, panels, 1, lanes).

    `flat` holds all of them layer by layer, with zeros where a panel has more columns than its matrix.
    """

    examples_at_once = 1000
    in_panels = True

    def __init__(self, architecture: Architecture, parameters: Array) -> None:
        """The network of `parameters`, (seeds, parameters), which are copied."""
        self.architecture, self.kernels, self.interleaved = architecture, Kernels.NUMBA, False
        self.seeds, dtype = len(parameters), parameters.dtype
        width = panels.lanes(dtype)
        shapes = [
            (self.seeds, -(-outputs // width), rows, width)
            for inputs, outputs in architecture.layers
            for rows in ([inputs, 1] if architecture.bias else [inputs])
        ]
        ends = np.cumsum([0, *(np.prod(shape) for shape in shapes)])
        self.flat = panels.aligned((int(ends[-1]),), dtype)
        spans = zip(pairwise(ends), shapes, strict=True)
        parts = [self.flat[start:end].reshape(shape) for (start, end), shape in spans]
        every = 2 if architecture.bias else 1
        self.weights, self.biases = parts[::every], parts[1::2] if architecture.bias else []
        for own, given in zip(self._parts(), self._matrices(parameters), strict=True):
            panels.fill(own, given)
        self._inputs: dict[tuple[int, ...], Array] = {}
        self._spaces: dict[int, _Workspace] = {}

    @cached_property
    def _no_biases(self) -> list[Array]:
        return [np.zeros_like(weights[:, :, :1]) for weights in self.weights]

    @cached_property
    def _turned(self) -> list[Array]:
        """Room for the transposed weights of each layer."""
        return [
            panels.zeros(
                self.seeds, weights.shape[1] * weights.shape[3], columns=weights.shape[2], dtype=weights.dtype
            )
            for weights in self.weights
        ]

    @property
    def parameters(self) -> Array:
        """One row a seed, (seeds, parameters), a copy."""
        parameters = np.empty((self.seeds, self.architecture.parameters), self.flat.dtype)
        for own, given in zip(self._parts(), self._matrices(parameters), strict=True):
            given[...] = panels.matrix(own, given.shape[-1])
        return parameters

    def keep(self, seeds: list[int]) -> "PanelNetwork":
        """The network of these seeds only, in arrays of its own."""
        return PanelNetwork(self.architecture, self.parameters[seeds])

    def zeros(self) -> "PanelNetwork":
        """A network of the same shape whose parameters are all zero."""
        return PanelNetwork(
            self.architecture, np.zeros((self.seeds, self.architecture.parameters), self.flat.dtype)
        )

    def interleave(self) -> "PanelNetwork":
        """This network: it multiplies common examples by the weights of all seeds at once."""
        return self

    def gather(self, features: Array, rows: NDArray[np.int64]) -> Array:
        """A mini-batch in panels, (seeds or 1, panels, batch + SHORT, lanes); see `Network.gather`."""
        batches = np.ascontiguousarray(rows).reshape(-1, rows.shape[-1])
        if batches.shape not in self._inputs:
            sets, batch = batches.shape
            self._inputs[batches.shape] = panels.zeros(
                sets, batch + SHORT, columns=features.shape[1], dtype=self.flat.dtype
            )
        inputs = self._inputs[batches.shape]
        panels.gather(features, batches, inputs)
        return inputs

    def forward(self, features: Array) -> list[Array]:
        """The activations of every layer, of all but the last in panels; see `Network.forward`.

        `features` are a mini-batch as `gather` returns it, or as `Network.forward` takes it.
        """
        # Examples common to all seeds are multiplied as they lie, which saves an evaluation a copy.
        inputs = self._in_panels(features) if features.ndim == 3 else np.ascontiguousarray(features)
        workspace = self._space(inputs)
        *hidden, last = workspace.layers
        function = ACTIVATIONS[self.architecture.activation]
        for index, layer in enumerate(workspace.layers):
            panel_products.multiply(inputs, self.weights[index], layer)
            inputs = layer
            if layer is last:
                continue
            if self.architecture.activation == "relu":
                panels.bias_relu(layer, (self.biases or self._no_biases)[index])
                continue
            if self.biases:
                layer += self.biases[index]
            function.apply(layer)
        panels.take_out(last, (self.biases or self._no_biases)[-1], workspace.outputs)
        return [*hidden, workspace.outputs.swapaxes(1, 2)]

    def backward(self, features: Array, targets: Array, objective: Objective, accept: Accept) -> None:
        """Backpropagation, with a layer's inputs and errors in panels; see `Network.backward`."""
        inputs = features if features.ndim == 4 else self._in_panels(features)
        *hidden, outputs = self.forward(inputs)
        workspace = self._space(inputs)
        compiled.errors(objective, outputs, targets)
        panels.put_in(workspace.outputs, workspace.deltas[-1])
        function = ACTIVATIONS[self.architecture.activation]
        for index in reversed(range(len(workspace.deltas))):
            delta = workspace.deltas[index]
            if index:
                previous, output = workspace.deltas[index - 1], hidden[index - 1]
                panel_products.turn(self.weights[index], self._turned[index])
                panel_products.multiply(delta, self._turned[index], previous)
                if self.architecture.activation == "relu":
                    panels.relu_backward(previous, output)
                else:
                    function.backward(previous, output)
            accept(index, hidden[index - 1] if index else inputs, delta)

    def accumulate(
        self,
        features: Array,
        targets: Array,
        objective: Objective,
        scale: float,
        into: Network,
        *,
        add: bool = True,
    ) -> None:
        """See `Network.accumulate`; `into` lies in panels, too."""
        arrays = (into, self, self)
        numbers = compiled.constants_of(Rule.none, Hyperparameters(), 0.0, 1, self.flat.dtype)
        self.learn(features, targets, objective, arrays, Rule.none, numbers, scale=scale, add=add)

    def learn(
        self,
        features: Array,
        targets: Array,
        objective: Objective,
        arrays: tuple[Network, Network, Network],
        rule: Rule,
        numbers: Array,
        *,
        scale: float,
        add: bool,
    ) -> None:
        """gradient <- scale * gradient, with `add` on top of what is there; then a step of `rule`.

        `arrays` are networks like this one: for the gradient, and for what the rule keeps between steps, two
        at most. `numbers` are its constants; see `compiled.update`.
        """
        inputs = features if features.ndim == 4 else self._in_panels(features)
        workspace, factor = self._space(inputs), self.flat.dtype.type(scale)
        gradient, first, second = arrays

        def collect(index: int, entering: Array, delta: Array) -> None:
            out, weights = gradient.weights[index], self.weights[index]
            state = first.weights[index], second.weights[index]
            panel_products.add_products(
                entering, delta, out, factor, add, weights, *state, int(rule), numbers
            )
            if self.biases:
                panel_products.add_sums(delta, workspace.ones, gradient.biases[index], factor, add)
                parts = (each.biases[index].reshape(-1) for each in (self, gradient, first, second))
                compiled.update(*parts, int(rule), numbers)

        self.backward(inputs, targets, objective, collect)

    def _in_panels(self, features: Array) -> Array:
        rows = np.arange(features.size // features.shape[-1]).reshape(features.shape[:-1])
        return self.gather(features.reshape(-1, features.shape[-1]), rows)

    def _space(self, features: Array) -> _Workspace:
        batch = len(features) if features.ndim == 2 else features.shape[2] - SHORT
        if batch not in self._spaces:
            self._spaces[batch] = _Workspace.of(
                self.architecture.units[1:], self.seeds, batch, self.flat.dtype
            )
        return self._spaces[batch]

    def _parts(self) -> list[Array]:
        """Weights and biases layer by layer, in panels."""
        return _in_turn(self.weights, self.biases)

    def _matrices(self, parameters: Array) -> list[Array]:
        """The same as views of `parameters`, (seeds, parameters)."""
        return _in_turn(*self.architecture.views(parameters))


def _in_turn(weights: list[Array], biases: list[Array]) -> list[Array]:
    if not biases:
        return weights
    return [part for pair in zip(weights, biases, strict=True) for part in pair]
