"""Differences with their intervals and verdicts, one below the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sweep.core.formats import percent
from sweep.report.figures import layout, style
from sweep.report.figures.marks import reach
from sweep.stats.judge import Criteria

_ROW, _LINE, _WIDTH = 0.24, 0.15, 3.2  # inches: a row, a further line of its label, the panel
UNJUDGED = "too few seeds"
_NUMBERS = ["difference", "low", "high", "low_new_digits", "high_new_digits"]
# Colour and marker; the colours are those of seaborn's palette for the colour-blind.
VERDICTS = {
    "better": ("#0173b2", ">"),
    "worse": ("#d55e00", "<"),
    "equivalent": ("#029e73", "s"),
    "undecided": (style.GREY, "o"),
    UNJUDGED: (style.GREY, "x"),
}


@dataclass(frozen=True)
class _Row:
    """One difference in the unit in which it is shown, or, without numbers, the heading of a group."""

    y: float  # inches from the top
    label: str
    verdict: str = ""
    text: str = ""  # the verdict, and the number of seeds that would decide
    numbers: tuple[float, ...] = ()  # in the order of _NUMBERS; missing ones are nan


def draw_differences(
    labels: Sequence[str],
    rows: pd.DataFrame,
    criteria: Criteria,
    *,
    title: str = "",
    heading: str = "",
    groups: Sequence[str] = (),
    caption: str = "",
) -> Figure:
    """Draw a row for each difference, in order: point, interval, number, verdict; the margin is shaded.

    `rows` is a table as `sweep.compare` gives it, or a part of one; it needs `difference`, `low`, `high` and
    `verdict`, and may have `low_new_digits`, `high_new_digits` and `more_seeds`; with `decided_after` its
    intervals are those of a sweep that trained seeds until all was decided. Accuracies are shown in points.
    `labels` name the rows, `heading` stands above them. `groups` names the group of each row; every run of
    one group has its name as a heading.
    """
    points = criteria.metric.endswith("accuracy")
    factor, form = (100, ".2f") if points else (1, ".3g")
    lines = list(_rows(labels, rows, groups=groups, factor=factor))
    shown = [row for row in lines if row.numbers]
    written = [signed(f"{row.numbers[0]:{form}}") for row in shown]
    number_room, text_room = _room(written), _room([row.text for row in shown])
    grid = _grid(lines, title, heading, beside=number_room + text_room)
    (panel,) = grid.panels()
    margin, unit = factor * criteria.margin, " points" if points else ""
    _draw_ground(panel, lines, margin, height=grid.height)
    for row, number in zip(shown, written, strict=True):
        _draw(panel, row)
        _write(panel, row, number, room=number_room)
    sequential = "decided_after" in rows
    remarks = _in_words(panel, shown, criteria.level, margin=f"{margin:g}{unit}", sequential=sequential)
    name = f"difference in {style.setting(criteria.metric)}{' (points)' if points else ''}"
    return grid.finish(name, "", remarks=[*remarks, caption])


def _room(texts: Sequence[str]) -> float:
    """Return the inches across that these texts need to the right of the panel."""
    return max(layout.width_of(text, style.TICK) for text in texts) + 0.1


def _grid(rows: Sequence[_Row], title: str, heading: str, *, beside: float) -> layout.Grid:
    """Return one panel as high as its rows, with `beside` inches for the texts to its right."""
    return layout.Grid(
        count=1,
        columns=1,
        width=_WIDTH,
        height=rows[-1].y + _height(rows[-1].label) / 2,
        titles=(title,),
        heading=heading,
        y_ticks=layout.room_beside([layout.folded(heading), *(row.label for row in rows)]),
        beside=beside,
    )


def _rows(
    labels: Sequence[str], rows: pd.DataFrame, *, groups: Sequence[str], factor: float
) -> Iterator[_Row]:
    """Yield the rows and the headings between them, from the top."""
    top, last = 0.0, ""
    table = rows.reindex(columns=[*_NUMBERS, "verdict", "more_seeds"]).to_dict("records")
    for label, group, row in zip(labels, groups or [""] * len(rows), table, strict=True):
        if group != last:
            heading = layout.folded(group)
            yield _Row(top + _height(heading) / 2, heading)
            top, last = top + _height(heading), group
        verdict = UNJUDGED if pd.isna(row["low"]) else str(row["verdict"])
        more = f": {row['more_seeds']} more seeds" if _positive(row["more_seeds"]) else ""
        label = layout.folded(label)
        numbers = tuple(factor * float(row[key]) for key in _NUMBERS)
        yield _Row(top + _height(label) / 2, label, verdict, verdict + more, numbers)
        top += _height(label)


def _positive(count: Any) -> bool:
    return not pd.isna(count) and count > 0


def signed(number: str) -> str:
    """Return a number with a typographic sign; one that rounds to zero has no sign."""
    if not float(number):
        return number.lstrip("-")
    return number.replace("-", "\N{MINUS SIGN}") if number.startswith("-") else f"+{number}"


def _height(label: str) -> float:
    return _ROW + _LINE * label.count("\n")


def _draw_ground(panel: Axes, rows: Sequence[_Row], margin: float, *, height: float) -> None:
    """Draw the background of the rows: names, zero line, shaded margin, and an axis that fits most rows."""
    ends = np.array([row.numbers for row in rows if row.numbers])
    furthest = reach(pd.Series(np.nanmax(np.abs(ends), axis=1)))
    low = max(min(-margin, np.nanmin(ends)), -max(furthest, margin))
    high = min(max(margin, np.nanmax(ends)), max(furthest, margin))
    room = 0.05 * (high - low) or 1.0
    panel.set(xlim=(low - room, high + room), ylim=(height, 0))
    panel.set_yticks([row.y for row in rows], [row.label for row in rows])
    for name, row in zip(panel.get_yticklabels(), rows, strict=True):
        name.set_fontweight("normal" if row.numbers else "bold")
    panel.grid(axis="y", visible=False)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    panel.axvspan(-margin, margin, color="0.9", linewidth=0, zorder=0)
    panel.axvline(0, color=style.GREY, linewidth=1, zorder=1)


def _draw(panel: Axes, row: _Row) -> None:
    """Draw a point, its interval for new seeds (thick) and for new digits (thin); arrows beyond the edges."""
    difference, low, high, far_low, far_high = row.numbers
    colour, marker = VERDICTS[row.verdict]
    panel.plot([far_low, far_high], [row.y] * 2, color=colour, linewidth=1)
    panel.plot([low, high], [row.y] * 2, color=colour, linewidth=4, alpha=0.5, solid_capstyle="butt")
    panel.plot(difference, row.y, marker, color=colour, markersize=4.5)
    for edge in panel.get_xlim():
        if _beyond(row, edge):
            draw_arrow(panel, edge, row.y, colour=colour)


def draw_arrow(panel: Axes, edge: float, y: float, *, colour: str) -> None:
    """Draw an arrow that points out of the panel at one of its edges."""
    left, right = panel.get_xlim()
    tail = edge + 0.06 * (right - left) * (1 if edge == left else -1)
    arrow = {"arrowstyle": "->", "color": colour, "shrinkA": 0, "shrinkB": 0}
    panel.annotate("", (edge, y), (tail, y), arrowprops=arrow)


def _beyond(row: _Row, edge: float) -> bool:
    """Return True if any part of the row lies beyond an edge of the panel; the edges have different signs."""
    return bool(np.nanmax(np.multiply(row.numbers, np.sign(edge))) > abs(edge))


def _write(panel: Axes, row: _Row, number: str, *, room: float) -> None:
    """Write the difference and its verdict to the right of the panel; `room` is the number's, in inches."""
    for text, inches, side in ((number, room, "right"), (row.text, room + 0.1, "left")):
        panel.annotate(
            text,
            (1, row.y),
            (72 * inches, 0),
            xycoords=panel.get_yaxis_transform(),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=style.TICK,
            color=VERDICTS[row.verdict][0],
        )


def _in_words(
    panel: Axes, shown: Sequence[_Row], level: float, *, margin: str, sequential: bool
) -> Iterator[str]:
    """Explain the parts of the figure, those that are drawn."""
    digits = any(np.isfinite(row.numbers[3]) for row in shown)
    thin = "; thin line: also over new test digits" if digits else ""
    yield f"thick bar: {percent(level)} interval over new seeds{thin}"
    yield f"shaded: ±{margin}, the margin for equivalence"
    if sequential:
        yield "verdicts and intervals are corrected for the number of comparisons and of looks at them"
    elif len(shown) > 1:
        yield "verdicts are Holm-corrected for several comparisons; intervals are not corrected"
    if any(_beyond(row, edge) for row in shown for edge in panel.get_xlim()):
        yield "arrow: continues beyond the axis"
