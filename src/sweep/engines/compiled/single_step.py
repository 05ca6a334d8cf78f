"""A step on a single example, compiled into one call.

Each row of weights is read twice: once to compute the outputs, and once to pass the error back and take its
step.
"""

from typing import Any

import numpy as np

from sweep.engines.compiled.formulas import (
    Penalty,
    Rule,
    activate,
    activation_slope,
    adam_step,
    add_penalty,
    example_errors,
    momentum_step,
    update,
)
from sweep.engines.compiled.jit import compiled, compiled_sum
from sweep.nn import Array

_SGD, _MOMENTUM, _ADAM = int(Rule.SGD), int(Rule.MOMENTUM), int(Rule.ADAM)
_UNPENALISED = int(Penalty.NONE)


@compiled_sum
def _pass_back(weights: Array, delta: Array, out: Array) -> None:
    """Set out <- weights @ delta; weights are (rows, count), delta (count,), out (rows,)."""
    for i in range(weights.shape[0]):
        total = delta.dtype.type(0)
        for j in range(weights.shape[1]):
            total += weights[i, j] * delta[j]
        out[i] = total


@compiled
def _product(inputs: Array, weights: Array, out: Array) -> None:
    """Set out <- out + inputs @ weights; weights are (rows, count), inputs (rows,), out (count,)."""
    rows, count = weights.shape
    # Four rows are added in one pass, so that `out` is read and written a quarter as often.
    for i in range(0, rows - rows % 4, 4):
        a, b, c, d = inputs[i], inputs[i + 1], inputs[i + 2], inputs[i + 3]
        for j in range(count):
            out[j] += (
                a * weights[i, j] + b * weights[i + 1, j] + (c * weights[i + 2, j] + d * weights[i + 3, j])
            )
    for i in range(rows - rows % 4, rows):
        for j in range(count):
            out[j] += inputs[i] * weights[i, j]


@compiled
def descend(
    weights: Array,
    first: Array,
    second: Array,
    inputs: Array,
    delta: Array,
    rule: int,
    numbers: Array,
    penalty: int,
    strength: Any,
    gradient: Array,
) -> None:
    """Take a step of `rule` on weights (rows, count) with the gradient inputs' @ delta plus the penalty's.

    `first` and `second`, (rows, count), are the optimizer's state, `inputs` (rows,), `delta` (count,).
    Without a penalty the common rules use each number of the gradient at once. For all others the gradient is
    first written to `gradient`, (rows * count,) or longer.
    """
    rate, a, b, c, d, epsilon, shrinkage = numbers
    rows, count = weights.shape
    if penalty == _UNPENALISED and rule == _SGD:
        for i in range(rows):
            step = rate * inputs[i]
            for j in range(count):
                weights[i, j] -= step * delta[j]
    elif penalty == _UNPENALISED and rule == _MOMENTUM:
        for i in range(rows):
            for j in range(count):
                velocity = first[i, j] + inputs[i] * delta[j]
                weights[i, j], first[i, j] = momentum_step(weights[i, j], velocity, rate, a)
    elif penalty == _UNPENALISED and rule == _ADAM:
        for i in range(rows):
            for j in range(count):
                g = inputs[i] * delta[j]
                weights[i, j], first[i, j], second[i, j] = adam_step(
                    weights[i, j], g, first[i, j], second[i, j], rate, a, b, c, d, epsilon, shrinkage
                )
    else:
        for i in range(rows):
            for j in range(count):
                gradient[i * count + j] = inputs[i] * delta[j]
        flat, size = weights.reshape(-1), rows * count
        add_penalty(gradient[:size], flat, penalty, strength)
        update(flat, gradient[:size], first.reshape(-1), second.reshape(-1), rule, numbers)


@compiled
def forward(
    weights: Array, units: Array, bias: bool, features: Array, activation: int, z: Array, layers: Array
) -> int:
    """Compute the pre-activations and outputs of every layer of one network, for one example, (inputs,).

    `weights` is its flat parameters, (parameters,). `z` and `layers`, (units of all layers,), are filled
    layer by layer. Returns the position after the last parameter.
    """
    inputs, begin, at = features, 0, 0
    for layer in range(units.size - 1):
        rows, count = units[layer], units[layer + 1]
        end = begin + rows * count
        part = z[at : at + count]
        # A loop, because for the assignment of a slice Numba compiles error messages, too: seconds more.
        for j in range(count):
            part[j] = weights[end + j] if bias else weights.dtype.type(0)
        _product(inputs, weights[begin:end].reshape(rows, count), part)
        inputs = layers[at : at + count]
        for j in range(count):
            inputs[j] = activate(activation, part[j]) if layer < units.size - 2 else part[j]
        at += count
        begin = end + count if bias else end
    return begin


@compiled
def single_step(
    parameters: Array,
    first: Array,
    second: Array,
    units: Array,
    bias: bool,
    features: Array,
    targets: Array,
    kinds: tuple[int, int, int, int],
    rule: int,
    numbers: Array,
    strength: Any,
    least: Any,
    scratch: Array,
    gradient: Array,
) -> None:
    """Take a step on one example for every seed, one seed after the other.

    `parameters` and the state `first` and `second` are (seeds, parameters), `features` (seeds or 1, inputs),
    `targets` (seeds or 1, outputs). `kinds` are the numbers of activation, output, loss and penalty in
    `formulas`, `numbers` those of `formulas.constants_of`. `scratch`, (3, units of all layers), and
    `gradient`, (most weights of a layer,), are overwritten.
    """
    activation, output, loss, penalty = kinds
    depth = units.size - 1
    one = np.empty(1, parameters.dtype)
    one[0] = 1
    # The penalty of biases. A literal 0 would have another type, and Numba would compile `descend` again.
    none = penalty * 0
    z, layers, deltas = scratch[0], scratch[1], scratch[2]
    for s in range(parameters.shape[0]):
        weights, m, v = parameters[s], first[s], second[s]
        example = features[s if features.shape[0] > 1 else 0]
        begin = forward(weights, units, bias, example, activation, z, layers)
        at = layers.size - units[depth]
        delta = layers[at:]
        example_errors(delta, targets[s if targets.shape[0] > 1 else 0], output, loss, least)
        for layer in range(depth - 1, -1, -1):
            rows, count = units[layer], units[layer + 1]
            if bias:
                begin, end = begin - count, begin
                shape = (1, count)
                biases, bm, bv = (
                    weights[begin:end].reshape(shape),
                    m[begin:end].reshape(shape),
                    v[begin:end].reshape(shape),
                )
                descend(biases, bm, bv, one, delta, rule, numbers, none, strength, gradient)
            begin, end = begin - rows * count, begin
            shape = (rows, count)
            matrix = weights[begin:end].reshape(shape)
            inputs = layers[at - rows : at] if layer else example
            previous = deltas[at - rows : at] if layer else deltas[:0]
            if layer:
                _pass_back(matrix, delta, previous)
            mm, mv = m[begin:end].reshape(shape), v[begin:end].reshape(shape)
            descend(matrix, mm, mv, inputs, delta, rule, numbers, penalty, strength, gradient)
            for j in range(previous.size):
                previous[j] *= activation_slope(activation, z[at - rows + j], inputs[j])
            delta, at = previous, at - rows
