"""Learning curves: accuracy or loss against the epoch."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.core.errors import SweepError
from sweep.core.formats import span
from sweep.report.figures import layout, style
from sweep.report.figures.marks import deviation

PARTS = {"train": "training", "validation": "validation", "test": "test"}
MOST_MARKERS = 6  # on one line
_LINE, _FACET = "line: ", "facet: "  # columns; no setting has such a name


def evaluated_parts(curves: pd.DataFrame, metric: str) -> list[str]:
    """Return the parts on which `metric` was evaluated in any of these trials."""
    return [
        part for part in PARTS if f"{part}_{metric}" in curves and curves[f"{part}_{metric}"].notna().any()
    ]


def draw_curves(
    curves: pd.DataFrame,
    metric: str,
    *,
    lines: Sequence[str] = (),
    facets: Sequence[str] = (),
    parts: Sequence[str] | None = None,
    caption: str = "",
) -> Figure:
    """Draw `metric` against the epoch: mean ± std over seeds, a line for each combination of `lines`.

    A row of panels for each combination of the settings `facets`, a column for each of `parts`; panels of
    one part stand side by side. `curves` are those of `sweep.curves` without diverged trials. A seed that
    stops early keeps its last value, and the figure marks where. Raises SweepError if no part was evaluated.
    """
    parts = [part for part in evaluated_parts(curves, metric) if parts is None or part in parts]
    if not parts:
        raise SweepError(f"{metric}: was not evaluated")
    measures = [f"{part}_{metric}" for part in parts]
    labels = {_LINE: style.values(curves, lines), _FACET: style.pairs(curves, facets)}
    rows = curves.assign(**labels)
    rows[measures] *= 100 if metric == "accuracy" else 1
    data = carry_forward(rows, [_FACET, _LINE], measures)
    remarks = [*_stops_in_words(data), *_first_in_words(data, measures, metric), caption]
    if _first_is_far(data, measures):
        data = data[data["epoch"] > data["epoch"].min()]
    looks, titles = style.lines(list(data[_LINE].unique())), list(data[_FACET].unique())
    grid = _grid(len(titles), len(parts), _titles(titles, parts))
    panels = grid.panels()
    for position, panel in enumerate(panels):
        facet, measure = titles[position // len(parts)], measures[position % len(parts)]
        _draw(panel, data[data[_FACET] == facet], measure, looks)
    grid.align(panels)
    for panel in panels:
        if metric == "accuracy":
            style.percent_axis(panel)
        style.epoch_axis(panel, data["epoch"].min(), data["epoch"].max(), width=grid.width)
    handles = [look.handle(label) for label, look in looks.items()] if lines else []
    unit = "accuracy (%)" if metric == "accuracy" else metric
    return grid.finish("epoch", unit, handles=handles, title=style.settings(lines), remarks=remarks)


def _titles(facets: list[str], parts: Sequence[str]) -> list[str]:
    """Return the title of each panel: its facet and its part, if those differ between panels."""
    if len(parts) == 1 and len(facets) > 1:
        return facets
    return [f"{facet}: {PARTS[part]}" if facet else PARTS[part] for facet in facets for part in parts]


def _grid(facets: int, parts: int, titles: Sequence[str]) -> layout.Grid:
    if parts > 1 or facets == 1:
        height = 2.7 if facets == 1 else 2.0
        return layout.Grid(facets * parts, parts, width=3.3, height=height, titles=tuple(titles))
    columns = layout.columns_for(facets)
    width = 3.3 if columns <= 3 else 2.3
    return layout.Grid(facets, columns, width=width, height=0.65 * width, share="all", titles=tuple(titles))


def _draw(panel: Axes, data: pd.DataFrame, measure: str, looks: dict[str, style.Line]) -> None:
    """Draw the mean of each line with its band, and a bar at the epoch at which its first seed stops."""
    data = data.dropna(subset=[measure])
    labels = [label for label in looks if (data[_LINE] == label).any()]
    if not labels:
        panel.text(0.5, 0.5, "not evaluated", ha="center", transform=panel.transAxes, color=style.GREY)
        return
    sns.lineplot(
        data,
        x="epoch",
        y=measure,
        hue=_LINE,
        style=_LINE,
        hue_order=labels,
        style_order=labels,
        palette={label: looks[label].colour for label in labels},
        dashes={label: looks[label].dashes for label in labels},
        markers={label: looks[label].marker for label in labels},
        markersize=4.5 if data["epoch"].max() > data["epoch"].min() else 6,
        errorbar=deviation(0.0, 100.0 if measure.endswith("accuracy") else np.inf),
        err_kws={"alpha": 0.2, "linewidth": 0},
        legend=False,
        ax=panel,
    )
    for position, line in enumerate(panel.get_lines()):
        # A marker at each evaluation would hide the line: a few are enough to tell lines apart.
        step = max(1, np.size(line.get_xdata()) // MOST_MARKERS)
        line.set_markevery((position * step // len(labels), step))
        if len(looks) == 1 and np.size(line.get_xdata()) > 1:
            line.set_marker("")
    for label in labels:
        _mark_stop(panel, data[data[_LINE] == label], measure, looks[label].colour)


def _mark_stop(panel: Axes, rows: pd.DataFrame, measure: str, colour: style.Colour) -> None:
    """Draw a bar on a line at the last epoch before its first seed stops."""
    if rows["stopped"].any():
        before = rows[rows["epoch"] < rows.loc[rows["stopped"], "epoch"].min()]
        epoch = before["epoch"].max()
        mean = before.loc[before["epoch"] == epoch, measure].mean()
        panel.plot(epoch, mean, "|", color=colour, markersize=14, markeredgewidth=1.5)


def _stops_in_words(data: pd.DataFrame) -> list[str]:
    """Explain the bars if any seed stops before its line ends."""
    trials = data.groupby([_FACET, _LINE, "cell", "seed"])["stopped"].any()
    if not trials.any():
        return []
    return [
        f"bar |: a seed stops early here ({trials.sum()} of {len(trials)} trials stop before their line ends)"
        " and keeps its last value"
    ]


def _first_in_words(data: pd.DataFrame, measures: Sequence[str], metric: str) -> list[str]:
    """Give the values of the first evaluation if it is not drawn."""
    if not _first_is_far(data, measures):
        return []
    epoch = data["epoch"].min()
    first = data[data["epoch"] == epoch].groupby([_FACET, _LINE])[list(measures)].mean()
    ends = [f"{bound:.3g}" for bound in (first.min().min(), first.max().max())]
    unit = " %" if metric == "accuracy" else ""
    return [f"not drawn: epoch {epoch:.3g}, mean {metric} {span(*ends)}{unit}"]


def _first_is_far(data: pd.DataFrame, measures: Sequence[str]) -> bool:
    return any(first_flattens(data, measure, [_FACET, _LINE]) for measure in measures)


def first_flattens(rows: pd.DataFrame, measure: str, groups: Sequence[str], *, share: float = 1 / 3) -> bool:
    """Return True if the first evaluation leaves the others less than this share of the axis."""
    means = rows.groupby([*groups, "epoch"])[measure].mean().reset_index("epoch")
    later = means[means["epoch"] > means["epoch"].min()]
    if later["epoch"].nunique() < 3:
        return False
    whole, rest = np.ptp(means[measure].dropna()), np.ptp(later[measure].dropna())
    return bool(0 < rest < share * whole)


def carry_forward(rows: pd.DataFrame, groups: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """Extend the curve of a seed that stops early, with its last value, to the end of its line.

    `rows` has a row for each trial and `epoch`; `groups` are the columns that name a line. The column
    `stopped` is True in the rows that are added. Without them the mean would be over fewer and fewer seeds,
    and jump whenever one stops.
    """
    trial = ["cell", "seed"]
    rows = rows[[*groups, *trial, "epoch", *measures]].assign(stopped=False)
    last = rows.groupby([*groups, *trial], dropna=False)["epoch"].transform("max")
    end = rows.groupby(list(groups), dropna=False)["epoch"].transform("max")
    pieces = [rows]
    for keys, curve in rows[last < end].groupby([*groups, *trial], sort=False, dropna=False):
        line = np.all([rows[group] == key for group, key in zip(groups, keys, strict=False)], axis=0)
        later = sorted(epoch for epoch in rows.loc[line, "epoch"].unique() if epoch > curve["epoch"].max())
        repeated = curve.loc[[curve["epoch"].idxmax()] * len(later)]
        pieces.append(repeated.assign(epoch=later, stopped=True))
    return pd.concat(pieces, ignore_index=True)
