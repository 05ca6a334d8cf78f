"""Accuracy against a setting: the mean of each cell with its standard deviation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from sweep.analysis.figures import layout, names, style
from sweep.analysis.figures.spread import deviation
from sweep.errors import SweepError

FLAT = 0.2  # inches, of labels that lie
MOST_TICKS = 12
NARROWEST = 0.06  # of the axis, between two ticks
_AT, _LINE, _FACET, _SHOWN = "at: ", "line: ", "facet: ", "shown: "  # columns that settings cannot be called
# What is shown: the first that was measured.
_MEASURES = {
    "test_accuracy": "test accuracy (%)",
    "validation_accuracy": "validation accuracy (%)",
    "train_accuracy": "training accuracy (%)",
}


@dataclass(frozen=True)
class Scale:
    """Where the values of a setting stand on the horizontal axis."""

    labels: list[str]
    places: list[float]
    log: bool = False
    numeric: bool = False  # numbers are joined by lines, names are not

    @property
    def labelled(self) -> bool:
        """Whether every value has a label; of many numbers only round ones do."""
        return not self.numeric or len(self.labels) <= MOST_TICKS

    def room(self, width: float) -> float:
        """Inches that the labels need below an axis of `width`: more where they must stand upright."""
        if not self.labelled:
            return FLAT
        longest = max(layout.width_of(layout.folded(label), style.TICK) for label in self.labels)
        return FLAT if (longest + 0.1) * len(self.labels) < width else longest + 0.12

    def places_of(self, rows: pd.DataFrame, axes: Sequence[str]) -> list[float]:
        """Where each row stands."""
        places = dict(zip(self.labels, self.places, strict=True))
        return [places[label] for label in names.values(rows, axes)]


def scale(rows: pd.DataFrame, axes: Sequence[str]) -> Scale:
    """Numbers to scale, on a logarithmic axis where they would crowd; names, and the rest, evenly spaced."""
    labels = names.values(rows, axes)
    if len(axes) > 1 or not all(map(_is_number, rows[axes[0]])):
        labels = list(dict.fromkeys(labels))
        return Scale(labels, [float(place) for place in range(len(labels))])
    numbers = dict(zip(rows[axes[0]], labels, strict=True))
    labels, values = [numbers[number] for number in sorted(numbers)], sorted(map(float, numbers))
    many = len(values) > MOST_TICKS
    if many or _apart(values):
        return Scale(labels, values, log=many and _wide(values), numeric=True)
    if values[0] > 0 and _apart(list(np.log(values))):
        return Scale(labels, values, log=True, numeric=True)
    return Scale(labels, [float(place) for place in range(len(labels))], numeric=True)


def draw_accuracy(
    trials: pd.DataFrame,
    axes: Sequence[str],
    lines: Sequence[str] = (),
    facets: Sequence[str] = (),
    caption: str = "",
) -> Figure:
    """Accuracy against the settings `axes`, which vary together: mean ± std over seeds.

    A line for each combination of the settings `lines`, a panel for each of `facets`. `trials` are those of
    `records.load` without diverged ones. Shows the test part, or else the validation or training part.
    Raises SweepError when no accuracy was measured.
    """
    name, data = _measured(trials)
    across = scale(data, axes)
    labels = {_LINE: names.values(data, lines), _FACET: names.pairs(data, facets)}
    data = data.assign(**labels, **{_AT: across.places_of(data, axes)})
    looks = style.lines(list(data[_LINE].unique()))
    faceted = list(data[_FACET].unique())
    grid = _grid(len(faceted), across, tuple(faceted) if facets else ())
    panels = grid.panels()
    for panel, facet in zip(panels, faceted, strict=True):
        _draw(panel, data[data[_FACET] == facet], across, looks)
    _finish(panels, across, grid)
    handles = [look.handle(label, across.numeric) for label, look in looks.items()] if lines else []
    return grid.finish(names.settings(axes), name, handles, names.settings(lines), [caption])


def draw_cells(trials: pd.DataFrame, axes: Sequence[str], caption: str = "") -> Figure:
    """Accuracy against the settings `axes`, a dot for the mean of each cell: for any number of cells."""
    name, data = _measured(trials)
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
    panel.plot(cells[_AT].first(), cells[_SHOWN].mean(), "o", **dots)
    _finish([panel], across, grid)
    return grid.finish(
        names.settings(axes), name, [], "", ["a dot is the mean of one cell over its seeds", caption]
    )


def _measured(trials: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The name of what is shown, and the trials where it was measured, in percent."""
    for measure, name in _MEASURES.items():
        if measure in trials and trials[measure].notna().any():
            data = trials[trials[measure].notna()]
            return name, data.assign(**{_SHOWN: 100 * data[measure].astype(float)})
    raise SweepError("no accuracy was measured")


def _grid(count: int, across: Scale, titles: tuple[str, ...]) -> layout.Grid:
    columns = layout.columns_for(count)
    width = 4.8 if count == 1 else 3.3 if columns <= 3 else 2.4
    height = 3.0 if count == 1 else 0.65 * width
    return layout.Grid(count, columns, width, height, "all", across.room(width), titles)


def _draw(panel: Axes, data: pd.DataFrame, across: Scale, looks: dict[str, style.Line]) -> None:
    """The mean of each cell, with a bar for the standard deviation."""
    own = [label for label in looks if (data[_LINE] == label).any()]
    if not across.numeric and len(own) > 1:
        # Names stand side by side, so that bars do not cover each other.
        step = 0.6 / len(own)
        beside = {label: step * (position - (len(own) - 1) / 2) for position, label in enumerate(own)}
        data = data.assign(**{_AT: data[_AT] + data[_LINE].map(beside)})
    sns.lineplot(
        data,
        x=_AT,
        y=_SHOWN,
        hue=_LINE,
        style=_LINE,
        hue_order=own,
        style_order=own,
        palette={label: looks[label].colour for label in own},
        dashes={label: looks[label].dashes for label in own},
        markers={label: looks[label].marker for label in own},
        markersize=6,
        linestyle="-",
        errorbar=deviation(0.0, 100.0),
        err_style="bars",
        err_kws={"capsize": 3, "linewidth": 1.2},
        legend=False,
        ax=panel,
    )
    if not across.numeric:
        for line in panel.get_lines():
            line.set_linestyle("none")


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


def _is_number(found: object) -> bool:
    return isinstance(found, int | float | np.number) and not isinstance(found, bool) and found == found


def _apart(values: Sequence[float]) -> bool:
    """Whether labels at these places, in ascending order, would not touch each other."""
    gaps = np.diff(values)
    return not len(gaps) or bool(gaps.min() >= NARROWEST * (values[-1] - values[0]))


def _wide(values: Sequence[float]) -> bool:
    return values[0] > 0 and values[-1] / values[0] >= 50
