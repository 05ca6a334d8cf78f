"""The figure of docs/statistics.md: how many 95 % intervals miss the truth."""

from pathlib import Path

import pandas as pd
from benchmarks.statistics.contrasts import MISSED
from matplotlib.axes import Axes

from sweep.report import saving
from sweep.report.figures import layout, style

FIGURE = Path("docs/statistics")
NUMBERS = ("3", "5", "10", "30")
PANELS = {
    "difference, paired": ("difference", "paired t"),
    "difference, unpaired (Welch)": ("difference", "Welch's t"),
    "mean of one cell": ("mean", "Student's interval"),
    "difference, new digits, paired": ("new digits", "new digits, paired"),
}
LABELS = [
    *(f"{name} seeds, spreads 1 : {ratio}" for name in ("normal", "skewed") for ratio in (1, 2, 3)),
    "new digits, digits dominate",
    "new digits, seeds dominate",
]
REMARK = (
    "For equal cells this is the type I error, and 100 less it is the coverage; grey: 4 to 6 %. Of several"
    " rows of the table (correlation 0 and 0.5; cells that differ or not) the one furthest from 5 % is drawn."
    " Welch's test is not offered below 10 seeds a cell."
)


def draw(table: pd.DataFrame) -> None:
    """Draw the committed table into docs/, as far as it has the rows."""
    grid = layout.Grid(len(PANELS), 2, width=2.5, height=1.9, share="all", titles=tuple(PANELS))
    with style.applied():
        looks, panels = style.lines(LABELS), grid.panels()
        for panel, (part, method) in zip(panels, PANELS.values(), strict=True):
            rows = table[(table["part"] == part) & (table["method"] == method) & (table["measure"] == MISSED)]
            _draw(panel, rows[rows["n"].isin(NUMBERS)], looks)
        handles = [looks[label].handle(label) for label in LABELS]
        figure = grid.finish("seeds a cell", "% of intervals that miss", handles=handles, remarks=[REMARK])
        saving.save(figure, FIGURE, ["png"])


def _draw(panel: Axes, rows: pd.DataFrame, looks: dict[str, style.Line]) -> None:
    panel.axhspan(4, 6, color="0.9", zorder=0)
    panel.axhline(5, color=style.GREY, linewidth=0.8)
    for label, series in rows.groupby(rows["seeds"].map(_label), sort=False):
        worst = series.loc[(series["percent"] - 5).abs().groupby(series["n"]).idxmax()]
        worst = worst.sort_values("n", key=lambda counts: counts.astype(int))
        look = looks[str(label)]
        positions = [NUMBERS.index(n) for n in worst["n"]]
        panel.plot(
            positions,
            worst["percent"],
            color=look.colour,
            marker=look.marker,
            linestyle=look.linestyle,
            markersize=5,
            markeredgecolor="white",
            markeredgewidth=0.6,
        )
    panel.set_xticks(range(len(NUMBERS)), NUMBERS)
    panel.set_xlim(-0.3, len(NUMBERS) - 0.7)
    panel.set_ylim(0, 10)
    panel.grid(visible=False, axis="x")


def _label(seeds: str) -> str:
    """Return the entry of the legend for the seeds of a row."""
    if "dominate" in seeds:
        return f"new digits, {seeds.split(', ')[-1]}"
    name, *rest = seeds.split(", ")
    return f"{name} seeds, spreads 1 : {rest[0].removeprefix('spread ') if rest else 1}"
