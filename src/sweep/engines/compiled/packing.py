"""Packed matrices, the layout of weights, mini-batches and errors in this engine.

A pack holds as many columns of a matrix as a vector register has lanes, row after row: a matrix is (packs,
rows, lanes). Every product then reads its factors in the order in which they are stored. BLAS packs both
factors anew for each product, which takes a third of a step's time. If the number of columns is not a
multiple of the lanes, the rest of the last pack is zero and stays zero. A mini-batch has `SHORT` rows more
than examples: the micro-kernel may write to them, and nothing reads them. `PackedBlock` holds the parameters
of a block of seeds in this layout.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.engines.compiled.jit import compiled
from sweep.engines.compiled.microkernel import SHORT, VECTOR_BYTES, prefetch
from sweep.nn import Array
from sweep.nn.architecture import Architecture, Parameters

AHEAD = 2  # rows that the gathering of a mini-batch requests from memory in advance

# mypy does not see the signature behind Numba's decorator.
_prefetch: Any = prefetch


def lanes(dtype: DTypeLike) -> int:
    """Return the number of columns in a pack of numbers of this type."""
    return VECTOR_BYTES // np.dtype(dtype).itemsize


def zeros(*shape: int, columns: int, dtype: DTypeLike) -> Array:
    """Return matrices (..., rows, columns) of zeros in packs, (..., packs, rows, lanes)."""
    *outer, rows = shape
    width = lanes(dtype)
    return aligned((*outer, -(-columns // width), rows, width), dtype)


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return zeros of this shape at an address that is a multiple of a vector's bytes."""
    count, item = int(np.prod(shape)), np.dtype(dtype).itemsize
    room = np.zeros(count + VECTOR_BYTES // item, dtype)
    start = -room.ctypes.data % VECTOR_BYTES // item
    return room[start : start + count].reshape(shape)


def read_only(array: Array) -> Array:
    """Return a view that cannot be written to.

    To Numba, read-only and writable arrays have different types, and it would compile a function for both. So
    arrays that a function only reads are always passed like this.
    """
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


def fill(packs: Array, matrix: Array) -> None:
    """Copy matrices (..., rows, columns) into packs (..., packs, rows or more, lanes).

    Rows and columns of the packs beyond those of the matrices are left as they are.
    """
    *_, rows, columns = matrix.shape
    width = packs.shape[-1]
    for pack, start in enumerate(range(0, columns, width)):
        part = matrix[..., start : start + width]
        packs[..., pack, :rows, : part.shape[-1]] = part


def matrix(packs: Array, columns: int) -> Array:
    """Copy the matrices (..., rows, columns) out of packs (..., packs, rows, lanes)."""
    rows = packs.swapaxes(-3, -2)
    return rows.reshape(*rows.shape[:-2], -1)[..., :columns]


@compiled
def bias_relu(z: Array, bias: Array) -> None:
    """Set z <- max(z + bias, 0); z (seeds, packs, batch + SHORT, lanes), bias (seeds, packs, 1, lanes)."""
    zero = z.dtype.type(0)
    seeds, packs, room, _ = z.shape
    width = VECTOR_BYTES // z.itemsize
    for seed in range(seeds):
        for pack in range(packs):
            for row in range(room - SHORT):
                for lane in range(width):
                    shifted = z[seed, pack, row, lane] + bias[seed, pack, 0, lane]
                    # Written so that NaN stays NaN.
                    z[seed, pack, row, lane] = zero if shifted < zero else shifted


@compiled
def relu_backward(delta: Array, output: Array) -> None:
    """Set delta <- delta if the output is positive, else 0; two packed arrays of one shape.

    The 0 is in fact 0 * delta, so that an error that is not finite is passed on as NaN.
    """
    zero = delta.dtype.type(0)
    errors, outputs = delta.reshape(-1), output.reshape(-1)
    for index in range(errors.size):
        error = errors[index]
        errors[index] = error if outputs[index] > zero else zero * error


@compiled
def take_out(packs: Array, bias: Array, out: Array) -> None:
    """Unpack and add the biases: out, (seeds, columns, rows), <- packs + bias.

    `packs` is (seeds, packs, rows or more, lanes), `bias` (seeds, packs, 1, lanes).
    """
    width = packs.shape[3]
    for seed in range(out.shape[0]):
        for column in range(out.shape[1]):
            pack, lane = column // width, column % width
            shift = bias[seed, pack, 0, lane]
            for row in range(out.shape[2]):
                out[seed, column, row] = packs[seed, pack, row, lane] + shift


@compiled
def put_in(source: Array, packs: Array) -> None:
    """Copy `source`, (seeds, columns, rows), into packs, (seeds, packs, rows or more, lanes)."""
    width = packs.shape[3]
    for seed in range(source.shape[0]):
        for column in range(source.shape[1]):
            pack, lane = column // width, column % width
            for row in range(source.shape[2]):
                packs[seed, pack, row, lane] = source[seed, column, row]


@compiled
def gather(source: Array, rows: NDArray[np.int64], out: Array) -> None:
    """Copy rows of `source`, (examples, columns), read-only, into packs.

    `rows`, (seeds or 1, batch), are their positions in `source`; `out` is (seeds or 1, packs, batch + SHORT,
    lanes).
    """
    columns, width = source.shape[1], VECTOR_BYTES // out.itemsize
    whole = columns // width
    count = rows.shape[1]
    for seed in range(rows.shape[0]):
        for index in range(count):
            following = rows[seed, min(index + AHEAD, count - 1)] * columns
            row = rows[seed, index]
            for pack in range(whole):
                _prefetch(source, following + pack * width)
                for lane in range(width):
                    out[seed, pack, index, lane] = source[row, pack * width + lane]
            for column in range(whole * width, columns):
                out[seed, whole, index, column - whole * width] = source[row, column]


class PackedBlock:
    """Parameters of several seeds, layer by layer, as packs (see `packing`).

    `weights`, (seeds, packs, inputs, lanes), and `biases`, (seeds, packs, 1, lanes), one array a layer, are
    views of `flat`, which holds all numbers. If the last pack of a matrix has more columns than are left, the
    rest are zeros.
    """

    def __init__(self, architecture: Architecture, seeds: int, dtype: np.dtype[np.floating]) -> None:
        """Start with zeros."""
        self.architecture, self.seeds = architecture, seeds
        width = lanes(dtype)
        shapes = [
            (seeds, -(-outputs // width), rows, width)
            for inputs, outputs in architecture.layers
            for rows in ([inputs, 1] if architecture.bias else [inputs])
        ]
        ends = np.cumsum([0, *(np.prod(shape) for shape in shapes)])
        self.flat = aligned((int(ends[-1]),), dtype)
        spans = zip(pairwise(ends), shapes, strict=True)
        self._parts = [self.flat[start:end].reshape(shape) for (start, end), shape in spans]
        every = 2 if architecture.bias else 1
        self.weights = self._parts[::every]
        self.biases = self._parts[1::2] if architecture.bias else []

    @classmethod
    def of(cls, architecture: Architecture, parameters: Array) -> "PackedBlock":
        """Return a block with a copy of these parameters, (seeds, parameters)."""
        block = cls(architecture, len(parameters), parameters.dtype)
        for packs, part in zip(block._parts, Parameters(architecture, parameters).parts, strict=True):
            fill(packs, part)
        return block

    @property
    def parameters(self) -> Array:
        """Return a copy of the parameters, one row a seed, (seeds, parameters)."""
        rows = Parameters(
            self.architecture, np.empty((self.seeds, self.architecture.parameter_count), self.flat.dtype)
        )
        for packs, part in zip(self._parts, rows.parts, strict=True):
            part[...] = matrix(packs, part.shape[-1])
        return rows.flat

    def zeros(self) -> "PackedBlock":
        """Return a block of the same shape, all zero."""
        return PackedBlock(self.architecture, self.seeds, self.flat.dtype)

    def select(self, positions: Sequence[int]) -> "PackedBlock":
        """Return a block with a copy of the seeds at these positions."""
        return PackedBlock.of(self.architecture, self.parameters[list(positions)])
