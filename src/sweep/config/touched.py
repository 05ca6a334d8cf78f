"""What a user has said of a sweep: which settings, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from omegaconf import OmegaConf

from sweep import resources
from sweep.config.axes import flat, settings
from sweep.config.schema import Config


def in_order(axes: Sequence[str], given: Sequence[str]) -> list[str]:
    """The axes in the order in which the user gave them; those that come with a group last."""
    return sorted(axes, key=lambda axis: given.index(axis) if axis in given else len(given))


def fixed(configs: Sequence[Config], axes: Sequence[str], given: Sequence[str]) -> dict[str, Any]:
    """The settings that are the same in all cells and that the user touched, in the order given.

    Touched is what was `given` or differs from conf/ as its groups were chosen. The data set always counts.
    """
    own, plain = flat(settings(configs[0])), flat(settings(Config()))
    # A choice among groups is compared with the usual one, a group's settings with those of its choice.
    default = {key: value for key, value in flat(settings(_default(configs[0]))).items() if "." in key}
    default = plain | default
    touched = [
        key for key in own if key not in axes and (key == "data" or key in given or own[key] != default[key])
    ]
    return {key: own[key] for key in in_order(touched, given) if _is_same(key, configs)}


def _is_same(key: str, configs: Sequence[Config]) -> bool:
    value = attrgetter(key)
    return all(_choice(value(config)) == _choice(value(configs[0])) for config in configs)


def _choice(value: Any) -> Any:
    """The name of a group, or a plain value."""
    return value.name if is_dataclass(value) and hasattr(value, "name") else value


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
