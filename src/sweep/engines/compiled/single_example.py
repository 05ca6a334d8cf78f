"""The compiled engine for mini-batches of one example.

With single examples, calling a function costs more than the arithmetic in it. Here a step is one call, which
passes over the weights twice: once to compute the outputs, and once in which each row of weights passes the
error back and is updated.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.core.types import Array
from sweep.engines.compiled import ahead, formulas
from sweep.engines.compiled.compiled_engine import CompiledEngine
from sweep.engines.compiled.formulas import Rule
from sweep.engines.compiled.single_step import single_step
from sweep.engines.engine import Compilation, Network, Problem, Rows
from sweep.engines.numpy.engine import NumpyEngine
from sweep.nn.architecture import Architecture
from sweep.nn.outputs import least_exponent


class SingleExampleEngine(CompiledEngine):
    """The compiled engine for mini-batches of one example; seeds lie one after another in memory."""

    @classmethod
    def knows(cls, problem: Problem) -> bool:
        """Whether mini-batches are single examples and every part of the problem has a formula."""
        return problem.batch == 1 and formulas.known(problem)

    @classmethod
    def compilations(cls, problem: Problem, dtype: DTypeLike) -> Sequence[Compilation]:
        return ahead.single_examples(problem, dtype)

    @classmethod
    def network(cls, architecture: Architecture, parameters: Array) -> Network:
        return NumpyEngine.network(architecture, parameters)

    def __init__(self, problem: Problem, parameters: Array) -> None:
        self._start(problem, parameters.copy(), problem.optimizer.init(parameters), taken=0)

    def _start(self, problem: Problem, parameters: Array, state: tuple[Array, ...], taken: int) -> None:
        self.problem, self._parameters, self.state, self.steps = problem, parameters, state, taken
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
        # Working space: the pre-activations, outputs and errors of all layers of one network, and the
        # gradient of the weights of its largest layer.
        self._room = np.empty((3, int(units[1:].sum())), dtype)
        self._gradient = np.empty(max(rows * count for rows, count in problem.architecture.layers), dtype)
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
        # Placeholders for the state that a rule does not have; it does not read them.
        first, second = (*self.state, self._parameters, self._parameters)[:2]
        self._run(self._parameters, features, targets, rows, (first, second), self._rule, numbers)

    def gradient(self, features: Array, targets: Array, rows: Rows) -> Array:
        # A step with momentum 1 and rate 0 from velocity 0 leaves the gradient in the velocity. It is taken
        # on a copy of the weights: 0 times a gradient that is not finite is NaN and would change them.
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
        single_step(
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
            self._gradient,
        )

    def _copies(self, features: Array, targets: Array, rows: Rows) -> tuple[Array, Array]:
        """The examples, (1 or seeds, inputs), and their targets, copied into arrays that can be written to.

        For Numba a read-only array is another type, for which it would compile everything again.
        """
        chosen = rows.reshape(-1)
        count, dtype = len(chosen), self._parameters.dtype
        if count not in self._examples:
            shapes = (count, features.shape[1]), (count, targets.shape[1])
            own_features, own_targets = (np.empty(shape, dtype) for shape in shapes)
            self._examples[count] = own_features, own_targets
        for own, given in zip(self._examples[count], (features, targets), strict=True):
            given.take(chosen, axis=0, out=own, mode="clip")
        return self._examples[count]
