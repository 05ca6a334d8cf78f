"""The contract of an engine, which trains the networks of a block of seeds step by step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.nn import Array
from sweep.nn.architecture import Architecture
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Optimizer
from sweep.nn.regularizers import Regularizer

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The network, objective and update rule that an engine computes.

    `batch_size` is the number of examples in a mini-batch; the last one of an epoch may be smaller. If
    `shared`, all seeds see the same mini-batches. `training.problem` adds the schedule and the length.
    """

    architecture: Architecture
    objective: Objective
    optimizer: Optimizer
    regularizer: Regularizer
    batch_size: int
    shared: bool


@dataclass(frozen=True)
class EngineInfo:
    """The identity of an engine in a record; see `Engine` for the three fields."""

    name: str
    version: str
    numerics: int


class Compilation(ABC):
    """A part of the code that an engine compiles before its first step.

    Another process can compile it: the result is stored on disk, and this process loads it.
    """

    @property
    @abstractmethod
    def seconds(self) -> float:
        """Return about how many seconds it takes on one core if nothing is stored yet."""

    @property
    def last(self) -> bool:
        """Return True if it must come after the other parts because it uses their compiled code."""
        return False

    @abstractmethod
    def compile(self) -> None:
        """Compile it, or load the stored result, unless this process has done so before."""


class Network(ABC):
    """The outputs of a block of seeds on examples that are common to all of them."""

    # The number of examples for one call of `outputs`: enough for products to run at their full rate, and few
    # enough for the results to stay in the cache.
    examples_at_once: ClassVar[int]
    seeds: int

    @abstractmethod
    def outputs(self, features: Array) -> Array:
        """Compute the last pre-activations, (seeds, batch, outputs), from features (batch, inputs).

        The array belongs to the network; the next call with the same number of examples overwrites it.
        """


class Engine(ABC):
    """A way to train the networks of a block of seeds.

    A seed's numbers have the same bits whichever seeds share its block. `name`, `version()` and `numerics` go
    into the records. Raise `numerics` by one when a change of the engine gives the same training other bits.
    """

    name: ClassVar[str]
    numerics: ClassVar[int]

    @staticmethod
    @abstractmethod
    def version() -> str:
        """Describe what else the last digits depend on: versions of packages, the processor's abilities."""

    @classmethod
    def info(cls) -> EngineInfo:
        """Return the identity of the engine for a record."""
        return EngineInfo(cls.name, cls.version(), cls.numerics)

    @classmethod
    @abstractmethod
    def supports(cls, problem: Problem) -> bool:
        """Return True if the engine can train this problem on this machine."""

    @classmethod
    def compilations(cls, problem: Problem, dtype: DTypeLike) -> Sequence[Compilation]:  # noqa: ARG003
        """List the code that steps and evaluations need, for numbers of this type; none by default."""
        return ()

    @classmethod
    @abstractmethod
    def network(cls, architecture: Architecture, parameters: Array) -> Network:
        """Return a network with these parameters, (seeds, parameters), to evaluate."""

    @abstractmethod
    def __init__(self, problem: Problem, parameters: Array) -> None:
        """Start to train a problem from a copy of these parameters, (seeds, parameters)."""

    @property
    @abstractmethod
    def parameters(self) -> Array:
        """Return the current parameters, one row a seed, (seeds, parameters)."""

    @abstractmethod
    def step(self, features: Array, targets: Array, rows: Rows, *, rate: float) -> None:
        """Take one step of gradient descent on a mini-batch.

        `features`, (examples, inputs), and `targets`, (examples, outputs), are the whole training part.
        `rows`, (batch,) if the problem is shared, otherwise (seeds, batch), are the positions of the
        mini-batch in it. `rate` is the learning rate.
        """

    @abstractmethod
    def gradient(self, features: Array, targets: Array, rows: Rows) -> Array:
        """Return the gradient that `step` would use, (seeds, parameters), including the penalty's.

        `features`, `targets` and `rows` are those of `step`.
        """

    @abstractmethod
    def evaluation(self) -> Network:
        """Return the current networks, to evaluate. They are valid until the next step."""

    @abstractmethod
    def select(self, positions: Sequence[int]) -> Self:
        """Return an engine that goes on, bit for bit, with the seeds at these positions of the block."""
