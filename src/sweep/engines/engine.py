"""The contract of an engine: what trains the networks of a block of seeds, step by step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sweep.core.types import Array
from sweep.nn.architecture import Architecture
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Optimizer
from sweep.nn.regularizers import Regularizer

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Problem:
    """What an engine is to compute.

    `batch` is the number of examples in a mini-batch; the last one of an epoch may be smaller. If `shared`,
    all seeds see the same mini-batches.
    """

    architecture: Architecture
    objective: Objective
    optimizer: Optimizer
    regularizer: Regularizer
    batch: int
    shared: bool


@dataclass(frozen=True)
class EngineInfo:
    """What a record says of the engine that trained; see `Engine` for the three fields."""

    name: str
    version: str
    numerics: int


class Compilation(ABC):
    """A part of what an engine compiles before its first step.

    Another process can do it: what has been compiled there is kept on the disk, and this process loads it.
    """

    @property
    @abstractmethod
    def seconds(self) -> float:
        """About how many seconds it takes on one core, if it has not been done before."""

    @property
    def last(self) -> bool:
        """Whether it must come after the other parts, because it uses what they have compiled."""
        return False

    @abstractmethod
    def compile(self) -> None:
        """Compile it, or load what is on the disk, unless this process has done so before."""


class Network(ABC):
    """The outputs of a block of seeds on examples that are common to all of them."""

    # How many examples to give to one call of `outputs`: enough for products to run at their full rate, and
    # few enough for the results to stay in the cache.
    examples_at_once: ClassVar[int]
    seeds: int

    @abstractmethod
    def outputs(self, features: Array) -> Array:
        """The pre-activations of the output layer, (seeds, batch, outputs), of features (batch, inputs).

        The array belongs to the network; the next call with the same number of examples overwrites it.
        """


class Engine(ABC):
    """Trains the networks of a block of seeds.

    A seed's numbers have the same bits whichever seeds are in the block with it. `name`, `version()` and
    `numerics` stand in the records. `numerics` is raised by one when a change of the engine gives the same
    training other bits.
    """

    name: ClassVar[str]
    numerics: ClassVar[int]

    @staticmethod
    @abstractmethod
    def version() -> str:
        """What else the last digits depend on, in words: versions of packages, the processor's abilities."""

    @classmethod
    def info(cls) -> EngineInfo:
        """What a record says of the engine."""
        return EngineInfo(cls.name, cls.version(), cls.numerics)

    @classmethod
    @abstractmethod
    def knows(cls, problem: Problem) -> bool:
        """Whether the engine can train this problem here."""

    @classmethod
    def compilations(cls, problem: Problem, dtype: DTypeLike) -> Sequence[Compilation]:  # noqa: ARG003
        """What a step or an evaluation needs compiled, for numbers of this type; nothing by default."""
        return ()

    @classmethod
    @abstractmethod
    def network(cls, architecture: Architecture, parameters: Array) -> Network:
        """A network with these parameters, (seeds, parameters), to evaluate."""

    @abstractmethod
    def __init__(self, problem: Problem, parameters: Array) -> None:
        """Start to train a problem from a copy of these parameters, (seeds, parameters)."""

    @property
    @abstractmethod
    def parameters(self) -> Array:
        """The parameters as they are now, one row a seed, (seeds, parameters)."""

    @abstractmethod
    def step(self, features: Array, targets: Array, rows: Rows, rate: float) -> None:
        """Take one step of gradient descent on a mini-batch.

        `features`, (examples, inputs), and `targets`, (examples, outputs), are the whole training part.
        `rows`, (batch,) if the problem is shared, otherwise (seeds, batch), are the positions of the
        mini-batch in it. `rate` is the learning rate.
        """

    @abstractmethod
    def gradient(self, features: Array, targets: Array, rows: Rows) -> Array:
        """The gradient that `step` would use, (seeds, parameters), with that of the penalty."""

    @abstractmethod
    def evaluation(self) -> Network:
        """The networks as they are now, to evaluate. Valid until the next step."""

    @abstractmethod
    def select(self, positions: Sequence[int]) -> Self:
        """An engine that goes on with the seeds at these positions of the block, with the same bits."""
