"""The errors of the output layer, of a whole mini-batch or of one example."""

from typing import Any

import numpy as np

from sweep.engines.compiled import formulas
from sweep.engines.compiled.formulas import sigmoid
from sweep.engines.compiled.jit import compiled
from sweep.nn.losses import CrossEntropy, MeanSquaredError, RootMeanSquaredError
from sweep.nn.objective import Objective
from sweep.nn.outputs import OUTPUTS, least_exponent
from sweep.types import Array


def errors(objective: Objective, z: Array, targets: Array) -> None:
    """z <- dE/dz. Softmax with cross-entropy is compiled; all other pairs are left to NumPy.

    `z` is (seeds, batch, outputs), laid out in memory as (seeds, outputs, batch); `targets` is
    (seeds, batch, outputs), or (batch, outputs) for all seeds.
    """
    if type(objective.loss) is not CrossEntropy:
        objective.delta(z, targets)
        return
    scale = z.dtype.type(1 if objective.reduction == "sum" else 1 / z.shape[1])
    apart, examples = z.swapaxes(1, 2), np.empty(z.shape[1], z.dtype)
    shift(apart, examples, z.dtype.type(least_exponent(z.dtype)))
    # NumPy's exponential handles many numbers at once, Numba's one.
    np.exp(apart, out=apart)
    softmax_errors(apart, targets if targets.ndim == 3 else targets[None], examples, scale)


# In the next two functions z is (seeds, outputs, batch) and targets (seeds or 1, batch, outputs). The numbers
# of one output for all examples are neighbours in memory, so the innermost loops run over examples.
@compiled
def shift(z: Array, largest: Array, least: Any) -> None:
    """z <- max(z - the largest z of the example, least); `largest`, (batch,), is working space."""
    for s in range(z.shape[0]):
        for i in range(z.shape[2]):
            largest[i] = z[s, 0, i]
        for k in range(1, z.shape[1]):
            for i in range(z.shape[2]):
                largest[i] = max(largest[i], z[s, k, i])
        for k in range(z.shape[1]):
            for i in range(z.shape[2]):
                shifted = z[s, k, i] - largest[i]
                # Written so that NaN stays NaN.
                z[s, k, i] = least if shifted < least else shifted


@compiled
def softmax_errors(exponentials: Array, targets: Array, factors: Array, scale: Any) -> None:
    """exponentials <- scale * (exponentials / their sum - targets); `factors`, (batch,), is working space."""
    z, shared = exponentials, targets.shape[0] == 1
    for s in range(z.shape[0]):
        own = 0 if shared else s
        factors[:] = 0
        for k in range(z.shape[1]):
            for i in range(z.shape[2]):
                factors[i] += z[s, k, i]
        for i in range(z.shape[2]):
            factors[i] = scale / factors[i]
        for k in range(z.shape[1]):
            for i in range(z.shape[2]):
                z[s, k, i] = z[s, k, i] * factors[i] - targets[own, i, k] * scale


_SOFTMAX, _SIGMOID = (formulas.OUTPUTS[OUTPUTS[name]] for name in ("softmax", "sigmoid"))
_SQUARED, _ROOT = formulas.LOSSES[MeanSquaredError], formulas.LOSSES[RootMeanSquaredError]


@compiled
def example_errors(z: Array, targets: Array, output: int, loss: int, least: Any) -> None:
    """z <- dE/dz of one example; z and targets are (outputs,), `least` is `nn.outputs.least_exponent`."""
    real, count = z.dtype.type, z.size
    if output == _SOFTMAX:
        largest, total = z[0], real(0)
        for k in range(1, count):
            largest = max(largest, z[k])
        for k in range(count):
            shifted = z[k] - largest
            # Written so that NaN stays NaN.
            z[k] = np.exp(least if shifted < least else shifted)
            total += z[k]
        for k in range(count):
            z[k] /= total
    elif output == _SIGMOID:
        for k in range(count):
            z[k] = sigmoid(z[k])
    scale = real(1)
    if loss == _SQUARED:
        scale = real(2) / real(count)
    elif loss == _ROOT:
        squares = real(0)
        for k in range(count):
            squares += (z[k] - targets[k]) * (z[k] - targets[k])
        root = np.sqrt(squares / real(count))
        scale = real(1) / (max(root, np.finfo(z.dtype).tiny) * real(count))
    inner = real(0)
    if output == _SOFTMAX:
        for k in range(count):
            inner += scale * (z[k] - targets[k]) * z[k]
    for k in range(count):
        a, slope = z[k], scale * (z[k] - targets[k])
        if loss in (_SQUARED, _ROOT):
            if output == _SOFTMAX:
                slope = (slope - inner) * a
            elif output == _SIGMOID:
                slope *= a * (real(1) - a)
        z[k] = slope
