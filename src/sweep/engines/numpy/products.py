"""Matrix products of a block of seeds, at the rate that BLAS reaches for their shapes.

If all seeds see the same examples, one wide product can serve all of them, with the weights of all seeds side
by side as one matrix. BLAS adds up each number of a product in an order that may depend on the shapes. So
each shape is tried once: if the wide product does not have the bits of the separate products, each seed gets
its own product.

OpenBLAS multiplies small matrices directly, but packs larger ones first, that is, copies them into its
internal layout. With a narrow layer, packing costs more than the multiplication. The product of one seed is
therefore cut into pieces of the batch that are small enough to be multiplied without packing, up to twice as
fast. The pieces, and so the bits of the result, depend only on the shapes of one seed.
"""

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from scipy.linalg.blas import dgemm, dger, sgemm, sger

from sweep.nn import Array

SMALL = 1_000_000  # most multiplications of a product that OpenBLAS does without packing
NARROW = 64  # most columns for which smaller pieces pay
LANES = 16  # examples of a piece are a multiple of this, the float32 numbers of a vector register
WIDE_PIECE = 128  # examples of a piece with more columns, whose products stay in the cache
TRIED = 10**10  # most multiplications of a wide product to try, which takes a tenth of a second or two
FEW = 4096  # most weights of a layer whose gradients are computed for all seeds in one call


def joined(array: Array) -> Array:
    """Return an interleaved array (seeds, rows, columns) as (1, rows, seeds * columns), others unchanged."""
    rows = array.swapaxes(0, 1)
    return rows.reshape(1, len(rows), -1) if rows.flags.c_contiguous else array


def multiply(inputs: Array, weights: Array, out: Array) -> None:
    """Set out <- inputs @ weights for each seed.

    `inputs` is (batch, rows) or (seeds, batch, rows), `weights` (seeds, rows, columns), `out`
    (seeds, batch, columns).
    """
    batch, (seeds, rows, columns) = inputs.shape[-2], weights.shape
    if inputs.ndim == 2 and out.strides[2] == out.itemsize:
        wide, wide_out = joined(weights), joined(out)
        if len(wide) == len(wide_out) == 1 and _same_outputs(batch, rows, columns, seeds, out.dtype.char):
            weights, out = wide, wide_out
        np.matmul(inputs, weights, out=out)
        return
    if columns > NARROW or batch * rows * columns <= SMALL:
        np.matmul(inputs, weights, out=out)
        return
    for piece in _pieces(batch, rows, columns):
        np.matmul(inputs[..., piece, :], weights, out=out[:, piece])


def add_products(inputs: Array, delta: Array, out: Array, *, scale: float, add: bool) -> None:
    """Set out <- scale * inputs' @ delta for each seed; with `add`, out <- out + scale * inputs' @ delta.

    `inputs` is (batch, rows) or (seeds, batch, rows), `delta` (seeds, batch, columns), `out`
    (seeds, rows, columns).
    """
    if inputs.ndim == 2 and delta.strides[2] == delta.itemsize:
        _add_shared_products(inputs, delta, out, scale=scale, add=add)
        return
    if inputs.shape[-1] == 1:
        # BLAS treats one column as a vector, and adds it up in another order if its numbers are not
        # neighbours in memory, as in a block of several seeds.
        inputs = np.ascontiguousarray(inputs)
    pieces = _pieces(delta.shape[1], *out.shape[1:])
    if len(pieces) == 1 and not add and scale == 1:
        np.matmul(inputs.swapaxes(-1, -2), delta, out=out)
        return
    if out[0].size <= FEW:
        sums: Array = sum(
            np.matmul(inputs[..., piece, :].swapaxes(-1, -2), delta[:, piece]) for piece in pieces
        )
        add_scaled(sums, out, scale=scale, add=add)
        return
    for seed, weights in enumerate(out):
        examples, errors = inputs if inputs.ndim == 2 else inputs[seed], delta[seed]
        if len(pieces) == 1:
            add_product(examples, errors, weights, scale=scale, add=add)
            continue
        for piece in pieces:
            add_product(examples[piece], errors[piece], weights, scale=scale, add=add or piece.start > 0)


def _add_shared_products(inputs: Array, delta: Array, out: Array, *, scale: float, add: bool) -> None:
    """Do `add_products` for inputs, (batch, rows), that all seeds share."""
    seeds, rows, columns = out.shape
    if len(inputs) * rows * columns <= SMALL and (add or scale != 1):
        # For small matrices BLAS rounds differently when it adds to existing numbers, and the wide product
        # would have other bits. So the product is computed first and added afterwards.
        sums = np.empty_like(out)
        _add_shared_products(inputs, delta, sums, scale=1.0, add=False)
        add_scaled(sums, out, scale=scale, add=add)
        return
    wide, wide_out = joined(delta), joined(out)
    shape = (len(inputs), rows, columns, seeds)
    if len(wide) == len(wide_out) == 1 and _same_sums(*shape, out.dtype.char, add=add):
        delta, out = wide, wide_out
    for errors, weights in zip(delta, out, strict=True):
        if weights.flags.c_contiguous:
            add_product(inputs, errors, weights, scale=scale, add=add)
        else:
            # BLAS writes in place only to contiguous memory.
            copy = np.ascontiguousarray(weights)
            add_product(inputs, np.ascontiguousarray(errors), copy, scale=scale, add=add)
            weights[...] = copy


@cache
def _same_outputs(batch: int, rows: int, columns: int, seeds: int, dtype: str) -> bool:
    """Return True if each seed's part of a wide product in `multiply` has the bits of its own product."""
    inputs = _random((batch, rows), dtype)
    return _same_bits(lambda weights, _: inputs @ weights, (rows, batch, columns), seeds, dtype)


@cache
def _same_sums(batch: int, rows: int, columns: int, seeds: int, dtype: str, *, add: bool) -> bool:
    """Return True if each seed's part of a wide `add_product` has the bits of its own `add_product`."""
    inputs = _random((batch, rows), dtype)

    def product(delta: Array, out: Array) -> Array:
        add_product(inputs, delta, out, scale=-0.3, add=add)
        return out

    return _same_bits(product, (batch, rows, columns), seeds, dtype)


def _same_bits(
    product: Callable[[Array, Array], Array], shape: tuple[int, int, int], seeds: int, dtype: str
) -> bool:
    """Return True if a product of `seeds` matrices (inner, columns) side by side has the bits of each one's.

    It is tried on random numbers. `product` gets a matrix and an array (outer, columns) to write to.
    """
    inner, outer, columns = shape
    if seeds == 1:
        return True
    if inner * outer * columns * seeds > TRIED:
        return False
    factors, start = _random((inner, seeds, columns), dtype), _random((outer, seeds, columns), dtype)
    wide = product(factors.reshape(inner, -1), start.copy().reshape(outer, -1)).reshape(start.shape)
    return all(
        np.array_equal(
            wide[:, seed],
            product(np.ascontiguousarray(factors[:, seed]), np.ascontiguousarray(start[:, seed])),
        )
        for seed in range(seeds)
    )


def _random(shape: tuple[int, ...], dtype: str) -> Array:
    numbers: Array = np.random.default_rng(0).random(shape).astype(dtype)
    numbers -= 0.5
    return numbers


def add_product(inputs: Array, delta: Array, out: Array, *, scale: float, add: bool) -> None:
    """Set out <- scale * inputs' @ delta of one seed; with `add`, out <- out + scale * inputs' @ delta.

    `inputs`, (batch, rows), and `out`, (rows, columns), are row-major; `delta`, (batch, columns), is
    row-major or column-major. BLAS reads and writes `out` only once; for one example it is a rank-one update.
    """
    double = out.dtype == np.float64
    # BLAS expects column-major matrices: to it, a row-major matrix is its own transpose.
    if len(inputs) == 1:
        if not add:
            out.fill(0)
        # Without overwrite_a, SciPy would update a copy.
        (dger if double else sger)(
            scale, delta[0], inputs[0], a=out.T, overwrite_x=0, overwrite_y=0, overwrite_a=1
        )
    elif delta.flags.c_contiguous:
        (dgemm if double else sgemm)(scale, delta.T, inputs.T, add, out.T, 0, 1, 1)
    else:
        (dgemm if double else sgemm)(scale, delta, inputs.T, add, out.T, 1, 1, 1)


def add_sums(delta: Array, bias: Array, *, scale: float, add: bool) -> None:
    """Set bias <- scale * (the sum of delta over the batch); with `add`, bias <- bias + that.

    `delta` is (seeds, batch, columns), `bias` (seeds, 1, columns).
    """
    # A product of ones with a contiguous copy of each seed's errors: BLAS adds up a few columns in another
    # order if those of other seeds lie between them.
    ones = np.ones((1, delta.shape[1]), delta.dtype)
    add_scaled(np.matmul(ones, np.ascontiguousarray(delta)), bias, scale=scale, add=add)


def add_scaled(sums: Array, out: Array, *, scale: float, add: bool) -> None:
    """Set out <- scale * sums, or with `add` out <- out + that; arrays of one shape. Overwrites `sums`."""
    sums *= scale
    if add:
        out += sums
    else:
        out[...] = sums


@lru_cache
def _pieces(batch: int, rows: int, columns: int) -> tuple[slice, ...]:
    """Cut a batch into pieces for products with a (rows, columns) matrix."""
    size = max(LANES, SMALL // (rows * columns) // LANES * LANES) if columns <= NARROW else WIDE_PIECE
    return tuple(slice(start, start + size) for start in range(0, batch, size))
