"""The compiled engine for mini-batches of several examples.

All numbers stay packed from step to step. The weights of a layer are updated as soon as their gradient is
known, while it is still in the cache.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.engines.compiled import formulas, gemm, packing
from sweep.engines.compiled.compiled_engine import CompiledEngine, mini_batch_parts
from sweep.engines.compiled.formulas import Rule
from sweep.engines.compiled.microkernel import SHORT
from sweep.engines.compiled.packing import PackedBlock
from sweep.engines.engine import Compilation, Network, Problem, Rows
from sweep.nn import Array
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.architecture import Architecture
from sweep.nn.objective import Objective

# Backpropagation calls it for each layer with its index, its inputs and its errors dE/dz, packed.
Accept = Callable[[int, Array, Array], None]

_RELU = ACTIVATIONS["relu"]


@dataclass(frozen=True)
class _Workspace:
    """Arrays that a network reuses for every batch of one size.

    `layers` are the outputs of every layer and `deltas` its errors, packed, (seeds, packs, batch + SHORT,
    lanes); `read_layers` and `read_deltas` are read-only views of them. `inputs` are the pre-activations of
    the hidden layers, for activations whose derivative needs them. `outputs` are the pre-activations of the
    output layer, (seeds, outputs, batch); `ones` is (batch,).
    """

    layers: list[Array]
    deltas: list[Array]
    read_layers: list[Array]
    read_deltas: list[Array]
    inputs: list[Array]
    outputs: Array
    ones: Array


class PackedNetwork(Network):
    """The networks of a packed block. ReLU is compiled; NumPy computes the other activations."""

    examples_at_once = 1000

    def __init__(self, block: PackedBlock) -> None:
        self.block, self.seeds, self.dtype = block, block.seeds, block.flat.dtype
        self.function = block.architecture.function
        self.biases = block.biases or [np.zeros_like(weights[:, :, :1]) for weights in block.weights]
        self._transposed: list[Array] = []
        self._gathered: dict[tuple[int, ...], tuple[Array, Array]] = {}
        self._workspaces: dict[int, _Workspace] = {}

    def outputs(self, features: Array) -> Array:
        # Examples common to all seeds are multiplied without packing, which saves a copy.
        return self.forward(packing.read_only(np.ascontiguousarray(features)))

    def gather(self, features: Array, rows: Rows) -> Array:
        """Pack these rows of features, (examples, inputs).

        `rows` is (batch,) or (seeds, batch). The result, (seeds or 1, packs, batch + SHORT, lanes), is
        read-only; the next call with as many rows overwrites it.
        """
        batches = np.ascontiguousarray(rows).reshape(-1, rows.shape[-1])
        if batches.shape not in self._gathered:
            sets, batch = batches.shape
            packs = packing.zeros(sets, batch + SHORT, columns=features.shape[1], dtype=self.dtype)
            self._gathered[batches.shape] = packs, packing.read_only(packs)
        packs, gathered = self._gathered[batches.shape]
        packing.gather(packing.read_only(features), batches, packs)
        return gathered

    def forward(self, features: Array, *, keep_inputs: bool = False) -> Array:
        """Compute the pre-activations of the output layer, (seeds, batch, outputs).

        `features`, read-only, is a mini-batch that `gather` returns, or (batch, inputs) in row-major order.
        The outputs of the hidden layers stay in the workspace, and with `keep_inputs` their pre-activations,
        too.
        """
        workspace = self.workspace(features)
        *hidden, last = workspace.layers
        packed = features.ndim == 4
        inputs = features if packed else features[None, None]
        for index, layer in enumerate(hidden):
            gemm.multiply(inputs, packed, self.block.weights[index], layer)
            inputs, packed = workspace.read_layers[index], True
            if self.function is _RELU:
                packing.bias_relu(layer, self.biases[index])
                continue
            if self.block.biases:
                layer += self.biases[index]
            if keep_inputs:
                workspace.inputs[index][...] = layer
            self.function.apply(layer)
        gemm.multiply(inputs, packed, self.block.weights[-1], last)
        packing.take_out(last, self.biases[-1], workspace.outputs)
        return workspace.outputs.swapaxes(1, 2)

    def backward(self, inputs: Array, targets: Array, *, objective: Objective, accept: Accept) -> None:
        """Backpropagate: hand each layer's inputs and errors to `accept`, from the last to the first.

        `inputs` comes from `gather`; `targets` is (batch, outputs) or (seeds, batch, outputs). `accept`
        may change the weights of its layer, which are no longer needed.
        """
        needs_input = self.function.needs_input
        z = self.forward(inputs, keep_inputs=needs_input)
        workspace = self.workspace(inputs)
        formulas.errors(objective, z, targets)
        packing.put_in(workspace.outputs, workspace.deltas[-1])
        for index in reversed(range(len(workspace.deltas))):
            delta = workspace.deltas[index]
            if index:
                previous, output = workspace.deltas[index - 1], workspace.layers[index - 1]
                transposed = self._transposed_weights()[index]
                gemm.transpose(self.block.weights[index], transposed)
                gemm.multiply(workspace.read_deltas[index], True, transposed, previous)
                if self.function is _RELU:
                    packing.relu_backward(previous, output)
                else:
                    self.function.backward(previous, workspace.inputs[index - 1] if needs_input else output)
            accept(index, workspace.read_layers[index - 1] if index else inputs, delta)

    def workspace(self, features: Array) -> _Workspace:
        """Return the arrays for a batch of as many examples as `features` has."""
        batch = len(features) if features.ndim == 2 else features.shape[2] - SHORT
        if batch not in self._workspaces:
            self._workspaces[batch] = self._new_workspace(batch, self.dtype)
        return self._workspaces[batch]

    def _new_workspace(self, batch: int, dtype: DTypeLike) -> _Workspace:
        units = self.block.architecture.units[1:]

        def empty() -> list[Array]:
            return [packing.zeros(self.seeds, batch + SHORT, columns=count, dtype=dtype) for count in units]

        outputs = np.empty((self.seeds, units[-1], batch), dtype)
        inputs = empty() if self.function.needs_input else []
        layers, deltas = empty(), empty()
        read_layers, read_deltas = (list(map(packing.read_only, arrays)) for arrays in (layers, deltas))
        return _Workspace(layers, deltas, read_layers, read_deltas, inputs, outputs, np.ones(batch, dtype))

    def _transposed_weights(self) -> list[Array]:
        """Return scratch arrays for the transposed weights of each layer."""
        if not self._transposed:
            self._transposed = [
                packing.zeros(
                    self.seeds,
                    weights.shape[1] * weights.shape[3],
                    columns=weights.shape[2],
                    dtype=self.dtype,
                )
                for weights in self.block.weights
            ]
        return self._transposed


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
