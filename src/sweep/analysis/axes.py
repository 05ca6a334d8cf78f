"""The settings in which stored cells differ: those that a table of them shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sweep.analysis.factors import one_to_one
from sweep.analysis.matching import ordered, varying
from sweep.config.effects import needs

# Columns in which cells may differ that are not settings.
_HIDDEN = ("data.digest", "numerics")


def axes_of(rows: pd.DataFrame, settings: Sequence[str]) -> list[str]:
    """Those of the `settings` in which rows differ, except those that only follow another one of them."""
    found = varying(rows, [name for name in settings if name not in _HIDDEN])
    texts = {name: list(map(str, rows[name])) for name in found}
    return [name for name in found if not any(_comes_with(name, other, texts) for other in found)]


def by_axes(rows: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """The rows in the order of their settings."""
    return rows.sort_values(list(axes), key=_places) if axes else rows


def _comes_with(name: str, other: str, texts: Mapping[str, list[str]]) -> bool:
    """Whether a setting needs another one to have an effect, and its values go one to one with that one's."""
    needed = {need.key.removesuffix(".name") for need in needs().get(name, ())}
    return other in needed and one_to_one(texts[name], texts[other])


def _places(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """The place of each value of a setting in their order, to sort by."""
    places = {str(value): place for place, value in enumerate(ordered(column))}
    return column.map(lambda value: places[str(value)])
