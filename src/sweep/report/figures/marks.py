"""Marks of accuracy figures: seeds, intervals of means, and cells that differ from the baseline."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from sweep.core.errors import SweepError
from sweep.report.figures import style
from sweep.stats.judge import Criteria, Verdict

SHOWN = "shown: "  # a column; no setting has such a name
NAMES = {
    "test_accuracy": "test accuracy (%)",
    "validation_accuracy": "validation accuracy (%)",
    "train_accuracy": "training accuracy (%)",
}
_GOLDEN = 0.5 * (5**0.5 - 1)


@dataclass(frozen=True)
class BaselineComparison:
    """Comparison of the cells of a sweep with one of them, the baseline.

    `table` is that of `sweep.compare`, judged by `criteria`; it may be empty. `baseline` is what readers
    call the baseline, "the best on validation, hidden=256", and `role` what they call it beside its name.
    """

    table: pd.DataFrame
    baseline: str
    criteria: Criteria = Criteria()
    role: str = field(default="baseline", kw_only=True)

    @property
    def cell(self) -> str | None:
        """Return the id of the baseline, or None if nothing was compared."""
        return None if self.table.empty else str(self.table["baseline"].iloc[0])

    @property
    def different(self) -> frozenset[str]:
        """Return the cells that are better or worse than the baseline."""
        return self._with(Verdict.BETTER, Verdict.WORSE)

    @property
    def alike(self) -> frozenset[str]:
        """Return the cells that are equivalent to the baseline or undecided."""
        return self._with(Verdict.EQUIVALENT, Verdict.UNDECIDED)

    @property
    def sequential(self) -> bool:
        """Return True for a sweep with `decide`: its differences have valid intervals, its means have not."""
        return "decided_after" in self.table

    def of(self, metric: str) -> "BaselineComparison | None":
        """Return this comparison if it is one of `metric` and has any verdicts, else None."""
        return self if metric == self.criteria.metric and self.different | self.alike else None

    def _with(self, *verdicts: Verdict) -> frozenset[str]:
        if self.table.empty:
            return frozenset()
        judged = self.table[self.table["low"].notna() & self.table["verdict"].isin(verdicts)]
        return frozenset(judged["cell"])


def in_percent(trials: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Return the accuracy to show, and the trials that have it with a column `SHOWN` of it in percent.

    It is the test part's, or else the validation or training part's. Raises SweepError if no accuracy was
    measured.
    """
    for measure in NAMES:
        if measure in trials and trials[measure].notna().any():
            data = trials[trials[measure].notna()]
            return measure, data.assign(**{SHOWN: 100 * data[measure].astype(float)})
    raise SweepError("no accuracy was measured")


def spread_out(seeds: "pd.Series[int]") -> "pd.Series[float]":
    """Return a number from 0 to 1 for each seed index, to set its dot apart from those of other seeds.

    Multiples of the golden ratio fill the range evenly for any number of seeds. A seed gets the same number
    in every cell, so its dots can be compared across cells.
    """
    return (seeds.astype(float) + 1) * _GOLDEN % 1


def draw_seeds(
    panel: Axes, x: "pd.Series[float]", y: "pd.Series[float]", *, colour: style.Colour, size: float = 3.5
) -> None:
    """Draw a small translucent dot for each seed."""
    look: dict[str, Any] = {"markersize": size, "alpha": 0.45, "markeredgewidth": 0, "zorder": 1.8}
    panel.plot(x, y, "o", color=colour, **look)


def draw_intervals(
    panel: Axes, x: "pd.Series[float]", intervals: pd.DataFrame, *, colour: style.Colour
) -> None:
    """Draw a thick bar from `low` to `high` of each cell's interval, in percent.

    `x`, the position of each cell, and `intervals` have the cells' ids as index.
    """
    drawable = intervals.reindex(x.index).dropna()
    bars = [
        [(x[cell], max(low, 0.0)), (x[cell], min(high, 100.0))]
        for cell, low, high in zip(drawable.index, drawable["low"], drawable["high"], strict=True)
    ]
    panel.add_collection(
        LineCollection(bars, linewidths=5, colors=[colour], alpha=0.35, zorder=1.5, capstyle="butt")
    )
    panel.autoscale_view()


def draw_marks(
    panel: Axes,
    x: "pd.Series[float]",
    means: "pd.Series[float]",
    *,
    line: style.Line,
    against: BaselineComparison,
) -> None:
    """Draw hollow markers for cells that differ from the baseline, and a ring around the baseline.

    `x` and `means` (percent) have the cells' ids as index.
    """
    hollow = x.index.isin(against.different)
    panel.plot(
        x[hollow],
        means[hollow],
        linestyle="none",
        marker=line.marker,
        markersize=6,
        markerfacecolor="white",
        markeredgecolor=line.colour,
        markeredgewidth=1.4,
    )
    ringed = x.index == against.cell
    panel.plot(x[ringed], means[ringed], "o", markersize=13, markerfacecolor="none", markeredgecolor="0.15")


def marks_in_words(cells: "pd.Series[str]", against: BaselineComparison) -> str:
    """Explain the marks that these cells have."""
    drawn = frozenset(cells)
    words = {
        f"ring: {against.baseline}": drawn & {against.cell},
        "filled: not clearly different from it": drawn & against.alike,
        "hollow: clearly different from it": drawn & against.different,
    }
    return "; ".join(text for text, marked in words.items() if marked)


Interval = Callable[[pd.Series], tuple[float, float]]


def deviation(least: float = -np.inf, most: float = np.inf) -> Interval:
    """Return a function for seaborn: mean ± one standard deviation (ddof 1), cut to possible values."""

    def interval(values: pd.Series) -> tuple[float, float]:
        mean, half = float(values.mean()), float(values.std(ddof=1))
        return max(mean - half, least), min(mean + half, most)

    return interval


def reach(distances: "pd.Series[float]", *, most: float = 4.0) -> float:
    """Return how far an axis goes: to the largest distance, but at most `most` times the median.

    Otherwise a single dead network would stretch the axis until all others look alike.
    """
    largest, median = float(distances.max()), float(distances.median())
    return min(largest, most * median) if median else largest
