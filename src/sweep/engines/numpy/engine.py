"""Steps of gradient descent in NumPy."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from typing import Self

import numpy as np
from threadpoolctl import ThreadpoolController

from sweep.engines.engine import Engine, Network, Problem, Rows
from sweep.engines.numpy.network import Block, NumpyNetwork
from sweep.engines.numpy.products import add_products, add_sums
from sweep.nn import Array
from sweep.nn.architecture import Architecture
from sweep.nn.optimizers import Sgd
from sweep.nn.regularizers import NoPenalty

# An update reads and writes each number several times. It is done in pieces of this many numbers: a few
# arrays of that length fit a core's own cache, so that only the first access to each number is slow.
PIECE = 65_536
FLUSH_STEPS = 16  # steps after which negligible entries of the optimizer's state are flushed to zero


class NumpyEngine(Engine):
    """The engine that runs everywhere and supports every problem; BLAS does the products, NumPy the rest."""

    name = "numpy"
    numerics = 3

    @staticmethod
    def version() -> str:
        return _version()

    @classmethod
    def supports(cls, problem: Problem) -> bool:  # noqa: ARG003 (it supports everything)
        return True

    @classmethod
    def network(cls, architecture: Architecture, parameters: Array) -> Network:
        return NumpyNetwork(Block.of(architecture, parameters, interleaved=True))

    def __init__(self, problem: Problem, parameters: Array) -> None:
        # Only shared mini-batches let one product serve all seeds, which is what interleaving is for.
        interleaved = problem.shared and problem.batch_size > 1
        self._start(problem, Block.of(problem.architecture, parameters, interleaved=interleaved))
        self.state = tuple(map(self.block.like, problem.optimizer.init(self.block.flat)))
        self.steps = 0

    def _start(self, problem: Problem, block: Block) -> None:
        self.problem, self.block = problem, block
        self._network = NumpyNetwork(block)
        self._gradient: Block | None = None
        self._gathered: dict[tuple[int, ...], Array] = {}

    @property
    def parameters(self) -> Array:
        return self.block.parameters

    def evaluation(self) -> Network:
        # All seeds see the same examples here, so that an interleaved copy can use wide products.
        return (
            self._network
            if self.block.interleaved
            else self.network(self.problem.architecture, self.parameters)
        )

    def select(self, positions: Sequence[int]) -> Self:
        # Not through __init__, which would start with a fresh state of the optimizer.
        selected = self.__class__.__new__(self.__class__)
        selected._start(self.problem, self.block.select(positions))
        selected.state = tuple(block.select(positions) for block in self.state)
        selected.steps = self.steps
        return selected

    def gradient(self, features: Array, targets: Array, rows: Rows) -> Array:
        # A copy, because the next gradient overwrites the array.
        return self._explicit_gradient(self._gather(features, rows), targets[rows]).parameters.copy()

    def step(self, features: Array, targets: Array, rows: Rows, *, rate: float) -> None:
        inputs = self._gather(features, rows)
        # mode="clip" skips the check of bounds and a buffer.
        batch_targets = targets.take(rows, axis=0, mode="clip")
        self.steps += 1
        optimizer = self.problem.optimizer
        # Exact types: a derived class may compute something else.
        if type(optimizer) is Sgd and type(self.problem.regularizer) is NoPenalty:
            self._descend(optimizer, inputs, batch_targets, rate)
        else:
            gradient = self._explicit_gradient(inputs, batch_targets)
            for parameters, slopes, *state in _pieces(self.block.flat, gradient.flat, *self._flat_state):
                optimizer.update(parameters, slopes, tuple(state), rate=rate, step=self.steps)
        self._flush()

    @property
    def _flat_state(self) -> tuple[Array, ...]:
        return tuple(block.flat for block in self.state)

    def _descend(self, optimizer: Sgd, features: Array, targets: Array, rate: float) -> None:
        """Take a step without an array for the gradient: BLAS adds it to the weights or the velocity."""
        if not self.state:
            self._accumulate(features, targets, self.block, scale=-rate, add=True)
            return
        (velocity,) = self.state
        self._accumulate(features, targets, velocity, scale=1.0, add=True)
        for parameters, direction in _pieces(self.block.flat, velocity.flat):
            optimizer.move(parameters, direction, rate)

    def _explicit_gradient(self, features: Array, targets: Array) -> Block:
        if self._gradient is None:
            self._gradient = self.block.like(np.zeros_like(self.block.flat))
        self._accumulate(features, targets, self._gradient, scale=1.0, add=False)
        for slopes, weights in zip(self._gradient.weights, self.block.weights, strict=True):
            self.problem.regularizer.add_gradient(slopes, weights)
        return self._gradient

    def _accumulate(self, features: Array, targets: Array, into: Block, *, scale: float, add: bool) -> None:
        """Set into <- scale * dE/dp, or with `add` into <- into + that; `into` may be the parameters.

        `features` and `targets` are a mini-batch, as for `NumpyNetwork.backward`.
        """

        def accept(index: int, inputs: Array, delta: Array) -> None:
            add_products(inputs, delta, into.weights[index], scale=scale, add=add)
            if into.biases:
                add_sums(delta, into.biases[index], scale=scale, add=add)

        self._network.backward(features, targets, objective=self.problem.objective, accept=accept)

    def _gather(self, features: Array, rows: Rows) -> Array:
        """Copy the mini-batch at these rows, (batch, inputs) or (seeds, batch, inputs).

        A single example is a view instead. The next call overwrites the array.
        """
        if rows.size == 1:
            single: Array = features[rows.item()].reshape(*rows.shape, -1)
            return single
        if rows.shape not in self._gathered:
            self._gathered[rows.shape] = np.empty((*rows.shape, features.shape[1]), features.dtype)
        gathered = self._gathered[rows.shape]
        # mode="clip" skips the check of bounds and a buffer, which makes this three times as fast.
        np.take(features, rows, axis=0, out=gathered, mode="clip")
        return gathered

    def _flush(self) -> None:
        if self.steps % FLUSH_STEPS == 0:
            for state, bound in zip(self._flat_state, self.problem.optimizer.negligible, strict=True):
                state[np.abs(state) < bound] = 0


def _pieces(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Yield pieces of several flat arrays, (length,), that fit the cache: one piece of each at a time."""
    for start in range(0, len(arrays[0]), PIECE):
        yield tuple(array[start : start + PIECE] for array in arrays)


@cache
def _version() -> str:
    blas = [
        f"{library['internal_api']} {library['version']} {library.get('architecture', '')}".strip()
        for library in ThreadpoolController().info()
        if library["user_api"] == "blas"
    ]
    # Sorted, because threadpoolctl lists them in the order of a set, which differs between processes.
    return ", ".join([f"numpy {version('numpy')}", *sorted(set(blas), reverse=True)])
