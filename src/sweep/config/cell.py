"""The identity of a cell: all that can change its result, and nothing else, in one form.

The same training that is written in another way has the same identity.

[choices] The objects that a configuration chooses: optimizer=adam optimizer.beta1=0.8 is `Adam(beta1=0.8)`.

[length] The length of a training in mini-batches and steps.
"""

import hashlib
import json
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from sweep.config import extensions
from sweep.config.schema import Config, known, leaves
from sweep.config.tables import CLASSES, GROUPS, TABLES, key_of
from sweep.core.errors import SettingError
from sweep.core.setting import Setting
from sweep.data.settings import DataConfig, Sizes
from sweep.nn.initializers import Initializer
from sweep.nn.losses import Loss
from sweep.nn.optimizers import Optimizer
from sweep.nn.regularizers import L1, L2, Regularizer
from sweep.nn.schedules import InverseEpoch, Schedule


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


def batch_size(config: Config, examples: int) -> int:
    """The examples of a mini-batch, if the training part has so many `examples`.

    Raises SettingError for a mini-batch that is larger than the training part.
    """
    if config.batch_size == "all":
        return examples
    if config.batch_size > examples:
        raise SettingError(
            f"batch_size={config.batch_size}: must be at most {examples}, the training part, or 'all'"
        )
    return int(config.batch_size)


def steps_per_epoch(config: Config, examples: int) -> int:
    """The number of mini-batches of an epoch; the last of them may be smaller."""
    return -(-examples // batch_size(config, examples))


def iterations(config: Config, examples: int) -> int:
    """The number of steps that training takes unless it stops early."""
    if config.max_iterations is not None:
        return config.max_iterations
    return config.epochs * steps_per_epoch(config, examples)


# Raise this by one when the same configuration and seed no longer give the same numbers in any engine. When
# those of one engine change, raise the `numerics` of the engine. The golden trials in
# tests/training/test_golden.py notice both.
NUMERICS_VERSION = 2


def canonical(config: Config, data_digest: str, sizes: Sizes) -> dict[str, Any]:
    """The settings that can change a trial's result, in one form for every way of writing them.

    `data_digest` identifies the contents of the data set, wherever its files lie, and `sizes` are the numbers
    of its examples. Settings without effect are left out (Adam's constants with sgd, for example), and so are
    newer settings with the value that older records were trained with. Entries of the user's own are listed
    with the SHA-256 of the source that defines them.
    """
    config = resolved(config, sizes)
    settings: dict[str, Any] = {}
    for leaf in leaves():
        value = leaf.value(config)
        if leaf.rule.identity and value != leaf.rule.before and has_effect(leaf.rule, config):
            *groups, name = leaf.key.split(".")
            own = settings
            for group in groups:
                own = own.setdefault(group, {})
            own[name] = value
    settings["hidden_units"] = list(config.hidden_units)
    settings["vary"] = sorted(config.vary)
    settings["evaluation"]["parts"] = sorted(config.evaluation.parts)
    settings["data"]["digest"] = data_digest
    settings["numerics"] = NUMERICS_VERSION
    outside = outside_entries(config)
    return settings | ({"extensions": outside} if outside else {})


def cell_id(config: Config, data_digest: str, sizes: Sizes) -> str:
    """The cell's id: sixteen hexadecimal digits, a hash of its canonical settings."""
    text = json.dumps(canonical(config, data_digest, sizes), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@known
def before() -> dict[str, Any]:
    """The value of each newer setting, by its dotted key, for identities that do not hold it."""
    return {leaf.key: leaf.rule.before for leaf in leaves() if leaf.rule.newer}


def resolved(config: Config, sizes: Sizes) -> Config:
    """The same training in one form, whichever way it was written.

    A number of examples or of steps that is what the default gives becomes the default, and a penalty of
    strength 0 becomes none.
    """
    batch, epoch = batch_size(config, sizes.train), steps_per_epoch(config, sizes.train)
    if batch == sizes.train:
        config = replace(config, batch_size="all")
    if batch == 1:
        config = replace(config, reduction="mean")
    if config.max_iterations is not None and config.max_iterations % epoch == 0:
        config = replace(config, epochs=config.max_iterations // epoch, max_iterations=None)
    penalty, rates = regularizer(config), schedule(config)
    if isinstance(penalty, L1 | L2) and penalty.strength == 0:
        config = replace(config, regularization=replace(config.regularization, name="none"))
    if isinstance(rates, InverseEpoch) and (rates.a, rates.b) == (1.0, 0.0):
        config = replace(config, schedule=replace(config.schedule, name="constant"))
    return replace(config, data=_resolved_data(config.data, sizes))


def _resolved_data(data: DataConfig, sizes: Sizes) -> DataConfig:
    if data.generated:
        return replace(data, test_subset="random")
    if data.train_size == sizes.available - data.validation_size:
        data = replace(data, train_size=None)
    if data.test_size in (None, sizes.available_test):
        data = replace(data, test_size=None, test_subset="random")
    return data


def has_effect(rule: Setting, config: Config) -> bool:
    """Whether a setting has an effect: all other settings are as it needs them."""
    return all(need.met(attrgetter(need.key)(config)) for need in rule.needs)


def outside_entries(config: Config) -> dict[str, str]:
    """The user's own entries that a cell uses, such as 'activation.swish', each with its source's digest."""
    used = {kind: name_of(config, kind) for kind in CLASSES} | {"output": config.output}
    if config.hidden_units:
        used["activation"] = config.activation
    return {
        f"{kind}.{name}": extensions.digest(kind, name)
        for kind, name in used.items()
        if name in TABLES[kind].outside
    }
