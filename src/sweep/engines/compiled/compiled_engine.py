"""The common part of the compiled engines: their identity in a record, and the code that they compile ahead.

Numba compiles a function when it is first called with arguments of some types, and stores the result on disk.
The types are listed here, so that the same code can be compiled without a call, before there is data: in
parts of about equal length, for several processes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from numba import boolean, from_dtype, int64, types
from numpy.typing import DTypeLike

from sweep.engines.compiled import formulas, gemm, packing, single_step
from sweep.engines.compiled.microkernel import VECTOR_BYTES
from sweep.engines.engine import Compilation, Engine, Problem
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.losses import CrossEntropy


class CompiledEngine(Engine):
    """An engine compiled by Numba. All of them share a name and a version of their numbers."""

    name = "compiled"
    numerics = 3

    @staticmethod
    def version() -> str:
        return _version()


@cache
def _version() -> str:
    """Name the packages that compile, and the width of the processor's vectors."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numba", "llvmlite"))
    return f"{packages}, vectors of {8 * VECTOR_BYTES} bits, numpy {version('numpy')}"


_tuple_of: Any = types.UniTuple  # untyped in Numba

# A compiled function and the types of its arguments.
Signature = tuple[Any, tuple[Any, ...]]


@dataclass(frozen=True)
class _Types:
    """The types of arguments for numbers of the type `real`."""

    real: Any

    def array(self, dimensions: int, *, readonly: bool = False) -> Any:
        """Return the type of an array of numbers in row-major order."""
        return types.Array(self.real, dimensions, "C", readonly=readonly)

    @property
    def update(self) -> Signature:
        row = self.array(1)
        return formulas.update, (row, row, row, row, int64, row)


def _products(of: _Types) -> list[Signature]:
    packs = of.array(4)
    return [(gemm.multiply, (of.array(4, readonly=True), boolean, packs, packs))]


def _gradients(of: _Types) -> list[Signature]:
    packs, readable = of.array(4), of.array(4, readonly=True)
    penalty = (int64, of.real)
    arguments = (readable, packs, packs, of.real, boolean, packs, packs, packs, int64, of.array(1), *penalty)
    return [of.update, (gemm.add_products, arguments)]


def _batches(of: _Types) -> list[Signature]:
    packs, rows = of.array(4), types.Array(int64, 2, "C")
    return [
        (packing.gather, (of.array(2, readonly=True), rows, packs)),
        (packing.take_out, (packs, packs, of.array(3))),
        (packing.put_in, (of.array(3), packs)),
    ]


def _layers(of: _Types) -> list[Signature]:
    packs = of.array(4)
    return [
        (gemm.transpose, (packs, packs)),
        (gemm.add_sums, (packs, of.array(1), packs, of.real, boolean)),
    ]


def _relu(of: _Types) -> list[Signature]:
    packs = of.array(4)
    return [(packing.bias_relu, (packs, packs)), (packing.relu_backward, (packs, packs))]


def _softmax(of: _Types) -> list[Signature]:
    errors, examples = of.array(3), of.array(1)
    return [
        (formulas.shift, (errors, examples, of.real)),
        (formulas.softmax_errors, (errors, errors, examples, of.real)),
    ]


def _forward(of: _Types) -> list[Signature]:
    row, units = of.array(1), types.Array(int64, 1, "C")
    return [
        (single_step.forward, (row, units, boolean, row, int64, row, row)),
        (formulas.example_errors, (row, row, int64, int64, of.real)),
    ]


def _descent(of: _Types) -> list[Signature]:
    matrix, row = of.array(2), of.array(1)
    arguments = (matrix, matrix, matrix, row, row, int64, row, int64, of.real, row)
    return [of.update, (single_step.descend, arguments)]


def _single_step(of: _Types) -> list[Signature]:
    matrix, row, units = of.array(2), of.array(1), types.Array(int64, 1, "C")
    kinds = _tuple_of(int64, 4)
    parameters, examples = (matrix, matrix, matrix), (matrix, matrix)
    constants, scratch = (row, of.real, of.real), (matrix, row)
    arguments = (*parameters, units, boolean, *examples, kinds, int64, *constants, *scratch)
    return [(single_step.single_step, arguments)]


# By name: the functions, and the seconds to compile them on one core of 2026.
_PARTS: dict[str, tuple[Callable[[_Types], list[Signature]], float]] = {
    "gradients": (_gradients, 1.5),
    "products": (_products, 0.8),
    "batches": (_batches, 0.6),
    "softmax": (_softmax, 0.6),
    "layers": (_layers, 0.4),
    "relu": (_relu, 0.4),
    "forward": (_forward, 1.7),
    "descent": (_descent, 1.7),
    "single_step": (_single_step, 1.5),
}


@dataclass(frozen=True)
class _Part(Compilation):
    """One of the parts, for numbers of one type."""

    name: str
    dtype: str

    @property
    def seconds(self) -> float:
        return _PARTS[self.name][1]

    @property
    def last(self) -> bool:
        return self.name == "single_step"

    def compile(self) -> None:
        functions, _ = _PARTS[self.name]
        for function, arguments in functions(_Types(from_dtype(np.dtype(self.dtype)))):
            function.compile(arguments)


def mini_batch_parts(problem: Problem, dtype: DTypeLike) -> list[Compilation]:
    """List the parts for a problem with mini-batches of several examples."""
    names = ["gradients", "products", "batches", "layers"]
    if problem.architecture.function is ACTIVATIONS["relu"]:
        names.append("relu")
    if type(problem.objective.loss) is CrossEntropy:
        names.append("softmax")
    return [_Part(name, np.dtype(dtype).name) for name in names]


def single_example_parts(problem: Problem, dtype: DTypeLike) -> list[Compilation]:
    """List the parts for a problem with mini-batches of one example."""
    return [_Part(name, np.dtype(dtype).name) for name in ("forward", "descent", "single_step")]
