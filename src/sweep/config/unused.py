"""Refusal of settings without effect, with the setting that would give them one.

The schema says which setting needs which other one (`needs`). In a sweep a setting may be without effect in
some cells, as the activation is at depth 0, if its value has an effect in other cells and no two cells are
the same.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from sweep.config.check import check
from sweep.config.columns import swept_settings
from sweep.config.schema import Config, cached_until_registration, default_config, fields, nodes
from sweep.core.errors import SettingError
from sweep.core.formats import typed_value
from sweep.core.setting import Requires

Row = dict[str, Any]
Unused = dict[str, Requires]  # by the key of a setting without effect, the requirement that is not met


def refuse_unused(configs: Sequence[Config]) -> None:
    """Raise SettingError if a setting of a sweep's cells is not at its default and has no effect."""
    unused = [_unused(config) for config in configs]
    changed = [
        {key: need for key, need in unmet.items() if _value(config, key) != _value(default_config(), key)}
        for config, unmet in zip(configs, unused, strict=True)
    ]
    if not any(changed):
        return
    for config in configs:
        check(config)
    used_values = {
        (key, repr(_value(config, key)))
        for config, unmet in zip(configs, unused, strict=True)
        for key in needs()
        if key not in unmet
    }
    for config, unmet in zip(configs, changed, strict=True):
        for key, need in unmet.items():
            if (key, repr(_value(config, key))) not in used_values:
                raise _refusal(config, key, need)
    _check_distinct(configs, unused)


@cached_until_registration
def needs() -> Mapping[str, tuple[Requires, ...]]:
    """Return the requirements, without silent ones, of each setting that has any, by its dotted key."""
    loud = {field.key: tuple(need for need in field.rule.needs if not need.silent) for field in fields()}
    return {key: requirements for key, requirements in loud.items() if requirements}


def describe(need: Requires) -> str:
    """Say what the other setting must be, such as "regularization=l1 or regularization=l2"."""
    key, choices = need.key.removesuffix(".name"), nodes()[need.key].rule.choices
    values = need.among or tuple(choice for choice in choices if need.met(choice))
    if values:
        return " or ".join(f"{key}={typed_value(value)}" for value in values)
    (value,) = need.other_than
    return key if value is None else f"{key} other than {typed_value(value)}"


@cache
def _getter(key: str) -> Callable[[Config], Any]:
    return attrgetter(key)


def _value(config: Config, key: str) -> Any:
    return _getter(key)(config)


def _unused(config: Config) -> Unused:
    """Return the settings without effect in a cell, including those at their defaults."""
    return {
        key: need
        for key, requirements in needs().items()
        for need in requirements
        if not need.met(_value(config, need.key))
    }


def _refusal(config: Config, key: str, need: Requires) -> SettingError:
    default = typed_value(_value(default_config(), key))
    return SettingError(
        f"{key}={typed_value(_value(config, key))}: has no effect with {_obstacle(config, need)};"
        f" must be left at {default}, or set {describe(need)}"
    )


def _obstacle(config: Config, need: Requires) -> str:
    return f"{need.key.removesuffix('.name')}={typed_value(_value(config, need.key))}"


def _check_distinct(configs: Sequence[Config], unused: Sequence[Unused]) -> None:
    """Refuse cells that differ only in settings without effect, and suggest a grid without repetitions."""
    axes, values = swept_settings(configs)
    rows: list[Row] = []
    seen: set[str] = set()
    repeated: dict[str, str] = {}
    for config, unmet, value in zip(configs, unused, values, strict=True):
        row = {axis: value[axis] for axis in axes if axis not in unmet}
        if str(row) in seen:
            repeated |= {axis: _obstacle(config, need) for axis, need in unmet.items() if axis in axes}
        rows.append(row)
        seen.add(str(row))
    if not repeated:
        return
    points = [
        {axis: _axis_value(config, axis) for axis in row} for config, row in zip(configs, rows, strict=True)
    ]
    key, obstacle = next(iter(repeated.items()))
    raise SettingError(
        f"{key}: has no effect with {obstacle}, so some cells are the same; in place of all settings with"
        f" several values, 'grid={_union(points)}' has each cell once"
    )


def _axis_value(config: Config, axis: str) -> Any:
    """Return the value that a user types for an axis."""
    if axis == "depth":
        return len(config.hidden_units)
    value = attrgetter(axis)(config)
    return getattr(value, "name", value)


def _union(points: Sequence[Row]) -> str:
    """Write the union of grids with each of these points once, in a form that is YAML and an override."""
    parts: dict[tuple[str, ...], list[Row]] = {}
    for point in points:
        same = parts.setdefault(tuple(point), [])
        if point not in same:
            same.append(point)
    return "{union: [" + ", ".join(map(_part, parts.values())) + "]}"


def _part(points: Sequence[Row]) -> str:
    axes: dict[str, list[Any]] = {axis: [] for axis in points[0]}
    for point in points:
        for axis, value in point.items():
            if value not in axes[axis]:
                axes[axis].append(value)
    kind = "product"
    if len(points) != len(list(itertools.product(*axes.values()))):
        kind, axes = "zip", {axis: [point[axis] for point in points] for axis in axes}
    pairs = (f"{axis}: {typed_value(values, quoted=True)}" for axis, values in axes.items())
    return f"{{{kind}: {{{', '.join(pairs)}}}}}"
