"""Places in a figure: panels, legend and remarks in inches, and the values of a setting along an axis.

matplotlib's constrained layout would cost 2.3 to 3.3 s more for eleven figures, as it draws each figure again
to measure it, and it shrinks panels to fit long labels into a figure of fixed size. Here panels keep their
size, the figure grows, and only the legend is measured.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path

from sweep.report.figures import style

TICKS = 0.62  # inches, of a vertical axis's labels, if those are numbers
NAME = 0.2  # of an axis's name, or of a line of text
EDGE = 0.12
FLAT = 0.2  # that horizontal labels need below an axis
_LETTER = 0.066  # the mean width of a letter of a remark
LONGEST_LABEL = 36  # letters of a line in a legend
MOST_TICKS = 12
NARROWEST = 0.06  # least distance of two ticks, as a fraction of the axis


@dataclass(frozen=True)
class Grid:
    """Panels of equal size in rows, `columns` of them, and the room around them.

    `share` says which panels have one vertical axis: "all", or "col", those of a column. Sizes are inches.
    """

    count: int
    columns: int
    _: KW_ONLY
    width: float
    height: float
    share: Literal["all", "col"] = "col"
    x_ticks: float = FLAT  # room for the labels of the horizontal axis
    titles: tuple[str, ...] = ()
    y_ticks: float = TICKS  # room for the labels of the vertical axis
    heading: str = ""  # above those labels
    beside: float = 0.0  # room to the right of the panels
    figure: Figure = field(default_factory=Figure, init=False)

    @property
    def rows(self) -> int:
        """Return the number of rows of panels."""
        return -(-self.count // self.columns)

    @property
    def _between(self) -> float:
        """Return the inches between two columns, with room for tick labels if each has its own axis."""
        return TICKS if self.share == "col" else 0.15

    @property
    def _across(self) -> float:
        """Return the inches of all columns together."""
        return self.columns * self.width + (self.columns - 1) * self._between

    def panels(self) -> list[Axes]:
        """Create the panels and return them row by row; call this once."""
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
                panel.set_title(wrapped(self.titles[position], self.width, style.TITLE))
            if self.heading and not position % self.columns:
                self._head(panel)
        return list(axes.flat[: self.count])

    def align(self, panels: Sequence[Axes]) -> None:
        """Give the panels the same horizontal axis, and those that `share` names the same vertical axis.

        Call this once all is drawn: matplotlib's shared axes rescale all panels with each line of any panel.
        """
        drawn = [panel for panel in panels if panel.has_data()]
        across = np.array([panel.get_xlim() for panel in drawn])
        for panel in panels:
            panel.set_xlim(across[:, 0].min(), across[:, 1].max())
        step = 1 if self.share == "all" else self.columns
        for first in range(step):
            sharing = panels[first::step]
            up = np.array([panel.get_ylim() for panel in sharing if panel in drawn])
            for panel in sharing if len(up) else ():
                panel.set_ylim(up[:, 0].min(), up[:, 1].max())

    def finish(
        self,
        x_name: str,
        y_name: str,
        *,
        handles: Sequence[Line2D] = (),
        title: str = "",
        remarks: Sequence[str] = (),
    ) -> Figure:
        """Name the axes, put the legend to the right and the remarks below, and return the figure.

        `handles` are the entries of the legend, `title` its title.
        """
        panels = self.figure.axes
        self._name_axes(panels, x_name, y_name)
        legend = self._legend(handles, title) if handles else None
        legend_width, legend_height = self._extent(legend) if legend else (0.0, 0.0)
        left, right = self.y_ticks + NAME, self.beside + legend_width + (0.25 if legend else 0.1)
        width = left + self._across + right
        text = "\n".join(wrapped(remark, width - 2 * EDGE, style.SMALL) for remark in remarks if remark)
        below = (text.count("\n") + 1) * 0.16 + 0.08 if text else 0.0
        head = self._room_above(panels)
        rows = self.rows * self.height + (self.rows - 1) * (head + 0.15) + self._ragged
        height = max(head + EDGE + rows + self.x_ticks + NAME + 0.15, legend_height + 2 * EDGE) + below
        self.figure.set_size_inches(width, height)
        self._position(panels, left, head)
        if legend:
            fits = legend_height <= height - below - head - 2 * EDGE
            corner = (left + self._across + 0.12) / width, 1 - (EDGE + (head if fits else 0.0)) / height
            # With the transform named: without it, a file that is cut to its content would move the legend.
            legend.set_bbox_to_anchor(corner, self.figure.transFigure)
        if text:
            corner = EDGE / width, EDGE / 2 / height
            self.figure.text(*corner, text, fontsize=style.SMALL, color=style.GREY, va="bottom")
        return self.figure

    @property
    def _ragged(self) -> float:
        """Return the room above a last row that is not full: the panels above its gaps have labels there."""
        return self.x_ticks + NAME if self.count % self.columns and self.rows > 1 else 0.0

    def _position(self, panels: Sequence[Axes], left: float, head: float) -> None:
        """Place the panels from the top, with `head` inches above each row."""
        width, height = self.figure.get_size_inches()
        for position, panel in enumerate(panels):
            row, column = divmod(position, self.columns)
            x = left + column * (self.width + self._between)
            y = height - EDGE - head - self.height - row * (self.height + head + 0.15)
            y -= self._ragged if row and row == self.rows - 1 else 0.0
            panel.set_position((x / width, y / height, self.width / width, self.height / height))

    def _name_axes(self, panels: Sequence[Axes], x_name: str, y_name: str) -> None:
        """Name the horizontal axis below the lowest panels, the vertical one beside the leftmost."""
        for position, panel in enumerate(panels):
            panel.set(
                xlabel=x_name if position + self.columns >= self.count else "",
                ylabel="" if position % self.columns else y_name,
            )

    def _room_above(self, panels: Sequence[Axes]) -> float:
        """Return the inches for titles and heading above a row of panels."""
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


def folded(label: str) -> str:
    """Break a long label into several lines; a space at its beginning stays."""
    lines = textwrap.wrap(label, LONGEST_LABEL, drop_whitespace=False) or [label]
    return "\n".join(line if not position else line.strip() for position, line in enumerate(lines))


def wrapped(text: str, inches: float, points: float) -> str:
    """Break a text into lines of at most this width, in letters of this size."""
    letters = int(1.2 * inches / (_LETTER * points / style.SMALL))
    lines = textwrap.wrap(text, letters)
    # The mean width of a letter is only a first guess: the widest line decides.
    while letters > 1 and width_of("\n".join(lines), points) > 0.97 * inches:
        letters = int(0.95 * letters)
        lines = textwrap.wrap(text, letters)
    return "\n".join(lines)


def width_of(label: str, points: float) -> float:
    """Return the inches across of a label's longest line, in letters of this size."""
    font = FontProperties(size=points)
    measure = text_to_path.get_text_width_height_descent
    widths = [measure(line, font, ismath=False)[0] for line in label.split("\n")]
    return max(map(float, widths)) / 72


def room_beside(labels: Sequence[str], points: float = style.TICK) -> float:
    """Return the inches that labels need to the left of a panel."""
    # Letters are drawn a little wider than they are measured.
    return 1.03 * max(width_of(label, points) for label in labels) + 0.1


def columns_for(count: int) -> int:
    """Return the number of columns that suits `count` small panels."""
    return count if count <= 3 else min(6, int(np.ceil(np.sqrt(count))))


@dataclass(frozen=True)
class Scale:
    """Positions of a setting's values along the horizontal axis."""

    labels: list[str]
    positions: list[float]
    log: bool = False
    numeric: bool = False  # numbers are joined by lines, names are not

    @classmethod
    def of(cls, rows: pd.DataFrame, axes: Sequence[str]) -> "Scale":
        """Place numbers to scale, on a logarithmic axis if they would crowd, and all else evenly spaced."""
        labels = style.values(rows, axes)
        if len(axes) > 1 or not all(map(_is_number, rows[axes[0]])):
            labels = list(dict.fromkeys(labels))
            return cls(labels, [float(position) for position in range(len(labels))])
        label_of = dict(zip(rows[axes[0]], labels, strict=True))
        labels, numbers = [label_of[number] for number in sorted(label_of)], sorted(map(float, label_of))
        many = len(numbers) > MOST_TICKS
        if many or _apart(numbers):
            return cls(labels, numbers, log=many and _wide(numbers), numeric=True)
        if numbers[0] > 0 and _apart(list(np.log(numbers))):
            return cls(labels, numbers, log=True, numeric=True)
        return cls(labels, [float(position) for position in range(len(labels))], numeric=True)

    @property
    def labelled(self) -> bool:
        """Return True if every value has a label; of many numbers only round ones do."""
        return not self.numeric or len(self.labels) <= MOST_TICKS

    @property
    def gap(self) -> float:
        """Return the least distance of two values, as a fraction of the whole axis."""
        positions = np.log(self.positions) if self.log else np.array(self.positions)
        gaps = np.diff(positions)
        return float(gaps.min() / (positions[-1] - positions[0])) if len(gaps) else 1.0

    def room(self, width: float) -> float:
        """Return the inches below an axis of `width` that the labels need: more if they stand upright."""
        if not self.labelled:
            return FLAT
        longest = max(width_of(folded(label), style.TICK) for label in self.labels)
        return FLAT if (longest + 0.1) * len(self.labels) < width else longest + 0.12

    def positions_of(self, rows: pd.DataFrame, axes: Sequence[str]) -> list[float]:
        """Return the position of each row."""
        positions = dict(zip(self.labels, self.positions, strict=True))
        return [positions[label] for label in style.values(rows, axes)]

    def shifted(self, positions: "pd.Series[float]", fractions: "pd.Series[float]") -> "pd.Series[float]":
        """Return the positions moved to the right by these fractions of the whole axis."""
        first, last = min(self.positions), max(self.positions)
        if self.log:
            return positions * (last / first) ** fractions
        return positions + fractions * ((last - first) or 1.0)


def _is_number(raw: object) -> bool:
    return isinstance(raw, int | float | np.number) and not isinstance(raw, bool) and raw == raw


def _apart(positions: Sequence[float]) -> bool:
    """Return True if labels at these positions, in ascending order, would not touch each other."""
    gaps = np.diff(positions)
    return not len(gaps) or bool(gaps.min() >= NARROWEST * (positions[-1] - positions[0]))


def _wide(numbers: Sequence[float]) -> bool:
    return numbers[0] > 0 and numbers[-1] / numbers[0] >= 50
