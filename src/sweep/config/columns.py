"""Settings as columns of a table, such as a row of `sweep.load()`, and back.

[axes] Which settings differ between the cells of a sweep.

[touched] Which settings of a sweep the user has given, and in which order.
"""

import math
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, get_args

from sweep.config.cell import before
from sweep.config.schema import Config, default, leaves
from sweep.config.tables import GROUPS, stated
from sweep.core.errors import SettingError
from sweep.data.datasets import MNIST_DIGEST, contents_digest
from sweep.data.settings import DATASETS, DataConfig


def swept(configs: Sequence[Config]) -> tuple[list[str], list[dict[str, object]]]:
    """The settings that differ between cells, and each cell's values of them."""
    rows = [settings(config) for config in configs]
    if any(config.depth is not None for config in configs):
        for row, config in zip(rows, configs, strict=True):
            row["depth"] = len(config.hidden_units)
    axes = [key for key in rows[0] if len({str(row[key]) for row in rows}) > 1]
    # A choice of a group is one axis, even if each choice has other values of the group's settings.
    axes = [key for key in axes if key.rpartition(".")[0] not in axes or _varies(key, rows)]
    return axes, [{axis: row[axis] for axis in axes} for row in rows]


def settings(config: Config) -> dict[str, Any]:
    """The settings that cells may differ in, by the names of their columns."""
    return {leaf.column: written(leaf.value(config)) for leaf in leaves() if leaf.rule.axis}


def _varies(key: str, rows: Sequence[dict[str, object]]) -> bool:
    """Whether a group's setting differs between cells with the same choice of the group."""
    group = key.rpartition(".")[0]
    seen: dict[str, set[str]] = {}
    for row in rows:
        seen.setdefault(str(row[group]), set()).add(str(row[key]))
    return any(len(values) > 1 for values in seen.values())


def flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by dotted key, groups by their name: {"optimizer": "adam", "optimizer.beta1": 0.9}."""
    columns: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            inner = flat(value, f"{prefix}{key}.")
            if f"{prefix}{key}.name" in inner:
                columns[prefix + key] = inner.pop(f"{prefix}{key}.name")
            columns |= inner
        else:
            columns[prefix + key] = written(value)
    return columns


def written(value: Any) -> Any:
    """A value as a table holds it: a list as one text."""
    return "[" + ",".join(map(str, value)) + "]" if isinstance(value, list | tuple) else value


def settings_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, by dotted keys, that a row's columns hold; also `data.root`, if the row has it.

    Raises SettingError if the data came from other files than MNIST's: a record does not say where they lie.
    """
    settings = {
        key: _value(row[key], kind) for key, kind in _columns() if key in row and not _missing(row[key])
    }
    if settings.get("depth") == 0:
        del settings["hidden"]  # it is 0, which is no number of units
    found = row.get("data.digest")
    if "data" not in settings and found != MNIST_DIGEST:
        settings["data"] = next((name for name in DATASETS.outside if _digest(name) == found), "idx")
    if settings.get("data") == "idx" and "data.root" not in settings:
        raise SettingError(
            "data.root: the record does not say where its files lie;"
            ' sweep.train({**row, "data.root": FOLDER}) does'
        )
    return settings


def _digest(name: str) -> str:
    """What identifies the contents of a data set of the user's own."""
    return contents_digest(DataConfig(name))


def _columns() -> list[tuple[str, Any]]:
    """The column in `load()` and the type of each setting that tells trials apart."""
    return [(leaf.column, leaf.kind) for leaf in leaves() if leaf.rule.axis]


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or str(value) == "<NA>"


def _value(value: Any, kind: Any) -> Any:
    """A column's value in the setting's type: in a column with missing values, integers became floats."""
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


def columns_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical settings of a cell (see `config.cell`) as columns of a table."""
    rest = dict(settings)
    units = rest.pop("hidden_units")
    # One number where all layers are equally wide, so that it can be an axis.
    hidden = units[0] if len(set(units)) == 1 else str(list(units)).replace(" ", "") if units else 0
    return {"hidden": hidden, "depth": len(units), **before(), **flat(rest)}


def same_value(found: Any, wanted: Any) -> bool:
    """Whether a setting's value in a table of trials is the one that is wanted.

    In such a table null is NaN, an integer may be a float, and a list is a text.
    """
    if wanted is None:
        return found is None or found != found
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return bool(found == wanted)
    if isinstance(wanted, list | tuple):
        wanted = "[" + ",".join(map(str, wanted)) + "]"
    return str(found) == str(wanted)


def in_order(axes: Sequence[str], given: Sequence[str]) -> list[str]:
    """The axes in the order in which the user gave them; settings that only differ with a group come last."""
    return sorted(axes, key=lambda axis: given.index(axis) if axis in given else len(given))


def fixed(configs: Sequence[Config], axes: Sequence[str], given: Sequence[str]) -> dict[str, Any]:
    """The settings that the user touched and that are the same in all cells, in the order given.

    A setting is touched if it was `given` or differs from the default of the options that are chosen. The
    data set always is.
    """
    rows = [settings(config) for config in configs]
    own, usual = rows[0], _usual(configs[0])
    touched = [
        key for key in own if key not in axes and (key == "data" or key in given or own[key] != usual[key])
    ]
    same = [key for key in touched if all(row[key] == own[key] for row in rows)]
    return {key: own[key] for key in in_order(same, given)}


def _usual(config: Config) -> dict[str, Any]:
    """The settings that `config` would have by default, given its own choices of groups."""
    usual = settings(default())
    for group in ("data", *GROUPS):
        inner = stated(group, getattr(config, group).name)
        usual |= {f"{group}.{key}": written(value) for key, value in inner.items() if key != "name"}
    return usual
