"""Settings without effect are refused, with the setting that would make them count.

The schema says which setting needs which other one (`needs`). In a sweep a setting may be without effect in
some cells, as the activation is at depth 0, if its value has an effect in other cells and no two cells are
the same.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from sweep.config import grid
from sweep.config.assembled import default, known
from sweep.config.axes import swept
from sweep.config.leaves import declared, leaves
from sweep.config.schema import Config
from sweep.config.validation import check
from sweep.config.wording import show
from sweep.errors import SettingError
from sweep.setting import Need

Row = dict[str, Any]
Idle = dict[str, Need]  # by the key of a setting without effect, the need that is not met


def check_effects(configs: Sequence[Config]) -> None:
    """Raise SettingError if a setting of a sweep's cells is not at its default and has no effect."""
    idle = [_idle(config) for config in configs]
    changed = [
        {key: need for key, need in own.items() if _value(config, key) != _value(default(), key)}
        for config, own in zip(configs, idle, strict=True)
    ]
    if not any(changed):
        return
    for config in configs:
        check(config)
    counting = {
        (key, repr(_value(config, key)))
        for config, own in zip(configs, idle, strict=True)
        for key in needs()
        if key not in own
    }
    for config, own in zip(configs, changed, strict=True):
        for key, need in own.items():
            if (key, repr(_value(config, key))) not in counting:
                raise _refusal(config, key, need)
    _check_distinct(configs, idle)


@known
def needs() -> Mapping[str, tuple[Need, ...]]:
    """The needs, without silent ones, of each setting that has any, by its dotted key."""
    found = {leaf.key: tuple(need for need in leaf.rule.needs if not need.silent) for leaf in leaves()}
    return {key: loud for key, loud in found.items() if loud}


def describe(need: Need) -> str:
    """What the other setting must be, in words, such as 'regularization=l1 or regularization=l2'."""
    key, choices = need.key.removesuffix(".name"), declared(need.key)[1].choices
    values = need.among or tuple(choice for choice in choices if need.met(choice))
    if values:
        return " or ".join(f"{key}={show(value)}" for value in values)
    (value,) = need.besides
    return key if value is None else f"{key} other than {show(value)}"


@cache
def _getter(key: str) -> Callable[[Config], Any]:
    return attrgetter(key)


def _value(config: Config, key: str) -> Any:
    return _getter(key)(config)


def _idle(config: Config) -> Idle:
    """The settings without effect in a cell, whether at their defaults or not."""
    return {
        key: need
        for key, found in needs().items()
        for need in found
        if not need.met(_value(config, need.key))
    }


def _refusal(config: Config, key: str, need: Need) -> SettingError:
    usual = show(_value(default(), key))
    return SettingError(
        f"{key}={show(_value(config, key))}: has no effect with {_found(config, need)};"
        f" must be left at {usual}, or set {describe(need)}"
    )


def _found(config: Config, need: Need) -> str:
    return f"{need.key.removesuffix('.name')}={show(_value(config, need.key))}"


def _check_distinct(configs: Sequence[Config], idle: Sequence[Idle]) -> None:
    """Refuse cells that differ only in settings without effect, and suggest a grid without repetitions."""
    axes, values = swept(configs)
    rows: list[Row] = []
    seen: set[str] = set()
    repeated: dict[str, str] = {}
    for config, own, value in zip(configs, idle, values, strict=True):
        row = {axis: value[axis] for axis in axes if axis not in own}
        if str(row) in seen:
            repeated |= {axis: _found(config, need) for axis, need in own.items() if axis in axes}
        rows.append(row)
        seen.add(str(row))
    if not repeated:
        return
    points = [{axis: _typed(config, axis) for axis in row} for config, row in zip(configs, rows, strict=True)]
    key, found = next(iter(repeated.items()))
    raise SettingError(
        f"{key}: has no effect with {found}, where some cells are the same; in place of all settings with"
        f" several values, 'grid={_union(points)}' has each cell once"
    )


def _typed(config: Config, axis: str) -> Any:
    """The value that a user types for an axis."""
    if axis == "depth":
        return len(config.hidden_units)
    value = attrgetter(axis)(config)
    return getattr(value, "name", value)


def _union(points: Sequence[Row]) -> str:
    """The union of grids that has each of these points once, as YAML and as Hydra's command line reads it."""
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
    return f"{{{kind}: {{{', '.join(f'{axis}: {grid.text(values)}' for axis, values in axes.items())}}}}}"
