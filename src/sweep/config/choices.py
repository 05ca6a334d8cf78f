"""The objects that a configuration's choices stand for: `Adam(beta1=0.8)` of optimizer=adam."""

from dataclasses import fields
from operator import attrgetter
from typing import Any

from sweep.config.schema import Config
from sweep.config.tables import CLASSES, GROUPS, key_of
from sweep.nn.initializers import Initializer
from sweep.nn.losses import Loss
from sweep.nn.optimizers import Optimizer
from sweep.nn.regularizers import Regularizer
from sweep.nn.schedules import Schedule


def name_of(config: Config, kind: str) -> str:
    """The name of the choice of this kind: 'adam'."""
    name: str = attrgetter(f"{kind}.name" if kind in GROUPS else kind)(config)
    return name


def chosen(config: Config, kind: str) -> Any:
    """An object of the class that the configuration chooses, with the settings that it has there."""
    entry = CLASSES[kind][name_of(config, kind)]
    return entry(**{field.name: attrgetter(key_of(kind, field))(config) for field in fields(entry)})


def optimizer(config: Config) -> Optimizer:
    """How gradients become steps."""
    found: Optimizer = chosen(config, "optimizer")
    return found


def schedule(config: Config) -> Schedule:
    """The learning rate of an epoch, as a factor."""
    found: Schedule = chosen(config, "schedule")
    return found


def regularizer(config: Config) -> Regularizer:
    """The penalty on the weights."""
    found: Regularizer = chosen(config, "regularization")
    return found


def initializer(config: Config) -> Initializer:
    """How weights start."""
    found: Initializer = chosen(config, "initializer")
    return found


def loss(config: Config) -> Loss:
    """The loss."""
    found: Loss = chosen(config, "loss")
    return found
