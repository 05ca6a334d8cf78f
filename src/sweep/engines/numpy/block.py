"""The parameters of a block of seeds in the memory layout of the NumPy engine."""

from collections.abc import Sequence

import numpy as np

from sweep.core.types import Array
from sweep.nn.architecture import Architecture
from sweep.nn.parameters import Parameters


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
        if index == 0 and len(architecture.layers) > 1:
            weights.append(part(inputs * outputs).reshape(inputs, seeds, outputs).swapaxes(0, 1))
        else:
            weights.append(part(inputs * outputs).reshape(seeds, inputs, outputs))
        if architecture.bias:
            biases.append(part(outputs).reshape(seeds, 1, outputs))
    return weights, biases
