"""Setting plain values on a typed configuration, with the conversions that OmegaConf does."""

from collections.abc import Mapping
from dataclasses import field, make_dataclass, replace
from functools import cache
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sweep.config.leaves import nodes

_Settings = TypeVar("_Settings")


def converted(key: str, value: Any) -> Any:
    """A value, converted to the type of the setting `key` (dotted).

    Raises ValueError for what cannot be converted without the rest of the configuration: groups, unknown
    keys, mappings, interpolations and values of a wrong type.
    """
    if _needs_the_rest(value):
        raise ValueError(f"{key}={value}")
    node = _alone(key).copy()
    try:
        node.value = value
    except OmegaConfBaseException as error:
        raise ValueError(f"{key}={value}") from error
    return OmegaConf.to_container(node)["value"]  # type: ignore[index, call-overload]


def with_values(settings: _Settings, values: Mapping[str, Any]) -> _Settings:
    """A copy of these settings with other values for some of them, which are given by dotted keys."""
    own: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        group, _, rest = key.partition(".")
        if rest:
            inner.setdefault(group, {})[rest] = value
        else:
            own[group] = value
    groups = {group: with_values(getattr(settings, group), chosen) for group, chosen in inner.items()}
    return replace(settings, **own, **groups)  # type: ignore[type-var]


def dotted(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested settings as pairs of a dotted key and a value."""
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping) and prefix + key != "compare.baseline":  # whose value is settings
            inner = dict(value)
            if "name" in inner:
                pairs.append((prefix + key, inner.pop("name")))
            pairs += dotted(inner, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, value))
    return pairs


def _needs_the_rest(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_needs_the_rest, value))
    return isinstance(value, Mapping) or (isinstance(value, str) and ("${" in value or value == "???"))


def _alone(key: str) -> DictConfig:
    """A configuration with a single setting, `value`, which has the type of the setting `key`."""
    node = nodes().get(key)
    if node is None or node.group:
        raise ValueError(key)
    return _of_type(node.kind)


@cache
def _of_type(kind: Any) -> DictConfig:
    node = OmegaConf.structured(make_dataclass("Alone", [("value", kind, field(default="???"))]))
    assert isinstance(node, DictConfig)
    return node
