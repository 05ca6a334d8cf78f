"""Panels, legend and remarks of a figure, placed in inches.

matplotlib's automatic layouts draw every figure twice, to measure it. Here only the legend is measured.

[scale] Where the values of a setting stand along an axis: numbers to scale, names side by side.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath

from sweep.report.figures import style

TICKS = 0.62  # inches, of a vertical axis's labels, where those are numbers
NAME = 0.2  # of an axis's name, or of a line of text
EDGE = 0.12
LETTER = 0.066  # the mean width of a letter of a remark
LONGEST_LABEL = 36  # letters of a line in a legend


@dataclass(frozen=True)
class Grid:
    """Panels of equal size in rows, `columns` of them, and what stands around them.

    `share` says which panels have one vertical axis: "all", or "col", those of a column. Sizes are inches.
    """

    count: int
    columns: int
    width: float
    height: float
    share: Literal["all", "col"] = "col"
    x_ticks: float = 0.2  # room for the labels of the horizontal axis
    titles: tuple[str, ...] = ()
    y_ticks: float = TICKS  # room for the labels of the vertical axis
    heading: str = ""  # what stands above those labels
    beside: float = 0.0  # room to the right of the panels
    figure: Figure = field(default_factory=Figure, init=False)

    @property
    def rows(self) -> int:
        """How many rows of panels there are."""
        return -(-self.count // self.columns)

    def panels(self) -> list[Axes]:
        """The panels, row by row; to be called once."""
        axes = self.figure.subplots(self.rows, self.columns, squeeze=False)
        for position, panel in enumerate(axes.flat):
            if position >= self.count:
                panel.remove()
                continue
            lowest = position + self.columns >= self.count
            panel.tick_params(
                labelbottom=lowest, labelleft=self.share == "col" or not position % self.columns
            )
            if self.titles:
                panel.set_title(self._wrapped(self.titles[position]))
            if self.heading and not position % self.columns:
                self._head(panel)
        return list(axes.flat[: self.count])

    def align(self, panels: Sequence[Axes]) -> None:
        """Give the panels the same horizontal axis, and those that `share` names the same vertical axis.

        Once all is drawn: matplotlib's shared axes scale all panels again with each line of any of them.
        """
        drawn = [panel for panel in panels if panel.has_data()]
        across = np.array([panel.get_xlim() for panel in drawn])
        for panel in panels:
            panel.set_xlim(across[:, 0].min(), across[:, 1].max())
        step = 1 if self.share == "all" else self.columns
        for first in range(step):
            own = panels[first::step]
            up = np.array([panel.get_ylim() for panel in own if panel in drawn])
            for panel in own if len(up) else ():
                panel.set_ylim(up[:, 0].min(), up[:, 1].max())

    def finish(
        self, x_name: str, y_name: str, handles: Sequence[Line2D], title: str, remarks: Sequence[str]
    ) -> Figure:
        """Name the axes, set the legend to the right and the remarks below, and place everything."""
        panels = self.figure.axes
        self._name_axes(panels, x_name, y_name)
        legend = self._legend(handles, title) if handles else None
        legend_width, legend_height = self._extent(legend) if legend else (0.0, 0.0)
        across = TICKS if self.share == "col" else 0.15
        left, right = self.y_ticks + NAME, self.beside + legend_width + (0.25 if legend else 0.1)
        inside = self.columns * self.width + (self.columns - 1) * across
        width = left + inside + right
        letters = int((width - 0.2) / LETTER)
        text = "\n".join(line for remark in remarks for line in textwrap.wrap(remark, letters))
        below = (text.count("\n") + 1) * 0.16 + 0.08 if text else 0.0
        head = self._room_above(panels)
        foot = self.x_ticks + NAME + 0.15
        # Where the last row is not full, the panels above its empty places need room for their labels.
        ragged = self.x_ticks + NAME if self.count % self.columns and self.rows > 1 else 0.0
        between = head + 0.15
        tall = self.rows * self.height + (self.rows - 1) * between + ragged
        height = max(head + EDGE + tall + foot, legend_height + 2 * EDGE) + below
        self.figure.set_size_inches(width, height)
        for position, panel in enumerate(panels):
            row, column = divmod(position, self.columns)
            x = left + column * (self.width + across)
            y = height - EDGE - head - self.height - row * (self.height + between)
            y -= ragged if row and row == self.rows - 1 else 0.0
            panel.set_position((x / width, y / height, self.width / width, self.height / height))
        if legend:
            fits = legend_height <= height - below - head - 2 * EDGE
            top = height - EDGE - (head if fits else 0.0)
            # With the transform named: without it, a file that is cut to its content would move the legend.
            legend.set_bbox_to_anchor(((left + inside + 0.12) / width, top / height), self.figure.transFigure)
        if text:
            self.figure.text(
                EDGE / width, EDGE / 2 / height, text, fontsize=style.SMALL, color=style.GREY, va="bottom"
            )
        return self.figure

    def _name_axes(self, panels: Sequence[Axes], x_name: str, y_name: str) -> None:
        """Name the horizontal axis below the lowest panels, the vertical one beside the leftmost."""
        for position, panel in enumerate(panels):
            panel.set(
                xlabel=x_name if position + self.columns >= self.count else "",
                ylabel="" if position % self.columns else y_name,
            )

    def _room_above(self, panels: Sequence[Axes]) -> float:
        """Inches for titles and heading above a row of panels."""
        if not (self.titles or self.heading):
            return 0.0
        above = [folded(self.heading), *(panel.title.get_text() for panel in panels)]
        return 0.17 * max(text.count("\n") + 1 for text in above) + 0.12

    def _head(self, panel: Axes) -> None:
        panel.annotate(
            folded(self.heading),
            (0, 1),
            (-4, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=style.TICK,
        )

    def _legend(self, handles: Sequence[Line2D], title: str) -> Legend:
        for handle in handles:
            handle.set_label(folded(str(handle.get_label())))
        legend = self.figure.legend(
            handles=handles,
            title=folded(title),
            loc="upper left",
            borderaxespad=0,
            borderpad=0,
            handlelength=3,
        )
        legend.set_alignment("left")
        return legend

    def _extent(self, legend: Legend) -> tuple[float, float]:
        FigureCanvasAgg(self.figure)  # so that letters are measured as they will be drawn
        box = legend.get_window_extent()
        return box.width / self.figure.dpi, box.height / self.figure.dpi

    def _wrapped(self, title: str) -> str:
        letters = self.width * len(title) / (width_of(title, style.TITLE) or 1.0)
        return "\n".join(textwrap.wrap(title, max(1, int(0.95 * letters))))


def folded(label: str) -> str:
    """A long label broken into several lines; a space at its beginning is kept."""
    lines = textwrap.wrap(label, LONGEST_LABEL, drop_whitespace=False) or [label]
    return "\n".join(line if not position else line.strip() for position, line in enumerate(lines))


def width_of(label: str, points: float) -> float:
    """Inches across of a label, its longest line, in letters of this size."""
    drawn = [TextPath((0, 0), line, size=points) for line in label.split("\n") if line.strip()]
    return max((float(path.get_extents().width) for path in drawn), default=0.0) / 72


def room_beside(labels: Sequence[str]) -> float:
    """Inches that labels need to the left of a panel; letters are drawn a little wider than measured."""
    return 1.03 * max(width_of(label, style.TICK) for label in labels) + 0.1


def columns_for(count: int) -> int:
    """How many columns show `count` small panels best."""
    return count if count <= 3 else min(6, int(np.ceil(np.sqrt(count))))


FLAT = 0.2  # inches that horizontal labels need below an axis
MOST_TICKS = 12
NARROWEST = 0.06  # least distance of two ticks, as a fraction of the axis


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
        longest = max(width_of(folded(label), style.TICK) for label in self.labels)
        return FLAT if (longest + 0.1) * len(self.labels) < width else longest + 0.12

    def places_of(self, rows: pd.DataFrame, axes: Sequence[str]) -> list[float]:
        """Where each row stands."""
        places = dict(zip(self.labels, self.places, strict=True))
        return [places[label] for label in style.values(rows, axes)]


def scale(rows: pd.DataFrame, axes: Sequence[str]) -> Scale:
    """Numbers to scale, on a logarithmic axis where they would crowd; names, and the rest, evenly spaced."""
    labels = style.values(rows, axes)
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


def _is_number(found: object) -> bool:
    return isinstance(found, int | float | np.number) and not isinstance(found, bool) and found == found


def _apart(values: Sequence[float]) -> bool:
    """Whether labels at these places, in ascending order, would not touch each other."""
    gaps = np.diff(values)
    return not len(gaps) or bool(gaps.min() >= NARROWEST * (values[-1] - values[0]))


def _wide(values: Sequence[float]) -> bool:
    return values[0] > 0 and values[-1] / values[0] >= 50
