"""The parameters of a block of seeds as packed matrices."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sweep.engines.compiled import packing
from sweep.nn.architecture import Architecture
from sweep.nn.parameters import Parameters
from sweep.types import Array


class PackedBlock:
    """Parameters of several seeds, layer by layer, as packs (see `packing`).

    `weights`, (seeds, packs, inputs, lanes), and `biases`, (seeds, packs, 1, lanes), one array a layer, are
    views of `flat`, which holds all numbers. Where the last pack of a matrix has more columns than are left,
    the rest are zeros.
    """

    def __init__(self, architecture: Architecture, seeds: int, dtype: np.dtype[np.floating]) -> None:
        """A block of zeros."""
        self.architecture, self.seeds = architecture, seeds
        width = packing.lanes(dtype)
        shapes = [
            (seeds, -(-outputs // width), rows, width)
            for inputs, outputs in architecture.layers
            for rows in ([inputs, 1] if architecture.bias else [inputs])
        ]
        ends = np.cumsum([0, *(np.prod(shape) for shape in shapes)])
        self.flat = packing.aligned((int(ends[-1]),), dtype)
        spans = zip(pairwise(ends), shapes, strict=True)
        self._parts = [self.flat[start:end].reshape(shape) for (start, end), shape in spans]
        every = 2 if architecture.bias else 1
        self.weights = self._parts[::every]
        self.biases = self._parts[1::2] if architecture.bias else []

    @classmethod
    def of(cls, architecture: Architecture, parameters: Array) -> "PackedBlock":
        """A block with a copy of these parameters, (seeds, parameters)."""
        block = cls(architecture, len(parameters), parameters.dtype)
        for own, given in zip(block._parts, Parameters(architecture, parameters).parts, strict=True):
            packing.fill(own, given)
        return block

    @property
    def parameters(self) -> Array:
        """A copy of the parameters, one row a seed, (seeds, parameters)."""
        rows = Parameters(
            self.architecture, np.empty((self.seeds, self.architecture.parameters), self.flat.dtype)
        )
        for own, given in zip(self._parts, rows.parts, strict=True):
            given[...] = packing.matrix(own, given.shape[-1])
        return rows.flat

    def zeros(self) -> "PackedBlock":
        """A block of the same shape whose numbers are all zero."""
        return PackedBlock(self.architecture, self.seeds, self.flat.dtype)

    def select(self, positions: Sequence[int]) -> "PackedBlock":
        """A block with a copy of the seeds at these positions."""
        return PackedBlock.of(self.architecture, self.parameters[list(positions)])
