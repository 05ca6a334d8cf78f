"""Forward and backward passes through the networks of a block, without allocating anything large."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from sweep.engines.engine import Network
from sweep.engines.numpy.products import multiply
from sweep.nn import Array
from sweep.nn.architecture import Architecture, Parameters
from sweep.nn.objective import Objective

# Backpropagation calls it for each layer with its index, its inputs and its errors dE/dz, (seeds, batch,
# units).
Accept = Callable[[int, Array, Array], None]


@dataclass(frozen=True)
class _Workspace:
    """Arrays that a network reuses for every batch of one size, (seeds, batch, units) each.

    `layers` are the outputs of each layer, the last of them before the output function. `deltas` are the
    errors of the hidden layers. `inputs` are their pre-activations, for activations whose derivative needs
    them.
    """

    layers: list[Array]
    deltas: list[Array]
    inputs: list[Array]


class Block:
    """Parameters of several seeds in one array, seed by seed or interleaved.

    `flat`, (seeds * parameters,), holds all numbers in the order of memory. `weights`, (seeds, inputs,
    outputs), and `biases`, (seeds, 1, outputs), one array a layer, are views of it. If `interleaved`, `flat`
    goes layer by layer, all seeds of a layer together. The weights of a first hidden layer are then one
    matrix (inputs, seeds * outputs) in memory, so that one product serves all seeds.
    """

    def __init__(self, architecture: Architecture, flat: Array, seeds: int, *, interleaved: bool) -> None:
        """Wrap `flat`, (seeds * parameters,), without copying it."""
        self.architecture, self.flat, self.seeds, self.interleaved = architecture, flat, seeds, interleaved
        if interleaved:
            self.weights, self.biases = _interleaved(architecture, flat, seeds)
        else:
            rows = Parameters(architecture, flat.reshape(seeds, -1))
            self.weights, self.biases = rows.weights, rows.biases

    @classmethod
    def of(cls, architecture: Architecture, parameters: Array, *, interleaved: bool) -> "Block":
        """Return a block with a copy of these parameters, (seeds, parameters)."""
        block = cls(
            architecture,
            np.empty(parameters.size, parameters.dtype),
            len(parameters),
            interleaved=interleaved,
        )
        rows = Parameters(architecture, parameters)
        for view, values in zip([*block.weights, *block.biases], [*rows.weights, *rows.biases], strict=True):
            view[...] = values
        return block

    @property
    def parameters(self) -> Array:
        """Return one row a seed, (seeds, parameters): a view of `flat`, or a copy if interleaved."""
        if not self.interleaved:
            return self.flat.reshape(self.seeds, -1)
        rows = Parameters(
            self.architecture, np.empty((self.seeds, self.architecture.parameter_count), self.flat.dtype)
        )
        for view, values in zip([*rows.weights, *rows.biases], [*self.weights, *self.biases], strict=True):
            view[...] = values
        return rows.flat

    def like(self, flat: Array) -> "Block":
        """Return a block of the same layout that wraps these numbers, (seeds * parameters,), uncopied."""
        return Block(self.architecture, flat, self.seeds, interleaved=self.interleaved)

    def select(self, positions: Sequence[int]) -> "Block":
        """Return a block with a copy of the seeds at these positions."""
        return Block.of(self.architecture, self.parameters[list(positions)], interleaved=self.interleaved)


def _interleaved(architecture: Architecture, flat: Array, seeds: int) -> tuple[list[Array], list[Array]]:
    """Return the weights and biases of each layer as views of an interleaved `flat`."""
    weights: list[Array] = []
    biases: list[Array] = []
    start = 0

    def part(count: int) -> Array:
        nonlocal start
        start += count
        return flat[seeds * (start - count) : seeds * start]

    for index, (inputs, outputs) in enumerate(architecture.layers):
        # Later layers cannot share a product, because each seed has its own inputs to them.
        if index == 0 and len(architecture.layers) > 1:
            weights.append(part(inputs * outputs).reshape(inputs, seeds, outputs).swapaxes(0, 1))
        else:
            weights.append(part(inputs * outputs).reshape(seeds, inputs, outputs))
        if architecture.bias:
            biases.append(part(outputs).reshape(seeds, 1, outputs))
    return weights, biases


class NumpyNetwork(Network):
    """The networks of a block.

    Products are of 3-D arrays, one matrix product a seed. If the examples are common to all seeds and the
    block is interleaved, the product of the first layer is one for all seeds (see `products`).
    """

    examples_at_once = 2000

    def __init__(self, block: Block) -> None:
        self.block, self.seeds = block, block.seeds
        self.function = block.architecture.function
        self._workspaces: dict[int, _Workspace] = {}

    def outputs(self, features: Array) -> Array:
        return self.forward(features)[-1]

    def forward(self, features: Array, *, keep_inputs: bool = False) -> list[Array]:
        """Compute the outputs of every layer, (seeds, batch, units), the last before the output function.

        `features` is (batch, inputs), common to all seeds, or (seeds, batch, inputs). The arrays belong to
        the network and are overwritten by the next call with the same batch size. With `keep_inputs`, the
        pre-activations of the hidden layers stay in the workspace, too.
        """
        workspace, block = self._workspace(features), self.block
        inputs = features
        for index, outputs in enumerate(workspace.layers):
            multiply(inputs, block.weights[index], outputs)
            if block.biases:
                outputs += block.biases[index]
            if index < len(workspace.layers) - 1:
                if keep_inputs:
                    # A copy, because the activation is applied in place.
                    workspace.inputs[index][...] = outputs
                self.function.apply(outputs)
            inputs = outputs
        return workspace.layers

    def backward(self, features: Array, targets: Array, *, objective: Objective, accept: Accept) -> None:
        """Backpropagate: hand each layer's inputs and errors to `accept`, from the last to the first.

        `features` is as for `forward`; `targets` is (batch, outputs) or (seeds, batch, outputs). A layer's
        gradient is inputs' @ errors. `accept` may change the weights of its layer, which are no longer
        needed.
        """
        needs_input = self.function.needs_input
        layers = self.forward(features, keep_inputs=needs_input)
        workspace = self._workspace(features)
        # The errors replace the outputs in place, as these are not needed any more.
        delta = layers[-1]
        objective.delta(delta, targets)
        for index in reversed(range(len(layers))):
            inputs = layers[index - 1] if index else features
            previous = delta
            if index:
                previous = workspace.deltas[index - 1]
                np.matmul(delta, self.block.weights[index].swapaxes(-1, -2), out=previous)
                self.function.backward(previous, workspace.inputs[index - 1] if needs_input else inputs)
            # Only now, because `accept` may change the weights through which the errors have just been
            # passed.
            accept(index, inputs, delta)
            delta = previous

    def _workspace(self, features: Array) -> _Workspace:
        batch = features.shape[-2]
        if batch not in self._workspaces:
            self._workspaces[batch] = self._new_workspace(batch, self.block.flat.dtype)
        return self._workspaces[batch]

    def _new_workspace(self, batch: int, dtype: DTypeLike) -> _Workspace:
        *hidden, outputs = self.block.architecture.units[1:]
        # In memory the output layer is (seeds, outputs, batch), so that sums and maxima over the few outputs
        # run over whole rows of examples.
        last = np.empty((self.seeds, outputs, batch), dtype).swapaxes(1, 2)

        def empty() -> list[Array]:
            # Not empty_like, which may lay out an axis of length one in any way.
            layers: list[Array] = [np.empty((self.seeds, batch, count), dtype) for count in hidden]
            if self.block.interleaved and hidden:
                layers[0] = np.empty((batch, self.seeds, hidden[0]), dtype).swapaxes(0, 1)
            return layers

        return _Workspace([*empty(), last], empty(), empty() if self.function.needs_input else [])
