"""The figures of a sweep that show which of its differences are real."""

from collections.abc import Iterator
from functools import partial
from itertools import chain

from sweep.analysis import figure_files
from sweep.analysis.aggregate import drop_diverged
from sweep.analysis.figures import names
from sweep.analysis.figures.choice import FEW_PANELS, MOST_PANELS, MOST_VALUES, crossed
from sweep.analysis.figures.differences import draw_differences
from sweep.analysis.figures.heatmap import draw_heatmap
from sweep.analysis.figures.material import Material, Planned

MOST_DIFFERENCES = 30


def difference_figures(sweep: Material) -> Iterator[Planned]:
    """Every cell against the baseline, the highest first; of very many, those closest to it."""
    against, axes = sweep.against, tuple(chain(*sweep.varying))
    if against is None or against.cell is None:
        return
    settings = sweep.cells.drop_duplicates("cell").set_index("cell")[list(axes)]
    rows = against.table[against.table["cell"].isin(settings.index)].dropna(subset="difference")
    if rows.empty:
        return
    closest = rows.loc[rows["difference"].abs().sort_values(kind="stable").index[:MOST_DIFFERENCES]]
    count = f"the {len(closest)} of {len(rows)} cells closest to it; " if len(closest) < len(rows) else ""
    shown = closest.sort_values("difference", ascending=False, kind="stable")
    draw = partial(
        draw_differences,
        names.values(settings.loc[shown["cell"]], axes),
        shown,
        against.terms,
        title=f"against {against.baseline}",
        heading=names.settings(axes),
        caption=count + sweep.caption(sweep.trials),
    )
    yield Planned("differences", draw)


def heatmap_figures(sweep: Material, left_out: list[str]) -> Iterator[Planned]:
    """Heatmaps of two settings each: one of them, or all where every figure is wanted."""
    others: list[str] = []
    first = True
    for pair in crossed(sweep.cells, sweep.varying):
        name = f"heatmap_{figure_files.key((*pair.up, *pair.across))}"
        if pair.panels > MOST_PANELS or pair.values > MOST_VALUES:
            left_out.append(f"{name}: more than {MOST_PANELS} panels or {MOST_VALUES} values")
        elif sweep.everything or (first and pair.panels <= FEW_PANELS):
            settings = (pair.across, pair.up, pair.facets)
            caption = sweep.caption(sweep.trials)
            yield Planned(
                name, partial(draw_heatmap, drop_diverged(sweep.trials), *settings, caption, sweep.against)
            )
            first = False
        else:
            others.append(name)
    if others:
        left_out.append(
            f"{', '.join(others)}: one heatmap, of {FEW_PANELS} panels at most; figures=all draws every one"
        )
