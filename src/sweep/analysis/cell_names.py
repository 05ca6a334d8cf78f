"""What sentences and figures call a cell: the settings that tell it from the others."""

from collections.abc import Sequence

import pandas as pd

from sweep.formats import setting_value


def name_of(summary: pd.DataFrame, axes: Sequence[str], cell: str) -> str:
    """A cell by the settings that vary: hidden=256, momentum=0.9."""
    row = summary[summary["cell"] == cell].iloc[0]
    return ", ".join(f"{axis}={setting_value(row[axis])}" for axis in axes) or cell


def names_apart(summary: pd.DataFrame, axes: Sequence[str], cell: str, baseline: str) -> tuple[str, str]:
    """Two cells by the settings in which they differ."""
    rows = summary[summary["cell"].isin([cell, baseline])].drop_duplicates("cell")
    differing = [axis for axis in axes if len(set(map(str, rows[axis]))) > 1]
    return name_of(summary, differing, cell), name_of(summary, differing, baseline)
