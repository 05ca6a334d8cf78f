"""The identity of a cell: what can change its result, and nothing else."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from sweep.config.schema import Config

# Raise this by one when the same configuration and seed no longer give the same numbers. The golden
# trial in tests/training/test_golden.py fails when that happens.
NUMERICS_VERSION = 2

_NOT_IDENTITY = ("seeds", "parallel", "results", "figures", "dry_run", "grid", "hidden", "depth")


def canonical(config: Config, data_digest: str) -> dict[str, Any]:
    """The settings that can change a trial's result, in one form for every way of writing them.

    `data_digest` stands for the contents of the data set, wherever its files lie. Settings that have
    no effect (Adam's constants under sgd, say) are left out.
    """
    settings = {key: value for key, value in asdict(config).items() if key not in _NOT_IDENTITY}
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
    del data["root"]
    if config.data.name in ("mnist", "idx"):
        del data["name"], data["noise"], data["generator_seed"]
    data["digest"] = data_digest
    settings["evaluation"]["parts"] = sorted(config.evaluation.parts)
    return settings


def cell_id(config: Config, data_digest: str) -> str:
    """Sixteen hexadecimal digits that name the cell: a hash of its canonical settings."""
    text = json.dumps(canonical(config, data_digest), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
