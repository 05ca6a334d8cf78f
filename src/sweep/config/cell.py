"""The identity of a cell: what can change its result, and nothing else, however it is written."""

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from sweep.config.leaves import leaves
from sweep.config.length import batch_size, steps_per_epoch
from sweep.config.schema import Config, RegularizationConfig, ScheduleConfig
from sweep.data.settings import DataConfig
from sweep.data.sizes import Sizes
from sweep.setting import Setting

# Raise this by one when the same configuration and seed no longer give the same numbers in any engine. When
# those of one engine change, raise its own version in nn/kernels.py. The golden trials in
# tests/training/test_golden.py notice both.
NUMERICS_VERSION = 2


def canonical(config: Config, data_digest: str, sizes: Sizes) -> dict[str, Any]:
    """The settings that can change a trial's result, in one form for every way of writing them.

    `data_digest` stands for the contents of the data set, wherever its files lie, and `sizes` say how many
    examples it gives. Settings that have no effect (Adam's constants under sgd, say) are left out.
    """
    config = resolved(config, sizes)
    settings = _identity(config)
    settings["hidden_units"] = list(config.hidden_units)
    settings["vary"] = sorted(config.vary)
    settings["numerics"] = NUMERICS_VERSION
    if config.max_iterations is not None:
        del settings["epochs"]
    if not config.hidden_units:
        del settings["activation"]
    if config.initializer != "normal":
        del settings["initializer_std"]
    _drop_inert(settings, config)
    data = settings["data"]
    if not config.data.generated:
        del data["name"], data["noise"], data["generator_seed"]
    data["digest"] = data_digest
    settings["evaluation"]["parts"] = sorted(config.evaluation.parts)
    return settings


def cell_id(config: Config, data_digest: str, sizes: Sizes) -> str:
    """Sixteen hexadecimal digits that name the cell: a hash of its canonical settings."""
    text = json.dumps(canonical(config, data_digest, sizes), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def before() -> dict[str, Any]:
    """What stands for each newer setting, by its dotted key, where an identity leaves it out."""
    return {leaf.key: leaf.rule.before for leaf in leaves() if leaf.rule.newer}


def resolved(config: Config, sizes: Sizes) -> Config:
    """The same training in the form that all ways of writing it share.

    A size or a length that says what its default means becomes the default; a penalty of no
    strength is none.
    """
    batch, epoch = batch_size(config, sizes.train), steps_per_epoch(config, sizes.train)
    if batch == sizes.train:
        config = replace(config, batch_size="all")
    if batch == 1:
        config = replace(config, reduction="mean")
    if config.max_iterations is not None and config.max_iterations % epoch == 0:
        config = replace(config, epochs=config.max_iterations // epoch, max_iterations=None)
    if config.regularization.strength == 0:
        config = replace(config, regularization=RegularizationConfig("none"))
    schedule = config.schedule
    if schedule.name == "inverse_epoch" and (schedule.a, schedule.b) == (1.0, 0.0):
        config = replace(config, schedule=ScheduleConfig())
    return replace(config, data=_resolved_data(config.data, sizes))


def _resolved_data(data: DataConfig, sizes: Sizes) -> DataConfig:
    if data.generated:
        return replace(data, test_subset="random")
    if data.train_size == sizes.available - data.validation_size:
        data = replace(data, train_size=None)
    if data.test_size in (None, sizes.available_test):
        data = replace(data, test_size=None, test_subset="random")
    return data


def _identity(config: Any) -> dict[str, Any]:
    """Every setting that tells cells apart; a new one only where it differs from what it was before."""
    settings: dict[str, Any] = {}
    for item in fields(config):
        rule, value = item.metadata["setting"], getattr(config, item.name)
        assert isinstance(rule, Setting)
        if rule.identity and value != rule.before:
            settings[item.name] = _identity(value) if is_dataclass(value) else value
    return settings


def _drop_inert(settings: dict[str, Any], config: Config) -> None:
    if config.optimizer.name == "sgd":
        settings["optimizer"] = {"name": "sgd"}
    else:
        del settings["momentum"]
    if config.regularization.name == "none":
        settings["regularization"] = {"name": "none"}
    if config.schedule.name == "constant":
        settings["schedule"] = {"name": "constant"}
    if config.early_stopping.patience is None:
        settings["early_stopping"] = {"patience": None}
