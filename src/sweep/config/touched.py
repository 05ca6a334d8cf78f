"""What a user has said of a sweep: which settings, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from omegaconf import OmegaConf

from sweep import resources
from sweep.config.axes import settings
from sweep.config.schema import Config


def in_order(axes: Sequence[str], given: Sequence[str]) -> list[str]:
    """The axes in the order in which the user gave them; those that come with a group last."""
    return sorted(axes, key=lambda axis: given.index(axis) if axis in given else len(given))


def fixed(configs: Sequence[Config], axes: Sequence[str], given: Sequence[str]) -> dict[str, Any]:
    """The settings that are the same in all cells and that the user touched, in the order given.

    Touched is what was `given` or differs from conf/ as its groups were chosen.
    """
    first = configs[0]
    own, default = _flat(first), _flat(_default(first))
    touched = [key for key in own if key in given or own[key] != default[key]]
    getters = {key: attrgetter(_dotted(key, first)) for key in touched}
    same = [
        key
        for key in touched
        if key not in axes and all(getters[key](config) == own[key] for config in configs)
    ]
    return {key: own[key] for key in in_order(same, given)}


def _flat(owner: Any, prefix: str = "") -> dict[str, Any]:
    """The settings that cells may differ in by dotted key, groups by their names."""
    found: dict[str, Any] = {}
    for name, value in settings(owner).items():
        if is_dataclass(value):
            inner = _flat(value, f"{prefix}{name}.")
            found |= {key.removesuffix(".name"): each for key, each in inner.items()}
        else:
            found[prefix + name] = value
    return found


def _dotted(key: str, config: Config) -> str:
    return f"{key}.name" if is_dataclass(attrgetter(key)(config)) else key


def _default(config: Config) -> Config:
    """The defaults of conf/, with the groups of `config`."""
    default = Config()
    for item in fields(config):
        group = getattr(config, item.name)
        if hasattr(group, "name") and group.name != getattr(default, item.name).name:
            stated = _option(item.name, group.name)
            default = replace(default, **{item.name: replace(getattr(default, item.name), **stated)})
    return default


@cache
def _option(group: str, name: str) -> Mapping[str, Any]:
    """The settings in conf/ of one choice of a group."""
    stated: Any = OmegaConf.to_container(OmegaConf.load(resources.folder("conf") / group / f"{name}.yaml"))
    for base in stated.pop("defaults", []):
        stated = {**_option(group, base), **stated}
    return MappingProxyType(stated)
