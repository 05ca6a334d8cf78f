"""The mean accuracy of every combination of two settings, and those not clearly different from the best."""

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
from sweep.report.figures.layout import FLAT, Scale
from sweep.report.figures.marks import NAMES, BaselineComparison, in_percent, reach

# Dark letters and marks are readable on all of these colours; "bad" is for combinations without a cell.
_COLOURS = sns.color_palette("light:#5ba3d9", as_cmap=True).with_extremes(bad="0.8")
_HATCH = (0.0, 0.0, 0.0, 0.35)
_WRITTEN = 12  # with more columns, numbers are not written into the cells
_CELL, _NARROW = (0.56, 0.36), (0.17, 0.17)  # inches across and up: of a cell with its number, and without
_LINE, _BAR, _ROOM = 0.16, 0.14, 0.75  # inches: a line of text, the colour bar, the bar with its labels
_ACROSS, _UP, _FACET = "across: ", "up: ", "facet: "  # columns; no setting has such a name


def draw_heatmap(
    trials: pd.DataFrame,
    across: Sequence[str],
    up: Sequence[str],
    *,
    facets: Sequence[str] = (),
    caption: str = "",
    against: BaselineComparison | None = None,
) -> Figure:
    """Draw the mean accuracy of each cell as colour and number, settings `across` against those of `up`.

    A panel for each combination of `facets`. `trials` are those of `sweep.load` without diverged ones.
    Cells not clearly different from the baseline of `against` are hatched, the baseline is outlined, missing
    combinations are grey. Raises SweepError if no accuracy was measured.
    """
    measure, data = in_percent(trials)
    columns, rows = Scale.of(data, across).labels, Scale.of(data, up).labels
    labels = {_ACROSS: style.values(data, across), _UP: style.values(data, up)}
    data = data.assign(**labels, **{_FACET: style.pairs(data, facets)})
    cells, titles = _cell_means(data, measure), list(data[_FACET].unique())
    grid = _grid(columns, rows, style.settings(up), titles=titles)
    panels, colours = grid.panels(), _colours(cells["mean"])
    marked = against.of(measure) if against else None
    for panel, title in zip(panels, titles, strict=True):
        shown = cells.loc[title].reset_index().pivot_table(["mean", "cell"], _UP, _ACROSS, "first")
        means, ids = (shown[values].reindex(index=rows, columns=columns) for values in ("mean", "cell"))
        _draw(panel, means, colours, upright=grid.x_ticks > FLAT)
        if marked:
            _mark(panel, ids, marked)
    last = panels[min(grid.columns, len(panels)) - 1]
    _draw_colour_bar(last, colours, cells["mean"], name=NAMES[measure], width=grid.width)
    missing = len(cells) < len(titles) * len(rows) * len(columns)
    words = _in_words(cells["cell"], marked, missing=missing)
    return grid.finish(style.settings(across), "", remarks=[words, caption])


def _cell_means(data: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the id and the mean accuracy in percent of each cell, by its labels."""
    by_labels = data.groupby([_FACET, _UP, _ACROSS], sort=False)
    cells = by_labels.agg(cell=("cell", "first"), mean=(measure, "mean"))
    # In percent only now: a mean of percents can differ from the table's in the last digit.
    return cells.assign(mean=100 * cells["mean"])


def _grid(columns: list[str], rows: list[str], name: str, *, titles: list[str]) -> layout.Grid:
    width, height = _CELL if len(columns) <= _WRITTEN else _NARROW
    wide = max(width, 2.2 / len(columns)) if len(titles) == 1 else width
    high = max(
        height, 1.3 / len(rows), *(_LINE * (label.count("\n") + 1) for label in map(layout.folded, rows))
    )
    longest = max(layout.width_of(layout.folded(label), style.TICK) for label in columns)
    return layout.Grid(
        count=len(titles),
        columns=layout.columns_for(len(titles)),
        width=wide * len(columns),
        height=high * len(rows),
        share="all",
        x_ticks=FLAT if longest + 0.1 < wide else longest + 0.12,
        titles=tuple(titles),
        y_ticks=layout.room_beside(list(map(layout.folded, [*rows, name]))),
        heading=name,
        beside=_ROOM,
    )


def _colours(means: "pd.Series[float]") -> Normalize:
    """Return the range of the colours, from the best mean down; the few far below share the palest."""
    best = float(means.max())
    lowest = best - reach(best - means)
    return Normalize(lowest, best if lowest < best else best + 1)


def _draw(panel: Axes, means: pd.DataFrame, colours: Normalize, *, upright: bool) -> None:
    """Draw the means as colours and, if there is room, as numbers; label rows and columns."""
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
    """Write each mean with a rim in the colour of its cell, which keeps the hatch off the number."""
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
    """Hatch the cells not clearly different from the baseline, and outline the baseline."""
    for (row, column), cell in np.ndenumerate(ids.to_numpy(object)):
        corner = (column, row)
        if cell in against.alike:
            panel.add_patch(Rectangle(corner, 1, 1, fill=False, hatch="///", linewidth=0, edgecolor=_HATCH))
        if cell == against.cell:
            panel.add_patch(
                Rectangle(corner, 1, 1, fill=False, linewidth=2.5, edgecolor="0.1", clip_on=False)
            )


def _draw_colour_bar(
    panel: Axes, colours: Normalize, means: "pd.Series[float]", *, name: str, width: float
) -> None:
    """Draw the colour bar beside a panel `width` inches wide; it ends in a point if means lie below it."""
    extend = "min" if means.min() < (colours.vmin or 0.0) else "neither"
    bar = panel.inset_axes((1 + 0.12 / width, 0.0, _BAR / width, 1.0))
    bar.figure.colorbar(ScalarMappable(colours, _COLOURS), cax=bar, label=name, extend=extend)


def _in_words(cells: "pd.Series[str]", against: BaselineComparison | None, *, missing: bool) -> str:
    """Explain the marks, those that are drawn."""
    words: dict[str, object] = {"mean of each cell over its seeds": True}
    if against:
        drawn = frozenset(cells)
        words[f"outlined: {against.baseline}"] = drawn & {against.cell}
        words["hatched: not clearly different from it"] = drawn & against.alike
    words["grey: not in this sweep"] = missing
    return "; ".join(text for text, used in words.items() if used)
