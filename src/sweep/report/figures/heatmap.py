"""The mean accuracy of every combination of two settings, and which cannot be told from the best."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from sweep.report.figures import layout, style
from sweep.report.figures.layout import FLAT, scale
from sweep.report.figures.marks import NAMES, BaselineComparison, in_percent, reach

# Dark letters and marks are readable on all of these colours; "bad" is for combinations without a cell.
_COLOURS = sns.color_palette("light:#5ba3d9", as_cmap=True).with_extremes(bad="0.8")
_HATCH = (0.0, 0.0, 0.0, 0.35)
_WRITTEN = 12  # with more columns, numbers are not written into the cells
_CELL, _NARROW = (0.56, 0.36), (0.17, 0.17)  # inches across and up: of a cell with its number, and without
_LINE, _BAR, _ROOM = (
    0.16,
    0.14,
    0.75,
)  # inches: a line of text, the colour bar, the room for it with its labels
_ACROSS, _UP, _FACET = "across: ", "up: ", "facet: "  # columns; no setting has such a name


def draw_heatmap(
    trials: pd.DataFrame,
    across: Sequence[str],
    up: Sequence[str],
    facets: Sequence[str] = (),
    caption: str = "",
    against: BaselineComparison | None = None,
) -> Figure:
    """The mean accuracy of each cell as colour and number, the settings `across` against those of `up`.

    A panel for each combination of `facets`. `trials` are those of `sweep.load` without diverged ones.
    What cannot be told from the baseline of `against` is hatched, the baseline outlined, a missing
    combination grey. Raises SweepError when no accuracy was measured.
    """
    measure, data = in_percent(trials)
    columns, rows = scale(data, across).labels, scale(data, up).labels
    labels = {_ACROSS: style.values(data, across), _UP: style.values(data, up)}
    data = data.assign(**labels, **{_FACET: style.pairs(data, facets)})
    cells = data.groupby([_FACET, _UP, _ACROSS], sort=False).agg(
        cell=("cell", "first"), mean=(measure, "mean")
    )
    # In percent only now: a mean of percents can differ from the table's in the last digit.
    cells["mean"] *= 100
    faceted = list(data[_FACET].unique())
    grid = _grid(columns, rows, style.settings(up), faceted)
    panels, colours = grid.panels(), _colours(cells["mean"])
    marked = against.of(measure) if against else None
    for panel, facet in zip(panels, faceted, strict=True):
        own = cells.loc[facet].reset_index()
        means, ids = (
            own.pivot_table(values, _UP, _ACROSS, "first").reindex(index=rows, columns=columns)
            for values in ("mean", "cell")
        )
        _draw(panel, means, colours, upright=grid.x_ticks > FLAT)
        if marked:
            _mark(panel, ids, marked)
    _colour_bar(panels[min(grid.columns, len(panels)) - 1], grid, colours, cells["mean"], NAMES[measure])
    words = _in_words(cells["cell"], len(cells) < len(faceted) * len(rows) * len(columns), marked)
    return grid.finish(style.settings(across), "", [], "", [words, caption])


def _grid(columns: list[str], rows: list[str], name: str, faceted: list[str]) -> layout.Grid:
    width, height = _CELL if len(columns) <= _WRITTEN else _NARROW
    wide = max(width, 2.2 / len(columns)) if len(faceted) == 1 else width
    high = max(
        height, 1.3 / len(rows), *(_LINE * (label.count("\n") + 1) for label in map(layout.folded, rows))
    )
    longest = max(layout.width_of(layout.folded(label), style.TICK) for label in columns)
    return layout.Grid(
        count=len(faceted),
        columns=layout.columns_for(len(faceted)),
        width=wide * len(columns),
        height=high * len(rows),
        share="all",
        x_ticks=FLAT if longest + 0.1 < wide else longest + 0.12,
        titles=tuple(faceted),
        y_ticks=layout.room_beside(list(map(layout.folded, [*rows, name]))),
        heading=name,
        beside=_ROOM,
    )


def _colours(means: "pd.Series[float]") -> Normalize:
    """The scale of the colours, from the best mean down; the few far below it share the palest colour."""
    best = float(means.max())
    lowest = best - reach(best - means)
    return Normalize(lowest, best if lowest < best else best + 1)


def _draw(panel: Axes, means: pd.DataFrame, colours: Normalize, upright: bool) -> None:
    """The means as colours and, with room for them, as numbers; and what the values are called."""
    columns, rows = ([layout.folded(label) for label in labels] for labels in (means.columns, means.index))
    sns.heatmap(
        means,
        cmap=_COLOURS,
        norm=colours,
        cbar=False,
        xticklabels=columns,
        yticklabels=rows,
        linewidths=0.5,
        ax=panel,
    )
    panel.spines[:].set_visible(False)
    panel.grid(visible=False)
    panel.tick_params(axis="x", labelrotation=90 if upright else 0)
    panel.tick_params(axis="y", labelrotation=0)
    if len(columns) <= _WRITTEN:
        _write(panel, means, colours)


def _write(panel: Axes, means: pd.DataFrame, colours: Normalize) -> None:
    """Write the means, each with a rim in the colour of its cell, which keeps a hatch off the number."""
    for (row, column), mean in np.ndenumerate(means.to_numpy(float)):
        if np.isfinite(mean):
            ground = _COLOURS(colours(mean))
            panel.text(
                column + 0.5,
                row + 0.5,
                f"{mean:.2f}",
                ha="center",
                va="center",
                fontsize=style.TICK,
                color="0.1",
                path_effects=[withStroke(linewidth=3, foreground=ground)],
            )


def _mark(panel: Axes, ids: pd.DataFrame, against: BaselineComparison) -> None:
    """Hatch what cannot be told from the baseline; outline the baseline."""
    for (row, column), cell in np.ndenumerate(ids.to_numpy(object)):
        corner = (column, row)
        if cell in against.alike:
            panel.add_patch(Rectangle(corner, 1, 1, fill=False, hatch="///", linewidth=0, edgecolor=_HATCH))
        if cell == against.cell:
            panel.add_patch(
                Rectangle(corner, 1, 1, fill=False, linewidth=2.5, edgecolor="0.1", clip_on=False)
            )


def _colour_bar(
    panel: Axes, grid: layout.Grid, colours: Normalize, means: "pd.Series[float]", name: str
) -> None:
    """Draw the colour bar beside `panel`; it ends in a point where some means lie below its range."""
    below = bool(means.min() < (colours.vmin or 0.0))
    place = panel.inset_axes((1 + 0.12 / grid.width, 0.0, _BAR / grid.width, 1.0))
    grid.figure.colorbar(
        ScalarMappable(colours, _COLOURS), cax=place, label=name, extend="min" if below else "neither"
    )


def _in_words(cells: "pd.Series[str]", missing: bool, against: BaselineComparison | None) -> str:
    """What the marks mean, those that are drawn."""
    words: dict[str, object] = {}
    if against:
        drawn = frozenset(cells)
        words[f"outlined: {against.baseline}"] = drawn & {against.cell}
        words["hatched: not distinguishable from it"] = drawn & against.alike
    words["grey: no such cell"] = missing
    return "; ".join(text for text, found in words.items() if found)
