"""What a configuration trains: the network, its objective and its steps, for plan, cost and trainer alike.

[randomness] The random streams of a trial.

Every stream is PCG64 on SeedSequence(root, spawn_key=(seed index, stream)). It is independent of every other
stream and of which other seeds are trained. For what does not vary from seed to seed (the setting `vary`),
all seeds use the stream of seed index 0.
"""

from enum import IntEnum

import numpy as np

from sweep.config import cell
from sweep.config.cell import batch_size, iterations, steps_per_epoch
from sweep.config.schema import Config
from sweep.engines.engine import Problem
from sweep.nn.architecture import Architecture
from sweep.nn.objective import Objective
from sweep.nn.outputs import OUTPUTS


def architecture(config: Config, inputs: int) -> Architecture:
    """The network that a cell trains on examples of `inputs` features."""
    units = (inputs, *config.hidden_units, config.output_units)
    return Architecture(units, config.activation, config.bias)


def objective(config: Config) -> Objective:
    """The output function and the loss of a cell."""
    return Objective(OUTPUTS[config.output], cell.loss(config), config.reduction)


def problem(config: Config, inputs: int, examples: int) -> Problem:
    """What an engine computes for a cell, with `examples` training examples of `inputs` features."""
    return Problem(
        architecture(config, inputs),
        objective(config),
        cell.optimizer(config),
        cell.regularizer(config),
        batch_size(config, examples),
        shared="order" not in config.vary,
    )


def learning_rate(config: Config, epoch: int, examples: int) -> float:
    """The learning rate in epoch number `epoch`, counted from 0, with `examples` training examples."""
    epochs = iterations(config, examples) / steps_per_epoch(config, examples)
    return config.learning_rate * cell.schedule(config).factor(epoch, epochs)


class Stream(IntEnum):
    """What a stream is used for. Every result depends on these numbers: never change them."""

    INIT = 0
    ORDER = 1
    SPLIT = 2


def generator(config: Config, seed: int, stream: Stream) -> np.random.Generator:
    """The generator of one stream of the trial with this seed index."""
    index = seed if stream.name.lower() in config.vary else 0
    sequence = np.random.SeedSequence(config.root_seed, spawn_key=(index, stream))
    return np.random.Generator(np.random.PCG64(sequence))
