"""The objects that a configuration chooses: optimizer=adam optimizer.beta1=0.8 is `Adam(beta1=0.8)`."""

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
    """The name that is chosen of this kind, such as 'adam' for the kind optimizer."""
    name: str = attrgetter(f"{kind}.name" if kind in GROUPS else kind)(config)
    return name


def chosen(config: Config, kind: str) -> Any:
    """The object that the configuration chooses of this kind, with its settings."""
    entry = CLASSES[kind][name_of(config, kind)]
    return entry(**{field.name: attrgetter(key_of(kind, field))(config) for field in fields(entry)})


def optimizer(config: Config) -> Optimizer:
    """The optimizer of a configuration."""
    found: Optimizer = chosen(config, "optimizer")
    return found


def schedule(config: Config) -> Schedule:
    """The schedule of the learning rate of a configuration."""
    found: Schedule = chosen(config, "schedule")
    return found


def regularizer(config: Config) -> Regularizer:
    """The penalty on the weights of a configuration."""
    found: Regularizer = chosen(config, "regularization")
    return found


def initializer(config: Config) -> Initializer:
    """The initializer of the weights of a configuration."""
    found: Initializer = chosen(config, "initializer")
    return found


def loss(config: Config) -> Loss:
    """The loss of a configuration."""
    found: Loss = chosen(config, "loss")
    return found
