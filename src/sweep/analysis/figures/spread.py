"""Mean and one standard deviation, as figures show them, and the seeds that stop before their line ends."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

Interval = Callable[[pd.Series], tuple[float, float]]


def deviation(least: float = -np.inf, most: float = np.inf) -> Interval:
    """A function for seaborn: one standard deviation (ddof 1) about the mean, cut to possible values."""

    def interval(values: pd.Series) -> tuple[float, float]:
        mean, half = float(values.mean()), float(values.std(ddof=1))
        return max(mean - half, least), min(mean + half, most)

    return interval


def reach(sizes: "pd.Series[float]") -> float:
    """How far an axis goes for these distances: to the largest, but at most four times the median.

    Otherwise a single network that has died would stretch the axis until all others look alike.
    """
    largest, median = float(sizes.max()), float(sizes.median())
    return min(largest, 4 * median) if median else largest


def carried(rows: pd.DataFrame, groups: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """The curves with the last value of a seed that has stopped carried on to the end of its line.

    `rows` has a row for each trial and `epoch`; `groups` are the columns that name a line. Without this, the
    mean would be over fewer and fewer seeds, and jump whenever one stops. The column `stopped` is true in the
    rows that were added.
    """
    trial = ["cell", "seed"]
    rows = rows[[*groups, *trial, "epoch", *measures]].assign(stopped=False)
    last = rows.groupby([*groups, *trial], dropna=False)["epoch"].transform("max")
    end = rows.groupby(list(groups), dropna=False)["epoch"].transform("max")
    pieces = [rows]
    for keys, own in rows[last < end].groupby([*groups, *trial], sort=False, dropna=False):
        line = np.all([rows[group] == key for group, key in zip(groups, keys, strict=False)], axis=0)
        later = sorted(epoch for epoch in rows.loc[line, "epoch"].unique() if epoch > own["epoch"].max())
        kept = own.loc[[own["epoch"].idxmax()] * len(later)]
        pieces.append(kept.assign(epoch=later, stopped=True))
    return pd.concat(pieces, ignore_index=True)


def flattens(values: pd.DataFrame, measure: str, groups: Sequence[str], share: float = 1 / 3) -> bool:
    """Whether the first evaluation lies so far off that the others share less than this part of the axis."""
    means = values.groupby([*groups, "epoch"])[measure].mean().reset_index("epoch")
    later = means[means["epoch"] > means["epoch"].min()]
    if later["epoch"].nunique() < 3:
        return False
    whole, rest = np.ptp(means[measure].dropna()), np.ptp(later[measure].dropna())
    return bool(0 < rest < share * whole)
