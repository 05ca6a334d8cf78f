"""A whole step on a single example for every seed of a block, compiled by Numba (the extra `fast`).

With mini-batches of one, calls cost more than arithmetic. Here a step is two passes over the weights: one for
the outputs, and one in which each row passes the error back and takes its update. The same equations as
in `losses`, `activations` and `optimizers`; penalties are not included.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numba
import numpy as np

from sweep.nn.compiled import Rule, constants_of
from sweep.nn.losses import Objective, least_exponent
from sweep.nn.network import Network
from sweep.nn.optimizers import (
    NEGLIGIBLE_GRADIENT,
    NEGLIGIBLE_MOMENTS,
    NEGLIGIBLE_VELOCITY,
    Hyperparameters,
)
from sweep.types import Array

# Numba compiles one function for all settings, which it gets as numbers.
Activation = IntEnum("Activation", ["relu", "sigmoid", "tanh", "identity"])
Output = IntEnum("Output", ["softmax", "sigmoid", "identity"])
Loss = IntEnum("Loss", ["cross_entropy", "binary_cross_entropy", "mse", "rmse"])

_RELU, _SIGMOID, _TANH = (int(kind) for kind in (Activation.relu, Activation.sigmoid, Activation.tanh))
_SOFTMAX, _LOGISTIC = int(Output.softmax), int(Output.sigmoid)
_MSE, _RMSE = int(Loss.mse), int(Loss.rmse)
_SGD, _MOMENTUM = int(Rule.sgd), int(Rule.momentum)
_FIRST_FLOOR, _SECOND_FLOOR = NEGLIGIBLE_MOMENTS

# error_model="numpy": a division by zero gives infinity, and loops are vectorised.
_compiled: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, error_model="numpy")
# The order of a sum is the compiler's, which is the same for every seed; nothing else is relaxed.
_summing: Callable[[Any], Any] = numba.njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"}
)


@_summing
def _pass_back(weights: Array, delta: Array, out: Array) -> None:
    """out <- weights @ delta."""
    for i in range(weights.shape[0]):
        total = delta.dtype.type(0)
        for j in range(weights.shape[1]):
            total += weights[i, j] * delta[j]
        out[i] = total


@_compiled
def _product(inputs: Array, weights: Array, out: Array) -> None:
    """out <- out + inputs @ weights."""
    rows, count = weights.shape
    # Four rows a pass: `out` is read and written a quarter as often.
    for i in range(0, rows - rows % 4, 4):
        a, b, c, d = inputs[i], inputs[i + 1], inputs[i + 2], inputs[i + 3]
        for j in range(count):
            out[j] += (
                a * weights[i, j] + b * weights[i + 1, j] + (c * weights[i + 2, j] + d * weights[i + 3, j])
            )
    for i in range(rows - rows % 4, rows):
        for j in range(count):
            out[j] += inputs[i] * weights[i, j]


@_compiled
def _activate(z: Array, activation: int) -> None:
    real = z.dtype.type
    if activation == _RELU:
        for j in range(z.size):
            z[j] = real(0) if z[j] < real(0) else z[j]
    elif activation == _SIGMOID:
        for j in range(z.size):
            z[j] = real(0.5) * np.tanh(real(0.5) * z[j]) + real(0.5)
    elif activation == _TANH:
        for j in range(z.size):
            z[j] = np.tanh(z[j])


@_compiled
def _slopes(delta: Array, output: Array, activation: int) -> None:
    real = delta.dtype.type
    for j in range(delta.size):
        a = output[j]
        if activation == _RELU:
            delta[j] *= real(1) if a > real(0) else real(0)
        elif activation == _SIGMOID:
            delta[j] *= a * (real(1) - a)
        elif activation == _TANH:
            delta[j] *= real(1) - a * a


@_compiled
def _errors(z: Array, targets: Array, output: int, loss: int, least: Any) -> None:
    """z <- dE/dz of the output layer."""
    real, count = z.dtype.type, z.size
    if output == _SOFTMAX:
        largest, total = z.max(), real(0)
        for k in range(count):
            shifted = z[k] - largest
            # Written so that NaN stays NaN.
            z[k] = np.exp(least if shifted < least else shifted)
            total += z[k]
        for k in range(count):
            z[k] /= total
    elif output == _LOGISTIC:
        _activate(z, _SIGMOID)
    scale = real(1)
    if loss == _MSE:
        scale = real(2) / real(count)
    elif loss == _RMSE:
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
        if loss in (_MSE, _RMSE):
            if output == _SOFTMAX:
                slope = (slope - inner) * a
            elif output == _LOGISTIC:
                slope *= a * (real(1) - a)
        z[k] = slope


@_compiled
def _update(
    weights: Array, first: Array, second: Array, inputs: Array, delta: Array, rule: int, numbers: Array
) -> None:
    """A step for weights whose gradient is inputs' @ delta; `numbers` are the optimizer's constants."""
    real = weights.dtype.type
    rate, momentum, beta1, beta2, rest1, rest2, epsilon = numbers
    rows, count = weights.shape
    if rule == _SGD:
        for i in range(rows):
            step = rate * inputs[i]
            for j in range(count):
                weights[i, j] -= step * delta[j]
    elif rule == _MOMENTUM:
        for i in range(rows):
            for j in range(count):
                v = first[i, j] + inputs[i] * delta[j]
                v = real(0) if abs(v) < real(NEGLIGIBLE_VELOCITY) else v
                first[i, j] = momentum * v
                weights[i, j] -= rate * v
    else:
        for i in range(rows):
            for j in range(count):
                g = inputs[i] * delta[j]
                g = real(0) if abs(g) < real(NEGLIGIBLE_GRADIENT) else g
                m = beta1 * first[i, j] + rest1 * g
                v = beta2 * second[i, j] + rest2 * g * g
                m = real(0) if abs(m) < real(_FIRST_FLOOR) else m
                v = real(0) if v < real(_SECOND_FLOOR) else v
                first[i, j] = m
                second[i, j] = v
                weights[i, j] -= rate * m / (np.sqrt(v) + epsilon)


@_compiled
def _step(
    parameters: Array,
    first: Array,
    second: Array,
    units: Array,
    bias: bool,
    features: Array,
    targets: Array,
    kinds: tuple[int, int, int, int],
    numbers: Array,
    least: Any,
    layers: Array,
    deltas: Array,
) -> None:
    activation, output, loss, rule = kinds
    one, depth = np.ones(1, parameters.dtype), units.size - 1
    for s in range(parameters.shape[0]):
        weights, m, v = parameters[s], first[s], second[s]
        inputs = features[s if features.shape[0] > 1 else 0]
        begin, at = 0, 0
        for layer in range(depth):
            rows, count = units[layer], units[layer + 1]
            end = begin + rows * count
            z = layers[at : at + count]
            if bias:
                z[:] = weights[end : end + count]
            else:
                z[:] = 0
            _product(inputs, weights[begin:end].reshape(rows, count), z)
            if layer < depth - 1:
                _activate(z, activation)
            inputs, at = z, at + count
            begin = end + count if bias else end
        _errors(inputs, targets[s if targets.shape[0] > 1 else 0], output, loss, least)
        delta = inputs
        for layer in range(depth - 1, -1, -1):
            rows, count = units[layer], units[layer + 1]
            if bias:
                begin, end = begin - count, begin
                shape = (1, count)
                _update(
                    weights[begin:end].reshape(shape),
                    m[begin:end].reshape(shape),
                    v[begin:end].reshape(shape),
                    one,
                    delta,
                    rule,
                    numbers,
                )
            begin, end = begin - rows * count, begin
            shape, at = (rows, count), at - count
            matrix = weights[begin:end].reshape(shape)
            inputs = layers[at - rows : at] if layer else features[s if features.shape[0] > 1 else 0]
            previous = deltas[at - rows : at] if layer else deltas[:0]
            if layer:
                _pass_back(matrix, delta, previous)
            _update(
                matrix,
                m[begin:end].reshape(shape),
                v[begin:end].reshape(shape),
                inputs,
                delta,
                rule,
                numbers,
            )
            if layer:
                _slopes(previous, inputs, activation)
                delta = previous


class OneExample:
    """The compiled step of a network and an optimizer, with the arrays that it reuses."""

    @staticmethod
    def knows(activation: str, objective: Objective, rule: str) -> bool:
        """Whether the step is written for these; what is added to the tables of `nn` is not."""
        known = (activation, Activation), (objective.output, Output), (objective.loss, Loss), (rule, Rule)
        return all(name in kinds.__members__ for name, kinds in known)

    def __init__(self, network: Network, objective: Objective, rule: str, state: tuple[Array, ...]) -> None:
        """`rule` is sgd, momentum or adam, `state` its arrays, (seeds, parameters) each."""
        self.network, self.rule = network, Rule[rule]
        self.kinds = (
            int(Activation[network.architecture.activation]),
            int(Output[objective.output]),
            int(Loss[objective.loss]),
            int(self.rule),
        )
        parameters = network.parameters
        # An array that a rule does not keep is never looked at.
        self.first, self.second = (*state, parameters, parameters)[:2]
        self.units = np.array(network.architecture.units)
        self.least = parameters.dtype.type(least_exponent(parameters.dtype))
        self.layers = np.empty(int(self.units[1:].sum()), parameters.dtype)
        self.deltas = np.empty_like(self.layers)
        self.examples: dict[int, tuple[Array, Array]] = {}

    def step(
        self,
        features: Array,
        targets: Array,
        rate: float,
        number: int,
        constants: Hyperparameters,
    ) -> None:
        """Take step `number` (from 1) on one example: features (1, inputs) or (seeds, 1, inputs)."""
        numbers = constants_of(self.rule, constants, rate, number, self.layers.dtype)
        _step(
            self.network.parameters,
            self.first,
            self.second,
            self.units,
            self.network.architecture.bias,
            *self._copies(features, targets),
            self.kinds,
            numbers,
            self.least,
            self.layers,
            self.deltas,
        )

    def _copies(self, features: Array, targets: Array) -> tuple[Array, Array]:
        """The examples, (1 or seeds, inputs), in arrays of our own: Numba tells read-only ones apart."""
        count = len(features) if features.ndim == 3 else 1
        if count not in self.examples:
            shapes = (count, features.shape[-1]), (count, targets.shape[-1])
            first, second = (np.empty(shape, self.layers.dtype) for shape in shapes)
            self.examples[count] = first, second
        own_features, own_targets = self.examples[count]
        own_features[...] = features.reshape(own_features.shape)
        own_targets[...] = targets.reshape(-1, targets.shape[-1])
        return own_features, own_targets
