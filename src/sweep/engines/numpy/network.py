"""A fully connected network for a block of seeds: outputs and gradients."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.nn.activations import ACTIVATIONS
from sweep.nn.initializers import INITIALIZERS
from sweep.nn.kernels import Kernels
from sweep.nn.losses import Objective
from sweep.nn.products import add_products, add_sums, multiply
from sweep.types import Array

# What backpropagation finds for a layer: its index, its inputs and its errors, (seeds, batch, units).
Accept = Callable[[int, Array, Array], None]


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

    def views(self, flat: Array, interleaved: bool = False) -> tuple[list[Array], list[Array]]:
        """Weights (seeds, inputs, outputs) and biases (seeds, 1, outputs) as views of `flat`.

        `flat` is (seeds, parameters), one row a seed. `interleaved` it holds the same numbers in another
        order: layer by layer, all seeds of a layer together, and a first hidden layer as one matrix
        (inputs, seeds x outputs), which one product multiplies. Without biases the second list is empty.
        """
        seeds, weights, biases, start = len(flat), [], [], 0

        def part(count: int) -> Array:
            if interleaved:
                return flat.reshape(-1)[seeds * start : seeds * (start + count)]
            return flat[:, start : start + count]

        for index, (inputs, outputs) in enumerate(self.layers):
            if interleaved and index == 0 and len(self.layers) > 1:
                weights.append(part(inputs * outputs).reshape(inputs, seeds, outputs).swapaxes(0, 1))
            else:
                weights.append(part(inputs * outputs).reshape(seeds, inputs, outputs))
            start += inputs * outputs
            if self.bias:
                biases.append(part(outputs).reshape(seeds, 1, outputs))
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
class _Workspace:
    """Arrays that a network reuses for every batch of one size, so that a step allocates nothing large.

    `layers` are the activations, (seeds, batch, units) each; `deltas` the errors of the hidden layers,
    in the same shapes.
    """

    layers: list[Array]
    deltas: list[Array]

    @staticmethod
    def of(
        units: tuple[int, ...], seeds: int, batch: int, dtype: DTypeLike, interleaved: bool
    ) -> "_Workspace":
        *hidden, outputs = units
        # The few outputs of an example lie apart in memory, (seeds, outputs, batch), so that sums and
        # maxima over them run over whole rows.
        last = np.empty((seeds, outputs, batch), dtype).swapaxes(1, 2)

        def empty() -> list[Array]:
            # Not by empty_like, which lays out an axis of length one as it likes.
            layers = [np.empty((seeds, batch, count), dtype) for count in hidden]
            if interleaved and hidden:
                layers[0] = np.empty((batch, seeds, hidden[0]), dtype).swapaxes(0, 1)
            return layers

        return _Workspace([*empty(), last], empty())


class Network:
    """An architecture with the parameters of a block of seeds.

    Products run over 3-D arrays, one matrix product a seed. Where the examples are common to all seeds and
    the first hidden layer is `interleaved`, its product is one for all (see `products`).
    """

    # Examples of one `forward` of an evaluation: enough for BLAS to run at full rate, few enough for its
    # results to stay in the cache.
    examples_at_once = 2000
    in_panels = False

    def __init__(
        self,
        architecture: Architecture,
        parameters: Array,
        kernels: Kernels = Kernels.NUMPY,
        interleaved: bool = False,
    ) -> None:
        """`parameters`, (seeds, parameters), are used in place, or copied to be `interleaved`.

        `flat` holds all of them, (seeds x parameters,), in the order in which they lie in memory.
        """
        self.architecture, self.kernels, self.interleaved = architecture, kernels, interleaved
        self.seeds = len(parameters)
        block = np.empty_like(parameters) if interleaved else parameters
        self.flat = block.reshape(-1)
        self.weights, self.biases = architecture.views(block, interleaved)
        if interleaved:
            weights, biases = architecture.views(parameters)
            for own, given in zip([*self.weights, *self.biases], [*weights, *biases], strict=True):
                own[...] = given
        self._gathered: dict[tuple[int, ...], Array] = {}
        self._workspaces: dict[int, _Workspace] = {}

    @property
    def parameters(self) -> Array:
        """One row a seed, (seeds, parameters): a view, or of an interleaved network a copy."""
        if not self.interleaved:
            return self.flat.reshape(self.seeds, -1)
        parameters = np.empty((self.seeds, self.architecture.parameters), self.flat.dtype)
        weights, biases = self.architecture.views(parameters)
        for given, own in zip([*weights, *biases], [*self.weights, *self.biases], strict=True):
            given[...] = own
        return parameters

    def interleave(self) -> "Network":
        """This network if it is interleaved, else a copy that is."""
        if self.interleaved:
            return self
        return Network(self.architecture, self.parameters, self.kernels, interleaved=True)

    def keep(self, seeds: list[int]) -> "Network":
        """The network of these seeds only, in arrays of its own."""
        return Network(self.architecture, self.parameters[seeds], self.kernels, self.interleaved)

    def zeros(self) -> "Network":
        """A network of the same shape whose parameters are all zero."""
        parameters = np.zeros((self.seeds, self.architecture.parameters), self.flat.dtype)
        return Network(self.architecture, parameters, self.kernels, self.interleaved)

    def gather(self, features: Array, rows: NDArray[np.int64]) -> Array:
        """The mini-batch of these rows of `features`, (examples, inputs), as `forward` takes it.

        `rows` is (batch,) or (seeds, batch). A view of a single row, or an array that the next mini-batch of
        this size overwrites.
        """
        if rows.size == 1:
            single: Array = features[rows.item()].reshape(*rows.shape, -1)
            return single
        if rows.shape not in self._gathered:
            self._gathered[rows.shape] = np.empty((*rows.shape, features.shape[1]), features.dtype)
        gathered = self._gathered[rows.shape]
        # mode="clip" skips a check and a buffer: the gather is three times as fast.
        np.take(features, rows, axis=0, out=gathered, mode="clip")
        return gathered

    def forward(self, features: Array) -> list[Array]:
        """The activations of every layer, (seeds, batch, units), the last before its output function.

        `features` is (batch, inputs), common to all seeds, or (seeds, batch, inputs). The arrays
        belong to the network and are overwritten by the next call with the same batch size.
        """
        layers = self._workspace(features).layers
        inputs = features
        for index, outputs in enumerate(layers):
            multiply(inputs, self.weights[index], outputs)
            if self.biases:
                outputs += self.biases[index]
            if index < len(layers) - 1:
                ACTIVATIONS[self.architecture.activation].apply(outputs)
            inputs = outputs
        return layers

    def backward(self, features: Array, targets: Array, objective: Objective, accept: Accept) -> None:
        """Backpropagation: hand each layer's inputs and errors to `accept`, from the last to the first.

        `features` as for `forward`; `targets` is (batch, outputs) or (seeds, batch, outputs). A layer's
        gradient is inputs' @ errors. By the time that `accept` is called its weights are needed no more.
        """
        layers = self.forward(features)
        workspace = self._workspace(features)
        delta = layers[-1]
        objective.delta(delta, targets)
        for index in reversed(range(len(layers))):
            inputs = layers[index - 1] if index else features
            previous = delta
            if index:
                previous = workspace.deltas[index - 1]
                np.matmul(delta, self.weights[index].swapaxes(-1, -2), out=previous)
                ACTIVATIONS[self.architecture.activation].backward(previous, inputs)
            accept(index, inputs, delta)
            delta = previous

    def gradient(self, features: Array, targets: Array, objective: Objective, out: "Network") -> None:
        """Write the gradient of the batch loss into the parameters of `out`; arguments as for `backward`."""
        self.accumulate(features, targets, objective, 1.0, out, add=False)

    def accumulate(
        self,
        features: Array,
        targets: Array,
        objective: Objective,
        scale: float,
        into: "Network",
        *,
        add: bool = True,
    ) -> None:
        """into <- scale * gradient, with `add` on top of what is there; no other array holds the gradient.

        BLAS adds each product to what is there already; `into` may be the network itself.
        """

        def collect(index: int, inputs: Array, delta: Array) -> None:
            add_products(inputs, delta, into.weights[index], scale, add)
            if into.biases:
                add_sums(delta, into.biases[index], scale, add)

        self.backward(features, targets, objective, collect)

    def _workspace(self, features: Array) -> _Workspace:
        batch = features.shape[-2]
        if batch not in self._workspaces:
            self._workspaces[batch] = _Workspace.of(
                self.architecture.units[1:], self.seeds, batch, self.flat.dtype, self.interleaved
            )
        return self._workspaces[batch]
