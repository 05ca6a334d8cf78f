"""Settings as columns of a table, such as a row of `sweep.load()`, and back.

A sweep shows the settings that differ between its cells, and those that the user set explicitly, in the
user's order.
"""

import math
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, get_args

from sweep.config.cell import legacy_defaults
from sweep.config.schema import Config, default_config, fields
from sweep.config.tables import GROUPS, option_values
from sweep.core.errors import SettingError
from sweep.core.formats import typed_value
from sweep.data.datasets import MNIST_DIGEST, contents_digest
from sweep.data.settings import DATASETS, DataConfig


def swept_settings(configs: Sequence[Config]) -> tuple[list[str], list[dict[str, object]]]:
    """Return the settings that differ between cells, and each cell's values of them."""
    rows = [axis_settings(config) for config in configs]
    if any(config.depth is not None for config in configs):
        for row, config in zip(rows, configs, strict=True):
            row["depth"] = len(config.hidden_units)
    axes = [key for key in rows[0] if len({str(row[key]) for row in rows}) > 1]
    # A choice of a group is one axis, even if each choice has other values of the group's settings.
    axes = [key for key in axes if key.rpartition(".")[0] not in axes or _varies(key, rows)]
    return axes, [{axis: row[axis] for axis in axes} for row in rows]


def axis_settings(config: Config) -> dict[str, Any]:
    """Return the settings that cells may differ in, by the names of their columns."""
    return {field.column: column_value(field.value(config)) for field in fields() if field.rule.axis}


def _varies(key: str, rows: Sequence[dict[str, object]]) -> bool:
    """Return True if a group's setting differs between cells with the same choice of the group."""
    group = key.rpartition(".")[0]
    seen: dict[str, set[str]] = {}
    for row in rows:
        seen.setdefault(str(row[group]), set()).add(str(row[key]))
    return any(len(values) > 1 for values in seen.values())


def explicit_first(axes: Sequence[str], explicit: Sequence[str]) -> list[str]:
    """Sort axes in the user's order; settings that only differ with a group come last."""
    return sorted(axes, key=lambda axis: explicit.index(axis) if axis in explicit else len(explicit))


def explicit_constants(
    configs: Sequence[Config], axes: Sequence[str], explicit: Sequence[str]
) -> dict[str, Any]:
    """Return the explicit settings that are the same in all cells, in the user's order.

    A setting is explicit if the user wrote it, or if it differs from the default of the options that are
    chosen. The data set always is.
    """
    rows = [axis_settings(config) for config in configs]
    first, defaults = rows[0], _option_defaults(configs[0])
    constant = [
        key
        for key, value in first.items()
        if key not in axes
        and (key == "data" or key in explicit or value != defaults[key])
        and all(row[key] == value for row in rows)
    ]
    return {key: first[key] for key in explicit_first(constant, explicit)}


def _option_defaults(config: Config) -> dict[str, Any]:
    """Return the settings that a configuration with the same choices of groups has by default."""
    defaults = axis_settings(default_config())
    for group in ("data", *GROUPS):
        inner = option_values(group, getattr(config, group).name)
        defaults |= {f"{group}.{key}": column_value(value) for key, value in inner.items() if key != "name"}
    return defaults


def columns_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical settings of a cell (see `config.cell`) as columns of a table."""
    rest = dict(settings)
    units = rest.pop("hidden_units")
    # One number if all layers are equally wide, so that it can be a numeric axis.
    hidden = units[0] if len(set(units)) == 1 else typed_value(units) if units else 0
    return {"hidden": hidden, "depth": len(units), **legacy_defaults(), **flatten(rest)}


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return settings by dotted key, groups by name: {"optimizer": "adam", "optimizer.beta1": 0.9}."""
    columns: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            inner = flatten(value, f"{prefix}{key}.")
            if f"{prefix}{key}.name" in inner:
                columns[prefix + key] = inner.pop(f"{prefix}{key}.name")
            columns |= inner
        else:
            columns[prefix + key] = column_value(value)
    return columns


def column_value(value: Any) -> Any:
    """Return a value as a table holds it: a list becomes text."""
    return typed_value(value) if isinstance(value, list | tuple) else value


def same_value(entry: Any, value: Any) -> bool:
    """Return True if an entry of a table of trials stands for this value of a setting.

    In such a table null is NaN, an integer may be a float, and a list is text.
    """
    if value is None:
        # NaN is the only number that differs from itself.
        return entry is None or entry != entry
    if isinstance(value, int | float) and isinstance(entry, int | float):
        return bool(entry == value)
    return str(entry) == str(column_value(value))


def settings_of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, by dotted keys, in a row's columns; also `data.root`, if the row has it.

    Raises SettingError for data from other files than MNIST's without `data.root`: a record does not say
    where files are.
    """
    settings = {
        field.column: _converted(row[field.column], field.kind)
        for field in fields()
        if field.rule.axis and field.column in row and not _missing(row[field.column])
    }
    if settings.get("depth") == 0:
        del settings["hidden"]  # it is 0, which is not a valid number of units
    contents = row.get("data.digest")
    if "data" not in settings and contents != MNIST_DIGEST:
        names = (name for name in DATASETS.registered if contents_digest(DataConfig(name)) == contents)
        settings["data"] = next(names, "idx")
    if settings.get("data") == "idx" and "data.root" not in settings:
        raise SettingError(
            "data.root: the record does not say where its files are;"
            ' sweep.train({**row, "data.root": FOLDER}) does'
        )
    return settings


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or str(value) == "<NA>"


def _converted(value: Any, kind: Any) -> Any:
    """Convert a column's value to the type of its setting.

    Missing values have turned the integers of their column into floats.
    """
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if isinstance(value, str):
        if value.startswith("["):
            return [_number(part) for part in value.strip("[]").split(",")]
        return _number(value) if kind is Any else value
    if bool in kinds:
        return bool(value)
    if int in kinds or (kind is Any and float(value).is_integer()):
        return int(value)
    return float(value)


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() else text
