"""Settings as columns of a table, such as a row of `sweep.load()`, and back."""

import math
from collections.abc import Mapping
from types import UnionType
from typing import Any, get_args

from sweep.config.axes import flat
from sweep.config.cell import before
from sweep.config.leaves import leaves
from sweep.data.datasets import MNIST_DIGEST, digest
from sweep.data.settings import DATASETS, DataConfig
from sweep.errors import SettingError


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
    return digest(DataConfig(name))


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
