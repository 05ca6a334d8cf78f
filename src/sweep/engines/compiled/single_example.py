"""The compiled engine for mini-batches of one example.

With single examples, calls cost more than arithmetic. Here a step is one call with two passes over the
weights: one for the outputs, and one in which each row of weights passes the error back and takes its update.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sweep.engines.compiled import formulas
from sweep.engines.compiled.formulas import Penalty, Rule, activate, activation_slope, add_penalty, update
from sweep.engines.compiled.jit import compiled, compiled_sum
from sweep.engines.compiled.mini_batch import compiled_version
from sweep.engines.compiled.output_layer import example_errors
from sweep.engines.engine import Engine, Network, Problem, Rows
from sweep.engines.numpy.engine import NumpyEngine
from sweep.nn.architecture import Architecture
from sweep.nn.outputs import least_exponent
from sweep.types import Array

_SGD, _UNPENALISED = int(Rule.SGD), int(Penalty.NONE)


class SingleExampleEngine(Engine):
    """The compiled engine for mini-batches of one example; seeds lie one after another in memory."""

    name = "compiled"
    numerics = 3

    @staticmethod
    def version() -> str:
        return compiled_version()

    @classmethod
    def knows(cls, problem: Problem) -> bool:
        """Whether mini-batches are single examples and every part of the problem has a formula."""
        return problem.batch == 1 and formulas.known(problem)

    @classmethod
    def network(cls, architecture: Architecture, parameters: Array) -> Network:
        return NumpyEngine.network(architecture, parameters)

    def __init__(self, problem: Problem, parameters: Array) -> None:
        self._start(problem, parameters.copy(), problem.optimizer.init(parameters), steps=0)

    def _start(self, problem: Problem, parameters: Array, state: tuple[Array, ...], steps: int) -> None:
        self.problem, self._parameters, self.state, self.steps = problem, parameters, state, steps
        dtype, units = parameters.dtype, np.array(problem.architecture.units)
        penalty, strength = formulas.penalty_of(problem.regularizer)
        self._rule = formulas.rule_of(problem.optimizer)
        self._kinds = (
            formulas.ACTIVATIONS[problem.architecture.function],
            formulas.OUTPUTS[problem.objective.output],
            formulas.LOSSES[type(problem.objective.loss)],
            int(penalty),
        )
        self._fixed = (dtype.type(strength), dtype.type(least_exponent(dtype)))
        self._units = units
        # Room for the pre-activations, outputs and errors of all layers of one network, and a row of a
        # gradient.
        self._room = np.empty((3, int(units[1:].sum())), dtype)
        self._row = np.empty(int(units[1:].max()), dtype)
        self._examples: dict[int, tuple[Array, Array]] = {}

    @property
    def parameters(self) -> Array:
        return self._parameters

    def evaluation(self) -> Network:
        return self.network(self.problem.architecture, self._parameters)

    def select(self, positions: Sequence[int]) -> Self:
        selected = self.__class__.__new__(self.__class__)
        chosen = list(positions)
        state = tuple(each[chosen] for each in self.state)
        selected._start(self.problem, self._parameters[chosen], state, self.steps)
        return selected

    def step(self, features: Array, targets: Array, rows: Rows, rate: float) -> None:
        self.steps += 1
        numbers = formulas.constants_of(self.problem.optimizer, rate, self.steps, self._parameters.dtype)
        # A rule that keeps less state does not read what stands in its place.
        first, second = (*self.state, self._parameters, self._parameters)[:2]
        self._run(self._parameters, features, targets, rows, (first, second), self._rule, numbers)

    def gradient(self, features: Array, targets: Array, rows: Rows) -> Array:
        # A step with momentum 1 and rate 0 leaves the gradient in the velocity. It is taken with a copy of
        # the weights: 0 times a gradient that is not finite would move them.
        velocity = np.zeros_like(self._parameters)
        numbers = np.zeros(formulas.CONSTANTS, velocity.dtype)
        numbers[1] = 1
        copy = self._parameters.copy()
        self._run(copy, features, targets, rows, (velocity, velocity), Rule.MOMENTUM, numbers)
        return velocity

    def _run(
        self,
        parameters: Array,
        features: Array,
        targets: Array,
        rows: Rows,
        state: tuple[Array, Array],
        rule: Rule,
        numbers: NDArray[Any],
    ) -> None:
        _step(
            parameters,
            *state,
            self._units,
            self.problem.architecture.bias,
            *self._copies(features, targets, rows),
            self._kinds,
            int(rule),
            numbers,
            *self._fixed,
            self._room,
            self._row,
        )

    def _copies(self, features: Array, targets: Array, rows: Rows) -> tuple[Array, Array]:
        """The examples, (1 or seeds, inputs), in arrays of our own: Numba tells read-only ones apart."""
        chosen = rows.reshape(-1)
        count, dtype = len(chosen), self._parameters.dtype
        if count not in self._examples:
            shapes = (count, features.shape[1]), (count, targets.shape[1])
            own_features, own_targets = (np.empty(shape, dtype) for shape in shapes)
            self._examples[count] = own_features, own_targets
        for own, given in zip(self._examples[count], (features, targets), strict=True):
            given.take(chosen, axis=0, out=own, mode="clip")
        return self._examples[count]


@compiled_sum
def _pass_back(weights: Array, delta: Array, out: Array) -> None:
    """out <- weights @ delta."""
    for i in range(weights.shape[0]):
        total = delta.dtype.type(0)
        for j in range(weights.shape[1]):
            total += weights[i, j] * delta[j]
        out[i] = total


@compiled
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


@compiled
def _descend(
    weights: Array,
    first: Array,
    second: Array,
    inputs: Array,
    delta: Array,
    rule: int,
    numbers: Array,
    penalty: int,
    strength: Any,
    row: Array,
) -> None:
    """A step for weights, (rows, count), whose gradient is inputs' @ delta and that of the penalty."""
    rows, count = weights.shape
    if rule == _SGD and penalty == _UNPENALISED:
        rate = numbers[0]
        for i in range(rows):
            step = rate * inputs[i]
            for j in range(count):
                weights[i, j] -= step * delta[j]
        return
    gradient = row[:count]
    for i in range(rows):
        for j in range(count):
            gradient[j] = inputs[i] * delta[j]
        add_penalty(gradient, weights[i], penalty, strength)
        update(weights[i], gradient, first[i], second[i], rule, numbers)


@compiled
def _forward(
    weights: Array, units: Array, bias: bool, features: Array, activation: int, z: Array, layers: Array
) -> int:
    """Fill pre-activations and outputs of every layer; the end of the parameters."""
    inputs, begin, at = features, 0, 0
    for layer in range(units.size - 1):
        rows, count = units[layer], units[layer + 1]
        end = begin + rows * count
        own = z[at : at + count]
        if bias:
            own[:] = weights[end : end + count]
        else:
            own[:] = 0
        _product(inputs, weights[begin:end].reshape(rows, count), own)
        inputs = layers[at : at + count]
        for j in range(count):
            inputs[j] = activate(activation, own[j]) if layer < units.size - 2 else own[j]
        at += count
        begin = end + count if bias else end
    return begin


@compiled
def _step(
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
    room: Array,
    row: Array,
) -> None:
    """A step on one example for every seed; parameters and state are (seeds, parameters)."""
    activation, output, loss, penalty = kinds
    one, depth = np.ones((1,), parameters.dtype), units.size - 1
    z, layers, deltas = room[0], room[1], room[2]
    for s in range(parameters.shape[0]):
        weights, m, v = parameters[s], first[s], second[s]
        example = features[s if features.shape[0] > 1 else 0]
        begin = _forward(weights, units, bias, example, activation, z, layers)
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
                _descend(biases, bm, bv, one, delta, rule, numbers, _UNPENALISED, strength, row)
            begin, end = begin - rows * count, begin
            shape = (rows, count)
            matrix = weights[begin:end].reshape(shape)
            inputs = layers[at - rows : at] if layer else example
            previous = deltas[at - rows : at] if layer else deltas[:0]
            if layer:
                _pass_back(matrix, delta, previous)
            mm, mv = m[begin:end].reshape(shape), v[begin:end].reshape(shape)
            _descend(matrix, mm, mv, inputs, delta, rule, numbers, penalty, strength, row)
            for j in range(previous.size):
                previous[j] *= activation_slope(activation, z[at - rows + j], inputs[j])
            delta, at = previous, at - rows
