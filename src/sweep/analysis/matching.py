"""Rows of a table of trials, selected by their settings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from sweep.config.row import same_value
from sweep.errors import TrialsError, nearest


def matching(trials: pd.DataFrame, where: Mapping[str, Sequence[Any]], noun: str = "trial") -> pd.DataFrame:
    """The rows whose setting is among the values given for it, for every setting of `where`.

    `noun` is what a row is called in messages. Raises TrialsError where there is no such column, or no row
    agrees.
    """
    found = trials
    for key, values in where.items():
        if key not in trials:
            raise TrialsError(f"{key}: no such setting of the {noun}s{nearest(key, map(str, trials))}")
        rows = found
        known = {value: any(same_value(value, one) for one in values) for value in rows[key].unique()}
        found = rows[rows[key].map(known).astype(bool)]
        if found.empty and len(rows):
            there = ", ".join(map(str, ordered(rows[key])))
            asked = ",".join(map(str, values))
            raise TrialsError(f"{key}={asked}: no {noun} has it; must be among {_shortened(there)}")
    return found


def named_cell(rows: pd.DataFrame, baseline: str | Mapping[str, Any], noun: str = "trial") -> str:
    """The id of the cell that a baseline names: by that id, or by settings that one cell alone has.

    `rows` are trials or cells, with a column `cell` and one for each setting. Raises TrialsError where no
    cell has these settings, or several have.
    """
    where = baseline if isinstance(baseline, Mapping) else {"cell": baseline}
    found = matching(rows, {str(key): [value] for key, value in where.items()}, noun)["cell"].unique()
    if len(found) > 1:
        raise TrialsError(f"baseline={dict(where)}: {len(found)} cells have these settings; must be one")
    return str(found[0])


def varying(trials: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Those of the `columns` that have more than one value."""
    return [name for name in columns if name in trials and len(set(map(str, trials[name]))) > 1]


def ordered(values: Iterable[Any]) -> list[Any]:
    """Each of some values of a setting once: numbers by size, then texts, then what is missing."""
    unique = {str(value): value for value in values}.values()
    missing = [value for value in unique if value is None or value != value]
    known = [value for value in unique if not (value is None or value != value)]
    return sorted(known, key=lambda value: (isinstance(value, str), value)) + missing


def _shortened(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[:most].rsplit(",", 1)[0] + ", ..."
