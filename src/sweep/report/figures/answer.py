"""The answer of a sweep over one setting: each seed as a dot, and the difference from the baseline.

Wide, with few rows and large letters, so that it can be read where a page shows it 800 pixels wide.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sweep.core.formats import percent
from sweep.report.figures import layout, style
from sweep.report.figures.differences import UNJUDGED, VERDICTS, draw_arrow, signed
from sweep.report.figures.layout import Scale
from sweep.report.figures.marks import (
    NAMES,
    SHOWN,
    BaselineComparison,
    draw_seeds,
    in_percent,
    reach,
    spread_out,
)
from sweep.stats.contrast import mean_intervals
from sweep.stats.judge import Verdict

MOST_ROWS = 8
_TITLE, _TEXT, _NOTE = 16.0, 14.0, 11.0  # points
_SEEDS, _DIFFERENCES = 4.0, 2.9  # inches across: the two panels
_ROW, _LINE, _BETWEEN, _EDGE = 0.75, 0.25, 0.3, 0.15  # inches: a row, a line of _TEXT, gaps
_COLOUR = style.colours(1)[0]


def draw_answer(
    trials: pd.DataFrame, axes: Sequence[str], against: BaselineComparison, *, caption: str = ""
) -> Figure:
    """Draw a row for each value of the settings `axes`: seeds, mean and interval, difference and verdict.

    `trials` are those of `sweep.load` without diverged ones. The title compares the baseline of `against`
    with the cell closest to it. Arrows stand for cells far from the others. Raises SweepError if no accuracy
    was measured.
    """
    measure, data = in_percent(trials)
    data = data.drop_duplicates(["cell", "seed"])
    rows = _rows(data, axes, against)
    heading, labels = style.settings(axes), list(map(layout.folded, rows["label"]))
    left = layout.room_beside([*labels, heading], _TEXT) + _EDGE
    right = layout.room_beside(list(rows["text"]), _TEXT) + _EDGE
    width = left + _SEEDS + _BETWEEN + _DIFFERENCES + right
    inside = width - 2 * _EDGE
    title = layout.wrapped(_headline(rows, heading, against), inside, _TITLE)
    note = "\n".join(layout.wrapped(part, inside, _NOTE) for part in (*_in_words(against), caption) if part)
    baseline = rows.loc[rows["verdict"] == "", "label"].iloc[0]
    name = layout.wrapped(f"difference from {baseline} (points)", _DIFFERENCES + 2 * _BETWEEN, _TEXT)
    figure, (seeds, differences) = _frame(len(rows), left, width, texts=(title, name, note))
    _draw_seeds(seeds, data, rows)
    _draw_differences(differences, rows, margin=100 * against.criteria.margin)
    for panel, label in ((seeds, NAMES[measure]), (differences, name)):
        panel.set_ylim(len(rows) - 0.45, -0.6)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
        panel.tick_params(axis="x", labelsize=_TEXT)
        panel.set_xlabel(label, fontsize=_TEXT)
        panel.grid(visible=False, axis="y")
    seeds.set_yticks(range(len(rows)), labels, fontsize=_TEXT)
    differences.set_yticks([])
    above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    seeds.annotate(heading, (0, 1), (-4, 8), ha="right", fontsize=_TEXT, **above)
    return figure


def _frame(
    rows: int, left: float, width: float, *, texts: tuple[str, str, str]
) -> tuple[Figure, tuple[Axes, Axes]]:
    """Return a figure with its two panels; `texts` are title, name of the second panel's axis, and note."""
    title, _, note = texts
    lines = [text.count("\n") + 1 for text in texts]
    above = 0.3 * lines[0] + 0.5
    below = 0.5 + _LINE * lines[1] + 0.19 * lines[2] + _EDGE
    height = above + _ROW * rows + below
    figure = Figure(figsize=(width, height))
    figure.text(_EDGE / width, 1 - _EDGE / height, title, fontsize=_TITLE, va="top")
    figure.text(_EDGE / width, _EDGE / height, note, fontsize=_NOTE, color=style.GREY, va="bottom")
    first, second = (
        figure.add_axes((x / width, below / height, across / width, _ROW * rows / height))
        for x, across in ((left, _SEEDS), (left + _SEEDS + _BETWEEN, _DIFFERENCES))
    )
    return figure, (first, second)


def _rows(data: pd.DataFrame, axes: Sequence[str], against: BaselineComparison) -> pd.DataFrame:
    """Return a row for each cell, its index, in the order of the setting's values; all numbers in percent."""
    order = {label: position for position, label in enumerate(Scale.of(data, axes).labels)}
    labels = dict(zip(data["cell"], style.values(data, axes), strict=True))
    rows = data.groupby("cell", sort=False)[SHOWN].mean().to_frame("mean")
    rows = rows.join(mean_intervals(data, SHOWN, against.criteria.level).clip(0.0, 100.0))
    if against.sequential:
        rows[["low", "high"]] = math.nan
    compared = against.table.set_index("cell")[["difference", "low", "high", "verdict"]]
    compared[["difference", "low", "high"]] *= 100
    rows = rows.join(compared.rename(columns={"low": "least", "high": "most"}))
    rows.loc[rows["least"].isna(), "verdict"] = UNJUDGED
    rows.loc[rows.index == against.cell, ["difference", "least", "most"]] = 0.0
    rows.loc[rows.index == against.cell, "verdict"] = ""
    rows["label"] = [labels[str(cell)] for cell in rows.index]
    rows["text"] = [_text(row) or against.role for row in rows.to_dict("records")]
    return rows.loc[sorted(rows.index, key=lambda cell: order[labels[str(cell)]])]


def _text(row: dict[Any, Any]) -> str:
    """Return the difference and the verdict of a row; the baseline has none."""
    difference = signed(f"{row['difference']:.2f}")
    return f"{difference}  {row['verdict']}" if row["verdict"] else ""


def _headline(rows: pd.DataFrame, name: str, against: BaselineComparison) -> str:
    """Return the verdict on the baseline and the cell closest to it, as a sentence."""
    others = rows[~rows["verdict"].isin(["", UNJUDGED])]
    closest = others.sort_values("difference", key=abs, kind="stable").iloc[0]
    pair = [rows.loc[rows["verdict"] == "", "label"].iloc[0], closest["label"]]
    first, second = pair if closest["difference"] <= 0 else pair[::-1]
    reasons = {
        Verdict.EQUIVALENT: "so little that the two are equivalent",
        Verdict.UNDECIDED: "which may be the luck of the seeds",
    }
    reason = reasons.get(closest["verdict"], "more than the luck of the seeds")
    lead = abs(closest["difference"])
    return f"{name[:1].upper()}{name[1:]}: {first} leads {second} by {lead:.2f} points, {reason}"


def _draw_seeds(panel: Axes, data: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Draw the mean of each cell with its interval, and below it each seed as a dot."""
    baseline = rows.loc[rows["verdict"] == "", "mean"].iloc[0]
    cells = data.groupby("cell")[SHOWN]
    ends = rows[["low", "high"]].assign(first=cells.min(), last=cells.max())
    _limit(panel, ends - baseline, centre=baseline)
    panel.axvline(baseline, color=style.GREY, linewidth=1, zorder=1)
    for level, (cell, row) in enumerate(rows.iterrows()):
        seeds = data[data["cell"] == cell]
        heights = level + 0.14 + 0.24 * spread_out(seeds["seed"])
        draw_seeds(panel, seeds[SHOWN], heights, colour=_COLOUR, size=8)
        _draw_bar(panel, (row["low"], row["high"]), level, colour=_COLOUR)
        panel.plot(row["mean"], level, "o", color=_COLOUR, markersize=9, markeredgecolor="white")
        _write_mean(panel, row["mean"], level)


def _draw_bar(panel: Axes, ends: tuple[float, float], level: int, *, colour: Any) -> None:
    panel.plot(ends, [level] * 2, color=colour, linewidth=8, alpha=0.4, solid_capstyle="butt")


def _write_mean(panel: Axes, mean: float, level: int) -> None:
    """Write a mean above its marker, or beside an arrow at the edge of the panel if it lies beyond."""
    left, right = panel.get_xlim()
    text: dict[str, Any] = {"fontsize": _TEXT, "va": "center", "color": "0.15"}
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    step = 0.08 * (right - left)
    if left <= mean <= right:
        x = min(max(mean, left + step), right - step)
        panel.text(x, level - 0.32, f"{mean:.2f}", ha="center", bbox=ground, **text)
    elif mean < left:
        draw_arrow(panel, left, level, colour=style.GREY)
        panel.text(left + step, level, f"{mean:.2f}", ha="left", **text)
    else:
        draw_arrow(panel, right, level, colour=style.GREY)
        panel.text(right - step, level, f"{mean:.2f}", ha="right", **text)


def _draw_differences(panel: Axes, rows: pd.DataFrame, *, margin: float) -> None:
    """Draw the difference of each cell with its interval, and write the verdict to the right."""
    ends = rows[["difference", "least", "most"]]
    _limit(panel, ends, least=margin)
    left, right = panel.get_xlim()
    panel.axvspan(-margin, margin, color="0.9", linewidth=0, zorder=0)
    panel.axvline(0, color=style.GREY, linewidth=1, zorder=1)
    beside: dict[str, Any] = {"xycoords": panel.get_yaxis_transform(), "textcoords": "offset points"}
    for level, row in enumerate(rows.to_dict("records")):
        colour, marker = VERDICTS.get(row["verdict"], ("0.15", "o"))
        _draw_bar(panel, (row["least"], row["most"]), level, colour=colour)
        panel.plot(row["difference"], level, marker, color=colour, markersize=9)
        if ends.iloc[level].min() < left:
            draw_arrow(panel, left, level, colour=colour)
        if ends.iloc[level].max() > right:
            draw_arrow(panel, right, level, colour=colour)
        text: dict[str, Any] = {"va": "center", "fontsize": _TEXT, "color": colour, **beside}
        panel.annotate(row["text"], (1, level), (10, 0), **text)


def _limit(panel: Axes, distances: pd.DataFrame, *, centre: float = 0.0, least: float = 0.0) -> None:
    """Limit the axis to what most rows need, so that one far away does not squeeze the others together."""
    furthest = max(reach(distances.abs().max(axis=1), most=2.5), least)
    low = max(min(distances.min().min(), -least), -furthest)
    high = min(max(distances.max().max(), least), furthest)
    room = 0.06 * (high - low) or 1.0
    panel.set_xlim(centre + low - room, centre + high + room)


def _in_words(against: BaselineComparison) -> Iterator[str]:
    """Explain the marks."""
    level, margin = percent(against.criteria.level), 100 * against.criteria.margin
    yield (
        f"small dots: single seeds; bars: {level} intervals over new seeds; shaded: ±{margin:g} points, the"
        " margin for equivalence"
    )
