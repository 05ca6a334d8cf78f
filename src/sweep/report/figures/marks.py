"""Bars for the interval of a mean, and marks for cells that differ from the baseline, with their legend.

[against] The comparison of all cells with a baseline, as figures mark it.

[shown_accuracy] Which accuracy figures show: the test part's, or else the validation or training part's.

[spread] Mean and one standard deviation, as figures show them, and the seeds that stop before their line
ends.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from sweep.core.errors import SweepError
from sweep.report.figures import style
from sweep.stats.judge import Criteria, Verdict


@dataclass(frozen=True)
class BaselineComparison:
    """The cells of a sweep against one of them, the baseline.

    `table` is that of `sweep.compare`, judged by `criteria`; it may be empty. `baseline` is what a reader
    calls the baseline: "the best on validation, hidden=256".
    """

    table: pd.DataFrame
    baseline: str
    criteria: Criteria = Criteria()

    @property
    def cell(self) -> str | None:
        """The id of the baseline; None where nothing was compared."""
        return None if self.table.empty else str(self.table["baseline"].iloc[0])

    @property
    def different(self) -> frozenset[str]:
        """The cells that are better or worse than the baseline."""
        return self._with(Verdict.BETTER, Verdict.WORSE)

    @property
    def alike(self) -> frozenset[str]:
        """The cells that cannot be told from the baseline: equivalent to it, or undecided."""
        return self._with(Verdict.EQUIVALENT, Verdict.UNDECIDED)

    def of(self, metric: str) -> "BaselineComparison | None":
        """This comparison if it is one of `metric` and has any verdicts, else None."""
        return self if metric == self.criteria.metric and self.different | self.alike else None

    @property
    def looked(self) -> bool:
        """Whether this is a sweep with `decide`: only differences have valid intervals then, means do not."""
        return "decided_after" in self.table

    def _with(self, *verdicts: Verdict) -> frozenset[str]:
        if self.table.empty:
            return frozenset()
        judged = self.table[self.table["low"].notna() & self.table["verdict"].isin(verdicts)]
        return frozenset(judged["cell"])


def draw_intervals(
    panel: Axes, at: "pd.Series[float]", intervals: pd.DataFrame, colour: style.Colour
) -> None:
    """A thick bar from `low` to `high` of each cell's interval, in percent; both have cells as index."""
    known = intervals.reindex(at.index).dropna()
    bars = [
        [(at[cell], max(low, 0.0)), (at[cell], min(high, 100.0))]
        for cell, low, high in zip(known.index, known["low"], known["high"], strict=True)
    ]
    panel.add_collection(
        LineCollection(bars, linewidths=5, colors=[colour], alpha=0.35, zorder=1.5, capstyle="butt")
    )
    panel.autoscale_view()


def draw_marks(
    panel: Axes,
    at: "pd.Series[float]",
    percent: "pd.Series[float]",
    line: style.Line,
    against: BaselineComparison,
) -> None:
    """Hollow markers over those of cells that differ from the baseline, and a ring about the baseline.

    `at` and `percent`, place and mean of each cell, have the cells' ids as index.
    """
    hollow = at.index.isin(against.different)
    panel.plot(
        at[hollow],
        percent[hollow],
        linestyle="none",
        marker=line.marker,
        markersize=6,
        markerfacecolor="white",
        markeredgecolor=line.colour,
        markeredgewidth=1.4,
    )
    best = at.index == against.cell
    panel.plot(at[best], percent[best], "o", markersize=13, markerfacecolor="none", markeredgecolor="0.15")


def marks_in_words(cells: "pd.Series[str]", against: BaselineComparison) -> str:
    """What the marks mean, as far as these cells have them."""
    drawn = frozenset(cells)
    words = {
        f"ring: {against.baseline}": drawn & {against.cell},
        "filled: not distinguishable from it": drawn & against.alike,
        "hollow: differs from it": drawn & against.different,
    }
    return "; ".join(text for text, marked in words.items() if marked)


SHOWN = "shown: "  # a column; no setting has such a name
NAMES = {
    "test_accuracy": "test accuracy (%)",
    "validation_accuracy": "validation accuracy (%)",
    "train_accuracy": "training accuracy (%)",
}


def in_percent(trials: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The accuracy that is shown, and the trials that have it, with a column `SHOWN` of it in percent.

    Raises SweepError when no accuracy was measured.
    """
    for measure in NAMES:
        if measure in trials and trials[measure].notna().any():
            data = trials[trials[measure].notna()]
            return measure, data.assign(**{SHOWN: 100 * data[measure].astype(float)})
    raise SweepError("no accuracy was measured")


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
