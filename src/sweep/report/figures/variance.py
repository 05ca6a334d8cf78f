"""Sources of the spread over seeds: the share and the main effect of each, with intervals."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.core.errors import visible
from sweep.core.formats import span
from sweep.report import saving
from sweep.report.figures import layout, style
from sweep.report.figures.plan import MOST_PANELS, Drawn

PARTS = {
    "share": "share: variance left if only this varies",
    "main_effect": "main effect: variance removed by fixing only this",
}
# The axis in percent: limits of a ratio of variances can lie far beyond all estimates and are cut there.
LOWEST, HIGHEST = -60.0, 220.0
_APART = 0.16  # of the distance between two sources: from the middle of one to its marks


def draw_into(
    folder: Path, table: pd.DataFrame, axes: Sequence[str], *, settings: str, formats: Sequence[str]
) -> Drawn:
    """Draw the figure of `table` into `folder`; left out if there are no shares, or too many panels."""
    panels = len(table[[*axes, "metric"]].drop_duplicates())
    if table["main_effect"].isna().all() or panels > MOST_PANELS:
        reason = "no shares to show" if panels <= MOST_PANELS else f"more than {MOST_PANELS} panels"
        return Drawn(left_out=[f"variance: {reason}"])
    count = span(int(table["n"].min()), int(table["n"].max()))
    caption = f"{visible(settings)}: 95 % intervals over {count} seeds"
    with style.applied():
        return Drawn(saving.save(draw_variance(table, axes, caption), folder / "variance", formats))


def draw_variance(table: pd.DataFrame, axes: Sequence[str], caption: str = "") -> Figure:
    """Draw shares and main effects with intervals, in percent of the variance; a panel a block and metric.

    `table` is that of `sweep.report.variance.components`, of at least one block with enough seeds.
    """
    # The share of the interaction says by how much shares overlap, which is no part of the variance.
    table = table[table["varies"] != "all"]
    table = table.assign(share=table["share"].mask(table["varies"] == "interaction"))
    blocks = list(table.groupby([*axes, "metric"], sort=False, dropna=False))
    titles = tuple(_title(block, axes) for _, block in blocks)
    columns = min(len(blocks), 2) if len(blocks) <= 8 else layout.columns_for(len(blocks))
    grid = layout.Grid(len(blocks), columns, width=3.0, height=2.3, share="all", titles=titles)
    looks, panels = style.lines(list(PARTS)), grid.panels()
    for panel, (_, block) in zip(panels, blocks, strict=True):
        _draw(panel, block, looks)
    grid.align(panels)
    remark = _cut(panels, 100 * float(table[list(PARTS)].max().max()))
    handles = [looks[part].handle(label, connected=False) for part, label in PARTS.items()]
    return grid.finish(
        "what varies", "% of the variance over seeds", handles=handles, remarks=[caption, remark]
    )


def _draw(panel: Axes, rows: pd.DataFrame, looks: dict[str, style.Line]) -> None:
    """Draw the share and the main effect of each source side by side."""
    for level in (0, 100):
        panel.axhline(level, color=style.GREY, linewidth=0.8)
    for position, (_, row) in enumerate(rows.iterrows()):
        for part, side in zip(PARTS, (-_APART, _APART), strict=True):
            low, middle, high = (100 * row[key] for key in (f"{part}_low", part, f"{part}_high"))
            if middle == middle:
                x, look = position + side, looks[part]
                panel.plot([x] * 2, [low, high], color=look.colour, linewidth=1.2)
                panel.plot(x, middle, look.marker, color=look.colour, markersize=5)
    panel.set_xticks(range(len(rows)), list(rows["varies"]))
    panel.set_xlim(-0.5, len(rows) - 0.5)
    panel.grid(visible=False, axis="x")


def _cut(panels: Sequence[Axes], highest: float) -> str:
    """Cut the vertical axis so that no estimate is lost; return a remark if that cuts off intervals."""
    low, high = panels[0].get_ylim()
    top = max(HIGHEST, 1.1 * highest)
    for panel in panels:
        panel.set_ylim(max(low, LOWEST), min(high, top))
    return "intervals that reach the edge continue beyond it" if low < LOWEST or high > top else ""


def _title(block: pd.DataFrame, axes: Sequence[str]) -> str:
    metric = str(block["metric"].iloc[0]).replace("_", " ")
    return ", ".join([*(style.pairs(block.iloc[:1], axes) if axes else []), metric])
