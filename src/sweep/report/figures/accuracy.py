"""Accuracy against a setting: each seed, the mean of each cell, its interval, and the cells that differ."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from sweep.core.formats import percent
from sweep.report.figures import layout, style
from sweep.report.figures.layout import FLAT, Scale
from sweep.report.figures.marks import (
    NAMES,
    SHOWN,
    BaselineComparison,
    deviation,
    draw_intervals,
    draw_marks,
    draw_seeds,
    in_percent,
    marks_in_words,
    spread_out,
)
from sweep.stats.contrast import mean_intervals
from sweep.stats.judge import Criteria

_X, _LINE, _FACET = "x: ", "line: ", "facet: "  # columns; no setting has such a name
_SLOT = 0.6  # of the distance between two names: the room for the lines that stand side by side at one


@dataclass(frozen=True)
class _Look:
    """Look that all panels of the figure share."""

    across: Scale
    lines: dict[str, style.Line]
    intervals: pd.DataFrame  # `low` and `high` of each cell's mean in percent
    against: BaselineComparison | None


def draw_accuracy(
    trials: pd.DataFrame,
    axes: Sequence[str],
    *,
    lines: Sequence[str] = (),
    facets: Sequence[str] = (),
    caption: str = "",
    against: BaselineComparison | None = None,
) -> Figure:
    """Draw accuracy against the settings `axes`, which vary together: seeds, mean, interval, and ± std.

    A line for each combination of the settings `lines`, a panel for each of `facets`. `trials` are those of
    `sweep.load` without diverged ones. Cells that differ from the baseline of `against` are hollow.
    Shows the test part, or else the validation or training part. Raises SweepError if no accuracy was
    measured.
    """
    measure, data = in_percent(trials)
    across = Scale.of(data, axes)
    labels = {_LINE: style.values(data, lines), _FACET: style.pairs(data, facets)}
    data = data.assign(**labels, **{_X: across.positions_of(data, axes)})
    marked, criteria = (against.of(measure), against.criteria) if against else (None, Criteria())
    intervals = mean_intervals(data.drop_duplicates(["cell", "seed"]), SHOWN, criteria.level)
    if against and against.sequential:
        intervals[:] = math.nan
    look = _Look(across, style.lines(list(data[_LINE].unique())), intervals, marked)
    titles = list(data[_FACET].unique())
    grid = _grid(len(titles), across, tuple(titles) if facets else ())
    panels = grid.panels()
    for panel, title in zip(panels, titles, strict=True):
        _draw(panel, data[data[_FACET] == title], look)
    _finish(panels, across, grid)
    handles = [line.handle(label, connected=across.numeric) for label, line in look.lines.items()]
    return grid.finish(
        style.settings(axes),
        NAMES[measure],
        handles=handles if lines else [],
        title=style.settings(lines),
        remarks=[*_in_words(data, look, criteria.level), caption],
    )


def _in_words(data: pd.DataFrame, look: _Look, level: float) -> Iterator[str]:
    """Explain the marks, those that are drawn."""
    several = data.groupby("cell")["seed"].nunique().max() > 1
    words = {
        "small dots: single seeds": several,
        f"thick bar: {percent(level)} interval of the mean": look.intervals["low"].notna().any(),
        "thin bar: ±\xa0standard deviation": several,
    }
    yield "; ".join(text for text, drawn in words.items() if drawn)
    if look.against:
        yield marks_in_words(data["cell"], look.against)


def draw_cells(trials: pd.DataFrame, axes: Sequence[str], *, caption: str = "") -> Figure:
    """Draw accuracy against the settings `axes`, a dot for the mean of each cell: for any number of cells."""
    measure, data = in_percent(trials)
    across = Scale.of(data, axes)
    cells = data.assign(**{_X: across.positions_of(data, axes)}).groupby("cell", sort=False)
    grid = _grid(1, across, ())
    (panel,) = grid.panels()
    dots: dict[str, Any] = {
        "markersize": 5,
        "alpha": 0.35,
        "markeredgewidth": 0,
        "color": style.colours(1)[0],
    }
    panel.plot(cells[_X].first(), cells[SHOWN].mean(), "o", **dots)
    _finish([panel], across, grid)
    remarks = ["each dot: the mean of one cell over its seeds", caption]
    return grid.finish(style.settings(axes), NAMES[measure], remarks=remarks)


def _grid(count: int, across: Scale, titles: tuple[str, ...]) -> layout.Grid:
    columns = layout.columns_for(count)
    width = 4.8 if count == 1 else 3.3 if columns <= 3 else 2.4
    height = 3.0 if count == 1 else 0.65 * width
    room = across.room(width)
    return layout.Grid(count, columns, width=width, height=height, share="all", x_ticks=room, titles=titles)


def _draw(panel: Axes, data: pd.DataFrame, look: _Look) -> None:
    """Draw the mean of each cell with a thin bar for the standard deviation, a thick one, and the seeds."""
    labels = [label for label in look.lines if (data[_LINE] == label).any()]
    step = _SLOT / len(labels)
    if not look.across.numeric and len(labels) > 1:
        # Lines at the same name are moved apart a little, so that their bars do not cover each other.
        shifts = {label: step * (position - (len(labels) - 1) / 2) for position, label in enumerate(labels)}
        data = data.assign(**{_X: data[_X] + data[_LINE].map(shifts)})
    sns.lineplot(
        data,
        x=_X,
        y=SHOWN,
        hue=_LINE,
        style=_LINE,
        hue_order=labels,
        style_order=labels,
        palette={label: look.lines[label].colour for label in labels},
        dashes={label: look.lines[label].dashes for label in labels},
        markers={label: look.lines[label].marker for label in labels},
        markersize=6,
        linestyle="-",
        errorbar=deviation(0.0, 100.0),
        err_style="bars",
        err_kws={"capsize": 3, "linewidth": 1.2},
        legend=False,
        ax=panel,
    )
    if not look.across.numeric:
        for line in panel.get_lines():
            line.set_linestyle("none")
    for label in labels:
        _mark(panel, data[data[_LINE] == label], look.lines[label], look, step=step)


def _mark(panel: Axes, rows: pd.DataFrame, line: style.Line, look: _Look, *, step: float) -> None:
    """Draw the intervals, seeds and marks of one line; `step` is its share of the room at a name."""
    cells = rows.groupby("cell", sort=False)
    x = cells[_X].first()
    draw_intervals(panel, x, look.intervals, colour=line.colour)
    # The dot of a cell's only seed would repeat its mean.
    several = rows[cells["seed"].transform("nunique") > 1]
    apart = spread_out(several["seed"])
    if look.across.numeric:
        room = min(0.055, 0.9 * look.across.gap)
        positions = look.across.shifted(several[_X], room * (0.45 + 0.55 * apart))
    else:
        positions = several[_X] + step * (0.2 + 0.3 * apart)
    draw_seeds(panel, positions, several[SHOWN], colour=line.colour)
    if look.against:
        draw_marks(panel, x, cells[SHOWN].mean(), line=line, against=look.against)


def _finish(panels: Sequence[Axes], across: Scale, grid: layout.Grid) -> None:
    """Give all panels the same axes."""
    for panel in panels:
        if across.log:
            panel.set_xscale("log")
            panel.xaxis.set_major_formatter("{x:g}")
    grid.align(panels)
    for panel in panels:
        style.percent_axis(panel)
        if across.labelled:
            panel.set_xticks(across.positions, [layout.folded(label) for label in across.labels])
            panel.xaxis.set_minor_locator(NullLocator())
        if not across.numeric or len(across.positions) == 1:
            panel.set_xlim(min(across.positions) - 0.5, max(across.positions) + 0.5)
        if grid.x_ticks > FLAT:
            panel.tick_params(axis="x", labelrotation=90)
