"""Accuracy against a setting: the mean of each cell, how sure it is, and which cells differ from the best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from sweep.core.formats import percent
from sweep.report.figures import layout, style
from sweep.report.figures.layout import FLAT, Scale, scale
from sweep.report.figures.marks import (
    NAMES,
    SHOWN,
    BaselineComparison,
    deviation,
    draw_intervals,
    draw_marks,
    in_percent,
    marks_in_words,
)
from sweep.stats.contrast import mean_intervals
from sweep.stats.judge import Criteria

_AT, _LINE, _FACET = "at: ", "line: ", "facet: "  # columns; no setting has such a name


@dataclass(frozen=True)
class _Look:
    """What all panels of the figure share."""

    across: Scale
    lines: dict[str, style.Line]
    intervals: pd.DataFrame  # `low` and `high` of each cell's mean in percent
    against: BaselineComparison | None


def draw_accuracy(
    trials: pd.DataFrame,
    axes: Sequence[str],
    lines: Sequence[str] = (),
    facets: Sequence[str] = (),
    caption: str = "",
    against: BaselineComparison | None = None,
) -> Figure:
    """Accuracy against the settings `axes`, which vary together: mean, its interval, and ± std over seeds.

    A line for each combination of the settings `lines`, a panel for each of `facets`. `trials` are those of
    `sweep.load` without diverged ones. Cells that differ from the baseline of `against` are hollow.
    Shows the test part, or else the validation or training part. Raises SweepError when no accuracy was
    measured.
    """
    measure, data = in_percent(trials)
    across = scale(data, axes)
    labels = {_LINE: style.values(data, lines), _FACET: style.pairs(data, facets)}
    data = data.assign(**labels, **{_AT: across.places_of(data, axes)})
    marked, criteria = (against.of(measure), against.criteria) if against else (None, Criteria())
    intervals = mean_intervals(data.drop_duplicates(["cell", "seed"]), SHOWN, criteria.level)
    if against and against.looked:
        intervals[:] = math.nan
    look = _Look(across, style.lines(list(data[_LINE].unique())), intervals, marked)
    faceted = list(data[_FACET].unique())
    grid = _grid(len(faceted), across, tuple(faceted) if facets else ())
    panels = grid.panels()
    for panel, facet in zip(panels, faceted, strict=True):
        _draw(panel, data[data[_FACET] == facet], look)
    _finish(panels, across, grid)
    handles = [line.handle(label, across.numeric) for label, line in look.lines.items()] if lines else []
    words = marks_in_words(data["cell"], marked) if marked else ""
    known = f"thick bar: {percent(criteria.level)} interval of the mean; thin bar: ± standard deviation"
    remarks = [words, known if intervals["low"].notna().any() else "", caption]
    return grid.finish(style.settings(axes), NAMES[measure], handles, style.settings(lines), remarks)


def draw_cells(trials: pd.DataFrame, axes: Sequence[str], caption: str = "") -> Figure:
    """Accuracy against the settings `axes`, a dot for the mean of each cell: for any number of cells."""
    measure, data = in_percent(trials)
    across = scale(data, axes)
    cells = data.assign(**{_AT: across.places_of(data, axes)}).groupby("cell", sort=False)
    grid = _grid(1, across, ())
    (panel,) = grid.panels()
    dots: dict[str, Any] = {
        "markersize": 5,
        "alpha": 0.35,
        "markeredgewidth": 0,
        "color": style.colours(1)[0],
    }
    panel.plot(cells[_AT].first(), cells[SHOWN].mean(), "o", **dots)
    _finish([panel], across, grid)
    remarks = ["a dot is the mean of one cell over its seeds", caption]
    return grid.finish(style.settings(axes), NAMES[measure], [], "", remarks)


def _grid(count: int, across: Scale, titles: tuple[str, ...]) -> layout.Grid:
    columns = layout.columns_for(count)
    width = 4.8 if count == 1 else 3.3 if columns <= 3 else 2.4
    height = 3.0 if count == 1 else 0.65 * width
    return layout.Grid(count, columns, width, height, "all", across.room(width), titles)


def _draw(panel: Axes, data: pd.DataFrame, look: _Look) -> None:
    """The mean of each cell, with a thin bar for the standard deviation and a thick one for the interval."""
    own = [label for label in look.lines if (data[_LINE] == label).any()]
    if not look.across.numeric and len(own) > 1:
        # Of several lines at one name, each is moved a little, so that their bars do not cover each other.
        step = 0.6 / len(own)
        beside = {label: step * (position - (len(own) - 1) / 2) for position, label in enumerate(own)}
        data = data.assign(**{_AT: data[_AT] + data[_LINE].map(beside)})
    sns.lineplot(
        data,
        x=_AT,
        y=SHOWN,
        hue=_LINE,
        style=_LINE,
        hue_order=own,
        style_order=own,
        palette={label: look.lines[label].colour for label in own},
        dashes={label: look.lines[label].dashes for label in own},
        markers={label: look.lines[label].marker for label in own},
        markersize=6,
        linestyle="-",
        errorbar=deviation(0.0, 100.0),
        err_style="bars",
        err_kws={"capsize": 3, "linewidth": 1.2},
        legend=False,
        ax=panel,
    )
    if not look.across.numeric:
        for drawn in panel.get_lines():
            drawn.set_linestyle("none")
    for label in own:
        cells, line = data[data[_LINE] == label].groupby("cell", sort=False), look.lines[label]
        at = cells[_AT].first()
        draw_intervals(panel, at, look.intervals, line.colour)
        if look.against:
            draw_marks(panel, at, cells[SHOWN].mean(), line, look.against)


def _finish(panels: Sequence[Axes], across: Scale, grid: layout.Grid) -> None:
    """The same axes for all panels."""
    for panel in panels:
        if across.log:
            panel.set_xscale("log")
            panel.xaxis.set_major_formatter("{x:g}")
    grid.align(panels)
    for panel in panels:
        style.percent_axis(panel)
        if across.labelled:
            panel.set_xticks(across.places, [layout.folded(label) for label in across.labels])
            panel.xaxis.set_minor_locator(NullLocator())
        if not across.numeric:
            panel.set_xlim(min(across.places) - 0.5, max(across.places) + 0.5)
        if grid.x_ticks > FLAT:
            panel.tick_params(axis="x", labelrotation=90)
