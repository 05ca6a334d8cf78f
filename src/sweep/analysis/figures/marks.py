"""Bars for the interval of a mean, and marks for cells that differ from the baseline, with their legend."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from sweep.analysis.figures import style
from sweep.analysis.figures.against import Against


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
    against: Against,
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


def marks_in_words(cells: "pd.Series[str]", against: Against) -> str:
    """What the marks mean, as far as these cells have them."""
    drawn = frozenset(cells)
    words = {
        f"ring: {against.baseline}": drawn & {against.cell},
        "filled: not distinguishable from it": drawn & against.alike,
        "hollow: differs from it": drawn & against.different,
    }
    return "; ".join(text for text, marked in words.items() if marked)
