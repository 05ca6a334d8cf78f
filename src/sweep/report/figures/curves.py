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
from sweep.report.figures.marks import carried, deviation, flattens

PARTS = {"train": "training", "validation": "validation", "test": "test"}
MOST_MARKERS = 6  # on one line
_LINE, _FACET = "line: ", "facet: "  # columns; no setting has such a name


def evaluated_parts(curves: pd.DataFrame, metric: str) -> list[str]:
    """The parts on which `metric` was evaluated in any of these trials."""
    return [
        part for part in PARTS if f"{part}_{metric}" in curves and curves[f"{part}_{metric}"].notna().any()
    ]


def draw_curves(
    curves: pd.DataFrame,
    metric: str,
    lines: Sequence[str] = (),
    facets: Sequence[str] = (),
    parts: Sequence[str] | None = None,
    caption: str = "",
) -> Figure:
    """`metric` against the epoch: mean ± std over seeds, a line for each combination of the settings `lines`.

    A row of panels for each combination of the settings `facets`, a column for each of `parts`; panels of
    one part stand side by side. `curves` are those of `sweep.curves` without diverged trials. A seed that
    has stopped keeps its last value, and the figure says from where. Raises SweepError when no part was
    evaluated.
    """
    parts = [part for part in evaluated_parts(curves, metric) if parts is None or part in parts]
    if not parts:
        raise SweepError(f"{metric}: was not evaluated")
    measures = [f"{part}_{metric}" for part in parts]
    labels = {_LINE: style.values(curves, lines), _FACET: style.pairs(curves, facets)}
    rows = curves.assign(**labels)
    rows[measures] *= 100 if metric == "accuracy" else 1
    data = carried(rows, [_FACET, _LINE], measures)
    remarks = [*_stopped(data), *_first(data, measures, metric), caption]
    if any(flattens(data, measure, [_FACET, _LINE]) for measure in measures):
        data = data[data["epoch"] > data["epoch"].min()]
    looks, faceted = style.lines(list(data[_LINE].unique())), list(data[_FACET].unique())
    grid = _grid(len(faceted), len(parts), _titles(faceted, parts))
    panels = grid.panels()
    for position, panel in enumerate(panels):
        facet, measure = faceted[position // len(parts)], measures[position % len(parts)]
        _draw(panel, data[data[_FACET] == facet], measure, looks)
    grid.align(panels)
    for panel in panels:
        if metric == "accuracy":
            style.percent_axis(panel)
        style.epoch_axis(panel, data["epoch"].min(), data["epoch"].max(), grid.width)
    handles = [look.handle(label) for label, look in looks.items()] if lines else []
    unit = "accuracy (%)" if metric == "accuracy" else metric
    return grid.finish("epoch", unit, handles, style.settings(lines), remarks)


def _titles(facets: list[str], parts: Sequence[str]) -> list[str]:
    """What stands above each panel: its facet and its part, as far as they tell panels apart."""
    if len(parts) == 1 and len(facets) > 1:
        return facets
    return [f"{facet}: {PARTS[part]}" if facet else PARTS[part] for facet in facets for part in parts]


def _grid(facets: int, parts: int, titles: Sequence[str]) -> layout.Grid:
    if parts > 1 or facets == 1:
        return layout.Grid(facets * parts, parts, 3.3, 2.7 if facets == 1 else 2.0, titles=tuple(titles))
    columns = layout.columns_for(facets)
    width = 3.3 if columns <= 3 else 2.3
    return layout.Grid(facets, columns, width, 0.65 * width, share="all", titles=tuple(titles))


def _draw(panel: Axes, data: pd.DataFrame, measure: str, looks: dict[str, style.Line]) -> None:
    """The mean of each line with its band, and a bar where its first seed has stopped."""
    data = data.dropna(subset=[measure])
    own = [label for label in looks if (data[_LINE] == label).any()]
    if not own:
        panel.text(0.5, 0.5, "not evaluated", ha="center", transform=panel.transAxes, color=style.GREY)
        return
    sns.lineplot(
        data,
        x="epoch",
        y=measure,
        hue=_LINE,
        style=_LINE,
        hue_order=own,
        style_order=own,
        palette={label: looks[label].colour for label in own},
        dashes={label: looks[label].dashes for label in own},
        markers={label: looks[label].marker for label in own},
        markersize=4.5 if data["epoch"].max() > data["epoch"].min() else 6,
        errorbar=deviation(0.0, 100.0 if measure.endswith("accuracy") else np.inf),
        err_kws={"alpha": 0.2, "linewidth": 0},
        legend=False,
        ax=panel,
    )
    for position, line in enumerate(panel.get_lines()):
        # A marker at each evaluation would hide the line: a few are enough to tell lines apart.
        step = max(1, np.size(line.get_xdata()) // MOST_MARKERS)
        line.set_markevery((position * step // len(own), step))
        if len(looks) == 1 and np.size(line.get_xdata()) > 1:
            line.set_marker("")
    for label in own:
        rows = data[data[_LINE] == label]
        if rows["stopped"].any():
            before = rows[rows["epoch"] < rows.loc[rows["stopped"], "epoch"].min()]
            at = before["epoch"].max()
            mean = before.loc[before["epoch"] == at, measure].mean()
            panel.plot(at, mean, "|", color=looks[label].colour, markersize=14, markeredgewidth=1.5)


def _stopped(data: pd.DataFrame) -> list[str]:
    """A remark where seeds stop before their line ends."""
    trials = data.groupby([_FACET, _LINE, "cell", "seed"])["stopped"].any()
    if not trials.any():
        return []
    return [
        f"From the bar | on, seeds have stopped ({trials.sum()} of {len(trials)} trials before their line's"
        " end); a seed that has stopped keeps its last value"
    ]


def _first(data: pd.DataFrame, measures: Sequence[str], metric: str) -> list[str]:
    """A remark where the first evaluation is not drawn, because it would flatten the others."""
    if not any(flattens(data, measure, [_FACET, _LINE]) for measure in measures):
        return []
    epoch = data["epoch"].min()
    first = data[data["epoch"] == epoch].groupby([_FACET, _LINE])[list(measures)].mean()
    ends = [f"{bound:.3g}" for bound in (first.min().min(), first.max().max())]
    unit = " %" if metric == "accuracy" else ""
    return [f"Not drawn: epoch {epoch:.3g}, mean {metric} {span(*ends)}{unit}"]
