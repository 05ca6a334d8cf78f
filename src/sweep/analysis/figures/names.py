"""What settings and their values are called in figures."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

# Names of settings whose key, with spaces for underscores, would not be understood.
_NAMES = {
    "hidden": "hidden units",
    "depth": "hidden layers",
    "regularization": "penalty",
    "regularization.strength": "strength of the penalty",
    "initializer_std": "standard deviation of the initial weights",
    "early_stopping.patience": "patience",
    "early_stopping.monitor": "monitored",
    "data.train_size": "training examples",
    "data.validation_size": "validation examples",
    "data.test_size": "test examples",
}
SEPARATOR = ", "


def setting(key: str) -> str:
    """The name of a setting: `learning rate` for learning_rate."""
    return _NAMES.get(key, key.replace(".", " ").replace("_", " "))


def settings(keys: Sequence[str]) -> str:
    """The names of several settings."""
    return SEPARATOR.join(map(setting, keys))


def value(found: Any, digits: int = 6) -> str:
    """A setting's value as a legend writes it, unlike `formats.setting_value` never the same for two values.

    A number has at most `digits` digits, but all of its digits where `digits` is 6 and they are not enough.
    """
    if found is None or found is pd.NA or (isinstance(found, float) and found != found):
        return "null"
    if hasattr(found, "item"):  # of NumPy
        found = found.item()
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, float):
        short = f"{found:.{digits}g}"
        return short if digits < 6 or float(short) == found else repr(found)
    text = str(found)
    # Names of functions, such as binary_cross_entropy, but not paths.
    return text.replace("_", " ").strip() if text.isidentifier() else text


def column(found: "pd.Series[Any]") -> list[str]:
    """The values of one setting, with three digits where these are enough to tell its values apart."""
    exact, short = [value(each) for each in found], [value(each, 3) for each in found]
    return short if len(set(short)) == len(set(exact)) else exact


def values(rows: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """The values of several settings in each row, as they name a line in a legend."""
    return _joined([column(rows[key]) for key in keys], len(rows))


def pairs(rows: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """The settings with their values in each row, as they stand above a panel."""
    # With spaces that do not break, so that a name and its value stay in one line.
    columns = [[f"{setting(key)} {text}".replace(" ", "\xa0") for text in column(rows[key])] for key in keys]
    return _joined(columns, len(rows))


def _joined(columns: list[list[str]], count: int) -> list[str]:
    return [SEPARATOR.join(row) for row in zip(*columns, strict=True)] if columns else [""] * count
