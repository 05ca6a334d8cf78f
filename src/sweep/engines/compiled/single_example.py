"""The compiled engine for mini-batches of one example.

With single examples, calling a function costs more than its arithmetic. Here a step is one call that passes
over the weights twice: once to compute the outputs, and once to pass the error back through each row of
weights and update it.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.engines.compiled import formulas
from sweep.engines.compiled.compiled_engine import CompiledEngine, single_example_parts
from sweep.engines.compiled.formulas import Rule
from sweep.engines.compiled.single_step import single_step
from sweep.engines.engine import Compilation, Network, Problem, Rows
from sweep.engines.numpy.engine import NumpyEngine
from sweep.nn import Array
from sweep.nn.architecture import Architecture
from sweep.nn.outputs import least_exponent


class SingleExampleEngine(CompiledEngine):
    """The compiled engine for mini-batches of one example; seeds are one after another in memory."""

    @classmethod
    def supports(cls, problem: Problem) -> bool:
        """Return True if mini-batches are single examples and all parts have formulas."""
        return problem.batch_size == 1 and formulas.supported(problem)

    @classmethod
    def compilations(cls, problem: Problem, dtype: DTypeLike) -> Sequence[Compilation]:
        return single_example_parts(problem, dtype)

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
        # Scratch arrays: the pre-activations, outputs and errors of all layers of one network, and the
        # gradient of the weights of its largest layer.
        self._scratch = np.empty((3, int(units[1:].sum())), dtype)
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
        state = tuple(array[chosen] for array in self.state)
        selected._start(self.problem, self._parameters[chosen], state, self.steps)
        return selected

    def step(self, features: Array, targets: Array, rows: Rows, *, rate: float) -> None:
        self.steps += 1
        numbers = formulas.constants_of(
            self.problem.optimizer, rate=rate, step=self.steps, dtype=self._parameters.dtype
        )
        # Placeholders for state that the rule does not have and does not read.
        first, second = (*self.state, self._parameters, self._parameters)[:2]
        self._run(
            self._parameters, (first, second), self._copies(features, targets, rows), self._rule, numbers
        )

    def gradient(self, features: Array, targets: Array, rows: Rows) -> Array:
        # A step with momentum 1 and rate 0 from velocity 0 leaves the gradient in the velocity. It is taken
        # on a copy of the weights: 0 times a gradient that is not finite is NaN and would change them.
        velocity = np.zeros_like(self._parameters)
        numbers = np.zeros(formulas.CONSTANTS, velocity.dtype)
        numbers[1] = 1
        copy = self._parameters.copy()
        self._run(copy, (velocity, velocity), self._copies(features, targets, rows), Rule.MOMENTUM, numbers)
        return velocity

    def _run(
        self,
        parameters: Array,
        state: tuple[Array, Array],
        examples: tuple[Array, Array],
        rule: Rule,
        numbers: NDArray[Any],
    ) -> None:
        """Take a step on `examples`, the features and targets of one example of each seed, or of all."""
        single_step(
            parameters,
            *state,
            self._units,
            self.problem.architecture.bias,
            *examples,
            self._kinds,
            int(rule),
            numbers,
            *self._fixed,
            self._scratch,
            self._gradient,
        )

    def _copies(self, features: Array, targets: Array, rows: Rows) -> tuple[Array, Array]:
        """Copy the examples, (1 or seeds, inputs), and their targets into writable arrays.

        To Numba a read-only array is another type, and it would compile everything again for it.
        """
        chosen = rows.reshape(-1)
        count, dtype = len(chosen), self._parameters.dtype
        if count not in self._examples:
            shapes = (count, features.shape[1]), (count, targets.shape[1])
            self._examples[count] = np.empty(shapes[0], dtype), np.empty(shapes[1], dtype)
        for copy, array in zip(self._examples[count], (features, targets), strict=True):
            array.take(chosen, axis=0, out=copy, mode="clip")
        return self._examples[count]
