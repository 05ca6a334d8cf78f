"""Training problems: all that decides how a cell is trained, read from its configuration once.

Every random stream is PCG64 on SeedSequence(root, spawn_key=(seed index, stream)). It is independent of the
other streams and of which other seeds are trained. Anything that does not vary from seed to seed (the setting
`vary`) uses the stream of seed index 0 for all seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np

from sweep.config import cell
from sweep.config.schema import Config, EarlyStoppingConfig, EvaluationConfig
from sweep.data.preprocessing import PreparedData
from sweep.engines.engine import Problem
from sweep.nn import Array
from sweep.nn.architecture import Architecture
from sweep.nn.initializers import Initializer
from sweep.nn.objective import Objective
from sweep.nn.outputs import OUTPUTS
from sweep.nn.schedules import Schedule


@dataclass(frozen=True, kw_only=True)
class TrainingProblem(Problem):
    """The problem of an engine, with its start, its learning rates, its length, and what is measured.

    `learning_rate` is the one that `schedule` multiplies. Training takes `steps` steps unless it stops early.
    `precision` is float32 or float64. `root_seed` and `vary` determine the random streams, `classes` is the
    number of classes, and `kernels` is the requested engine (see `engines.choose`).
    """

    initializer: Initializer
    learning_rate: float
    schedule: Schedule
    steps: int
    steps_per_epoch: int
    precision: str
    root_seed: int
    vary: Sequence[str]
    classes: int
    evaluation: EvaluationConfig
    early_stopping: EarlyStoppingConfig
    kernels: str

    def rate(self, epoch: int) -> float:
        """Return the learning rate in epoch number `epoch`, counted from 0."""
        return self.learning_rate * self.schedule.factor(epoch, self.steps / self.steps_per_epoch)

    def initial_parameters(self, seed: int) -> Array:
        """Draw the initial weights of a seed, (parameters,), in the precision of the training."""
        parameters = self.architecture.initial_parameters(
            self.initializer, generator(self, seed, Stream.INIT)
        )
        return parameters.astype(self.precision)

    def evaluation_due(self, step: int) -> bool:
        """Return True if the networks are evaluated after step number `step`, counted from 1."""
        every = self.evaluation.every or self.steps_per_epoch
        # Always after the last step, whose metrics the record reports.
        return step % every == 0 or step == self.steps


def problem_for(config: Config, data: PreparedData) -> TrainingProblem:
    """Build the problem of a cell on prepared data."""
    examples, inputs = data.train.features.shape
    return problem(config, inputs, examples)


def problem(config: Config, inputs: int, examples: int) -> TrainingProblem:
    """Build the problem of a cell with `examples` training examples of `inputs` features.

    Raises SettingError if a mini-batch is larger than the training part.
    """
    return TrainingProblem(
        architecture=architecture(config, inputs),
        objective=objective(config),
        optimizer=cell.optimizer(config),
        regularizer=cell.regularizer(config),
        batch_size=cell.batch_size(config, examples),
        shared="order" not in config.vary,
        initializer=cell.initializer(config),
        learning_rate=config.learning_rate,
        schedule=cell.schedule(config),
        steps=cell.iterations(config, examples),
        steps_per_epoch=cell.steps_per_epoch(config, examples),
        precision=config.precision,
        root_seed=config.root_seed,
        vary=tuple(config.vary),
        classes=config.data.classes,
        evaluation=config.evaluation,
        early_stopping=config.early_stopping,
        kernels=config.parallel.kernels,
    )


def architecture(config: Config, inputs: int) -> Architecture:
    """Return the network that a cell trains on examples of `inputs` features."""
    units = (inputs, *config.hidden_units, config.output_units)
    return Architecture(units, config.activation, config.bias)


def objective(config: Config) -> Objective:
    """Return the output function and the loss of a cell."""
    return Objective(OUTPUTS[config.output], cell.loss(config), config.reduction)


class Stream(IntEnum):
    """The purpose of a random stream. Every result depends on these numbers: never change them."""

    INIT = 0
    ORDER = 1
    SPLIT = 2


class Randomness(Protocol):
    """The settings of the random streams, in a `Config` or in a `TrainingProblem`."""

    @property
    def root_seed(self) -> int: ...

    @property
    def vary(self) -> Sequence[str]: ...


def generator(randomness: Randomness, seed: int, stream: Stream) -> np.random.Generator:
    """Return the generator of one stream of the trial with this seed index."""
    index = seed if stream.name.lower() in randomness.vary else 0
    sequence = np.random.SeedSequence(randomness.root_seed, spawn_key=(index, stream))
    return np.random.Generator(np.random.PCG64(sequence))
