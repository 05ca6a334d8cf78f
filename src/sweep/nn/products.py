"""Products that BLAS adds to a matrix in one pass."""

import numpy as np
from scipy.linalg.blas import dgemm, dger, sgemm, sger

from sweep.types import Array


def add_product(inputs: Array, delta: Array, out: Array, scale: float, decay: float) -> None:
    """out <- decay * out + scale * inputs' @ delta, in place.

    `inputs` (batch, rows) and `out` (rows, columns) are row-major, `delta` is (batch, columns) in
    either order. For one example it is a rank-one update, which reads and writes `out` only once.
    """
    double = out.dtype == np.float64
    # BLAS counts in columns: what is row-major here is its own transpose there.
    if len(inputs) == 1:
        if decay != 1:
            out *= decay
        (dger if double else sger)(
            scale, delta[0], inputs[0], a=out.T, overwrite_x=0, overwrite_y=0, overwrite_a=1
        )
    elif delta.flags.f_contiguous:
        (dgemm if double else sgemm)(scale, delta, inputs.T, decay, out.T, 1, 1, 1)
    else:
        (dgemm if double else sgemm)(scale, delta.T, inputs.T, decay, out.T, 0, 1, 1)
