"""A cell: its identity, the objects that it chooses, and the length of its training.

The identity is everything that can change a result, and nothing else, in one form: the same training written
in another way has the same identity. optimizer=adam optimizer.beta1=0.8 chooses `Adam(beta1=0.8)`.
"""

import dataclasses
import hashlib
import json
from dataclasses import replace
from operator import attrgetter
from typing import Any

from sweep.config import extensions
from sweep.config.schema import Config, cached_until_registration, fields
from sweep.config.tables import CLASSES, GROUPS, TABLES, key_of
from sweep.core.errors import SettingError
from sweep.core.setting import Setting
from sweep.data.settings import DataConfig, Sizes
from sweep.nn.initializers import Initializer
from sweep.nn.losses import Loss
from sweep.nn.optimizers import Optimizer
from sweep.nn.regularizers import L1, L2, Regularizer
from sweep.nn.schedules import InverseEpoch, Schedule

# Raise this by one when the same configuration and seed no longer give the same numbers in any engine. When
# those of one engine change, raise the `numerics` of the engine. The golden trials in
# tests/training/test_golden.py notice both.
NUMERICS_VERSION = 2


def cell_id(config: Config, data_digest: str, sizes: Sizes) -> str:
    """Return the cell's id: sixteen hexadecimal digits, a hash of its canonical settings."""
    # Sorted and without spaces, so that the hash does not depend on the order of the fields.
    text = json.dumps(canonical_settings(config, data_digest, sizes), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def canonical_settings(config: Config, data_digest: str, sizes: Sizes) -> dict[str, Any]:
    """Return the settings that can change a trial's result, in one form for every way of writing them.

    `data_digest` identifies the contents of the data set, wherever its files are, and `sizes` are the numbers
    of its examples. Settings without effect are left out (Adam's constants with sgd, for example), and so are
    newer settings with the value that older records were trained with. The user's entries are listed with the
    SHA-256 of the source that defines them.
    """
    config = normalized(config, sizes)
    settings: dict[str, Any] = {}
    for field in fields():
        value = field.value(config)
        if field.rule.identity and value != field.rule.legacy_default and has_effect(field.rule, config):
            *groups, name = field.key.split(".")
            inner = settings
            for group in groups:
                inner = inner.setdefault(group, {})
            inner[name] = value
    settings["hidden_units"] = list(config.hidden_units)
    # Sorted, because the order of names in these lists has no effect.
    settings["vary"] = sorted(config.vary)
    settings["evaluation"]["parts"] = sorted(config.evaluation.parts)
    settings["data"]["digest"] = data_digest
    settings["numerics"] = NUMERICS_VERSION
    registered = registered_entries(config)
    return settings | ({"extensions": registered} if registered else {})


def normalized(config: Config, sizes: Sizes) -> Config:
    """Return the configuration in one form for all ways to write the same training.

    A number of examples or steps that equals what the default gives becomes the default, and a penalty of
    strength 0 becomes none.
    """
    batch, epoch = batch_size(config, sizes.train), steps_per_epoch(config, sizes.train)
    if batch == sizes.train:
        config = replace(config, batch_size="all")
    if batch == 1:  # the sum over one example is its mean
        config = replace(config, reduction="mean")
    if config.max_iterations is not None and config.max_iterations % epoch == 0:
        config = replace(config, epochs=config.max_iterations // epoch, max_iterations=None)
    penalty, rates = regularizer(config), schedule(config)
    if isinstance(penalty, L1 | L2) and penalty.strength == 0:
        config = replace(config, regularization=replace(config.regularization, name="none"))
    if isinstance(rates, InverseEpoch) and (rates.a, rates.b) == (1.0, 0.0):
        config = replace(config, schedule=replace(config.schedule, name="constant"))
    return replace(config, data=_normalized_data(config.data, sizes))


def _normalized_data(data: DataConfig, sizes: Sizes) -> DataConfig:
    if data.generated:
        return replace(data, test_subset="random")
    if data.train_size == sizes.available - data.validation_size:
        data = replace(data, train_size=None)
    if data.test_size in (None, sizes.available_test):
        data = replace(data, test_size=None, test_subset="random")
    return data


def has_effect(rule: Setting, config: Config) -> bool:
    """Return True if all other settings are as this one needs them to have an effect."""
    return all(need.met(attrgetter(need.key)(config)) for need in rule.needs)


def registered_entries(config: Config) -> dict[str, str]:
    """Return the user's entries that a cell uses, such as "activation.swish", with their sources' digests."""
    used = {kind: name_of(config, kind) for kind in CLASSES} | {"output": config.output}
    # Without hidden layers the activation is not used.
    if config.hidden_units:
        used["activation"] = config.activation
    return {
        f"{kind}.{name}": extensions.digest(kind, name)
        for kind, name in used.items()
        if name in TABLES[kind].registered
    }


@cached_until_registration
def legacy_defaults() -> dict[str, Any]:
    """Return the value of each newer setting, by its dotted key, for identities without it."""
    return {field.key: field.rule.legacy_default for field in fields() if field.rule.has_legacy_default}


def name_of(config: Config, kind: str) -> str:
    """Return the name that a configuration chooses of this kind, such as "adam" for the kind optimizer."""
    name: str = attrgetter(f"{kind}.name" if kind in GROUPS else kind)(config)
    return name


def chosen(config: Config, kind: str) -> Any:
    """Return the object that a configuration chooses of this kind, with its settings."""
    entry = CLASSES[kind][name_of(config, kind)]
    settings = {field.name: attrgetter(key_of(kind, field))(config) for field in dataclasses.fields(entry)}
    return entry(**settings)


def optimizer(config: Config) -> Optimizer:
    """Return the optimizer of a configuration."""
    entry: Optimizer = chosen(config, "optimizer")
    return entry


def schedule(config: Config) -> Schedule:
    """Return the learning-rate schedule of a configuration."""
    entry: Schedule = chosen(config, "schedule")
    return entry


def regularizer(config: Config) -> Regularizer:
    """Return the penalty on the weights of a configuration."""
    entry: Regularizer = chosen(config, "regularization")
    return entry


def initializer(config: Config) -> Initializer:
    """Return the initializer of the weights of a configuration."""
    entry: Initializer = chosen(config, "initializer")
    return entry


def loss(config: Config) -> Loss:
    """Return the loss of a configuration."""
    entry: Loss = chosen(config, "loss")
    return entry


def batch_size(config: Config, examples: int) -> int:
    """Return the size of a mini-batch if the training part has this number of `examples`.

    Raises SettingError for a mini-batch larger than the training part.
    """
    if config.batch_size == "all":
        return examples
    if config.batch_size > examples:
        raise SettingError(
            f"batch_size={config.batch_size}: must be at most {examples}, the training part, or 'all'"
        )
    return int(config.batch_size)


def steps_per_epoch(config: Config, examples: int) -> int:
    """Return the number of mini-batches of an epoch; the last of them may be smaller."""
    return -(-examples // batch_size(config, examples))  # rounded up


def iterations(config: Config, examples: int) -> int:
    """Return the number of steps that training takes unless it stops early."""
    if config.max_iterations is not None:
        return config.max_iterations
    return config.epochs * steps_per_epoch(config, examples)
