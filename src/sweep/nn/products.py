"""Matrix products of a block of seeds, at the rate that BLAS reaches for their shapes.

OpenBLAS multiplies small matrices as they lie, and copies larger ones into a layout of its own first.
Beside a narrow layer the copy costs more than the multiplication: such products are done in pieces of the
batch small enough to be multiplied as they lie, up to twice as fast. Pieces depend on the shapes of one seed
only, and so do the bits of its result.
"""

from functools import lru_cache

import numpy as np
from scipy.linalg.blas import dgemm, dger, sgemm, sger

from sweep.types import Array

SMALL = 1_000_000  # multiplications that OpenBLAS does without copying
NARROW = 64  # columns for which that pays
LANES = 16  # a piece is a multiple of what one vector instruction holds
WIDE_PIECE = 128  # examples whose products stay in the cache while they are added up


def multiply(inputs: Array, weights: Array, out: Array) -> None:
    """out <- inputs @ weights for each seed.

    `inputs` is (batch, rows) or (seeds, batch, rows), `weights` (seeds, rows, columns), `out`
    (seeds, batch, columns).
    """
    batch, (_, rows, columns) = inputs.shape[-2], weights.shape
    if columns > NARROW or batch * rows * columns <= SMALL:
        np.matmul(inputs, weights, out=out)
        return
    for piece in _pieces(batch, rows, columns):
        np.matmul(inputs[..., piece, :], weights, out=out[:, piece])


def add_products(inputs: Array, delta: Array, out: Array, scale: float, decay: float) -> None:
    """out <- decay * out + scale * inputs' @ delta for each seed, in place.

    `inputs` is (batch, rows) or (seeds, batch, rows), `delta` (seeds, batch, columns), `out`
    (seeds, rows, columns).
    """
    pieces = _pieces(delta.shape[1], *out.shape[1:])
    if decay == 0 and scale == 1 and len(pieces) == 1:
        np.matmul(inputs.swapaxes(-1, -2), delta, out=out)
        return
    for seed, weights in enumerate(out):
        own, errors = inputs if inputs.ndim == 2 else inputs[seed], delta[seed]
        if len(pieces) == 1:
            add_product(own, errors, weights, scale, decay)
            continue
        for piece in pieces:
            add_product(own[piece], errors[piece], weights, scale, 1.0 if piece.start else decay)


def add_product(inputs: Array, delta: Array, out: Array, scale: float, decay: float) -> None:
    """out <- decay * out + scale * inputs' @ delta, in place and in one pass.

    `inputs` (batch, rows) and `out` (rows, columns) are row-major, `delta` is (batch, columns) in
    either order. For one example it is a rank-one update, which reads and writes `out` only once.
    """
    double = out.dtype == np.float64
    # BLAS counts in columns: what is row-major here is its own transpose there.
    if len(inputs) == 1:
        if decay == 0:
            out.fill(0)
        elif decay != 1:
            out *= decay
        (dger if double else sger)(
            scale, delta[0], inputs[0], a=out.T, overwrite_x=0, overwrite_y=0, overwrite_a=1
        )
    elif delta.flags.c_contiguous:
        (dgemm if double else sgemm)(scale, delta.T, inputs.T, decay, out.T, 0, 1, 1)
    else:
        (dgemm if double else sgemm)(scale, delta, inputs.T, decay, out.T, 1, 1, 1)


def add_scaled(sums: Array, out: Array, scale: float, decay: float) -> None:
    """out <- decay * out + scale * sums, in place; with a decay of 0 whatever `out` holds."""
    sums *= scale
    if decay == 0:
        out[...] = sums
        return
    if decay != 1:
        out *= decay
    out += sums


@lru_cache
def _pieces(batch: int, rows: int, columns: int) -> tuple[slice, ...]:
    """The pieces of a batch whose products with a (rows, columns) matrix are done one by one."""
    size = max(LANES, SMALL // (rows * columns) // LANES * LANES) if columns <= NARROW else WIDE_PIECE
    return tuple(slice(start, start + size) for start in range(0, batch, size))
