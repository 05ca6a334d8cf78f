"""The compiled engine for mini-batches of several examples.

All numbers stay packed from step to step. The weights of a layer are updated as soon as their gradient is
known, while it is still in the cache.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.core.types import Array
from sweep.engines.compiled import formulas, gemm
from sweep.engines.compiled.compiled_engine import CompiledEngine, mini_batch_parts
from sweep.engines.compiled.formulas import Rule
from sweep.engines.compiled.packed_network import PackedNetwork
from sweep.engines.compiled.packing import PackedBlock
from sweep.engines.engine import Compilation, Network, Problem, Rows
from sweep.nn.architecture import Architecture


class MiniBatchEngine(CompiledEngine):
    """The compiled engine for mini-batches of several examples."""

    @classmethod
    def supports(cls, problem: Problem) -> bool:
        """Return True if all parts have formulas and the processor has fused multiply-adds."""
        return gemm.AVAILABLE and formulas.supported(problem)

    @classmethod
    def compilations(cls, problem: Problem, dtype: DTypeLike) -> Sequence[Compilation]:
        return mini_batch_parts(problem, dtype)

    @classmethod
    def network(cls, architecture: Architecture, parameters: Array) -> Network:
        return PackedNetwork(PackedBlock.of(architecture, parameters))

    def __init__(self, problem: Problem, parameters: Array) -> None:
        block = PackedBlock.of(problem.architecture, parameters)
        state = tuple(block.zeros() for _ in problem.optimizer.negligible)
        self._start(problem, block, state, taken=0)

    def _start(
        self, problem: Problem, block: PackedBlock, state: tuple[PackedBlock, ...], taken: int
    ) -> None:
        self.problem, self.block, self.state, self.steps = problem, block, state, taken
        self._network = PackedNetwork(block)
        self._buffer: PackedBlock | None = None
        self.penalty, strength = formulas.penalty_of(problem.regularizer)
        self.strength = block.flat.dtype.type(strength)
        self.rule = formulas.rule_of(problem.optimizer)

    @property
    def parameters(self) -> Array:
        return self.block.parameters

    def evaluation(self) -> Network:
        return self._network

    def select(self, positions: Sequence[int]) -> Self:
        selected = self.__class__.__new__(self.__class__)
        state = tuple(block.select(positions) for block in self.state)
        selected._start(self.problem, self.block.select(positions), state, self.steps)
        return selected

    def step(self, features: Array, targets: Array, rows: Rows, *, rate: float) -> None:
        self.steps += 1
        numbers = formulas.constants_of(
            self.problem.optimizer, rate=rate, step=self.steps, dtype=self.block.flat.dtype
        )
        batch = self._network.gather(features, rows), targets.take(rows, axis=0, mode="clip")
        if self.penalty or self.rule not in (Rule.SGD, Rule.MOMENTUM):
            self._learn(*batch, self._gradient(), self.rule, numbers)
        elif self.rule is Rule.SGD:
            # The products are added to the weights themselves: no array for the gradient is needed.
            self._learn(*batch, self.block, Rule.NONE, numbers, scale=-rate, add=True)
        else:
            self._learn(*batch, self.state[0], Rule.MOVE, numbers, add=True)

    def gradient(self, features: Array, targets: Array, rows: Rows) -> Array:
        numbers = np.zeros(formulas.CONSTANTS, self.block.flat.dtype)
        self._learn(self._network.gather(features, rows), targets[rows], self._gradient(), Rule.NONE, numbers)
        return self._gradient().parameters

    def _gradient(self) -> PackedBlock:
        if self._buffer is None:
            self._buffer = self.block.zeros()
        return self._buffer

    def _learn(
        self,
        inputs: Array,
        targets: Array,
        into: PackedBlock,
        rule: Rule,
        numbers: NDArray[Any],
        *,
        scale: float = 1.0,
        add: bool = False,
    ) -> None:
        """Set into <- scale * gradient, or with `add` into <- into + that; then take a step of `rule`.

        `inputs` is the packed mini-batch that `PackedNetwork.gather` returns, `targets` (batch, outputs) or
        (seeds, batch, outputs), and `numbers` are those of `formulas.constants_of`.
        """
        ones, factor = self._network.workspace(inputs).ones, self.block.flat.dtype.type(scale)
        # Placeholders for state that the rule does not have and does not read.
        first, second = (*self.state, self.block, self.block)[:2]

        def accept(index: int, entering: Array, delta: Array) -> None:
            parts = [block.weights[index] for block in (into, self.block, first, second)]
            gemm.add_products(
                entering,
                delta,
                parts[0],
                factor,
                add,
                *parts[1:],
                int(rule),
                numbers,
                int(self.penalty),
                self.strength,
            )
            if self.block.biases:
                gemm.add_sums(delta, ones, into.biases[index], factor, add)
                flat = (block.biases[index].reshape(-1) for block in (self.block, into, first, second))
                formulas.update(*flat, int(rule), numbers)

        self._network.backward(inputs, targets, objective=self.problem.objective, accept=accept)
