"""What a configuration trains: the network, its objective and its steps, for plan, cost and trainer alike."""

from sweep.config import choices
from sweep.config.length import batch_size, iterations, steps_per_epoch
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
    return Objective(OUTPUTS[config.output], choices.loss(config), config.reduction)


def problem(config: Config, inputs: int, examples: int) -> Problem:
    """What an engine computes for a cell, with `examples` training examples of `inputs` features."""
    return Problem(
        architecture(config, inputs),
        objective(config),
        choices.optimizer(config),
        choices.regularizer(config),
        batch_size(config, examples),
        shared="order" not in config.vary,
    )


def learning_rate(config: Config, epoch: int, examples: int) -> float:
    """The learning rate in epoch number `epoch`, counted from 0, with `examples` training examples."""
    epochs = iterations(config, examples) / steps_per_epoch(config, examples)
    return config.learning_rate * choices.schedule(config).factor(epoch, epochs)
