"""The figures of a judged sweep: which it has, and the lines that say which were drawn."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from sweep.config.tables import FIGURES
from sweep.core.errors import visible
from sweep.report import figures
from sweep.report.figures.differences import draw_differences
from sweep.report.figures.digits import draw_digits
from sweep.report.figures.plan import Drawn, Planned
from sweep.report.judged import JudgedSweep
from sweep.report.sweep_page import SweepReport
from sweep.report.tables import CellNames
from sweep.stats.compare import Comparisons


def draw(
    report: SweepReport,
    cells: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    folder: Path,
    formats: Sequence[str] = ("png",),
    everything: bool = False,
) -> Drawn:
    """Draw the figures of a sweep into `folder`; return their files, and which were left out and why.

    `cells` has a row for each cell: `cell`, and its values of the axes as the user wrote them. `curves` are
    those of `sweep.curves`. With `everything` there are more than a dozen figures if the sweep has them.
    """
    judged, axes, settings = report.judged, report.axes, report.settings
    names, comparisons = CellNames(judged.summary, axes), judged.comparisons
    table, name = (comparisons.table, _baseline(comparisons, names)) if comparisons else (pd.DataFrame(), "")
    role = "best on validation" if comparisons and comparisons.chosen_by else "baseline"
    return figures.draw_all(
        _with_settings(cells, judged.trials),
        _with_settings(cells, curves),
        axes,
        folder=folder,
        formats=formats,
        settings=visible(settings),
        against=figures.BaselineComparison(table, visible(name), judged.criteria, role=role),
        everything=everything,
        beside=[*_effects(judged, settings), *_digits(judged, names), *_registered(judged, cells)],
    )


def _effects(judged: JudgedSweep, settings: str) -> list[Planned]:
    """Return the figure of the main effects, if several settings vary."""
    effects = judged.effects
    if effects.empty:
        return []
    labels = [f"{row['value']} against {row['against']}" for row in effects.to_dict("records")]
    title, groups = "main effects, means over all other settings", list(map(visible, effects["setting"]))
    draw = partial(
        draw_differences, list(map(visible, labels)), effects, judged.criteria, title=title, groups=groups
    )
    return [Planned("effects", partial(draw, caption=visible(settings)))]


def _digits(judged: JudgedSweep, names: CellNames) -> list[Planned]:
    """Return the figure of the single examples that make a difference, if there are some."""
    if judged.digits is None or judged.digits.which.not_drawn:
        return []
    cell, baseline = judged.digits.cell, judged.digits.baseline
    pair = [names.apart(first, second) for first, second in ((cell, baseline), (baseline, cell))]
    return [Planned("digits", partial(draw_digits, judged.digits.which, *map(visible, pair)))]


def _registered(judged: JudgedSweep, cells: pd.DataFrame) -> list[Planned]:
    """Return the figures that the user has registered."""

    def drawn(draw: Callable[[pd.DataFrame, Figure], object]) -> Figure:
        figure = Figure()
        draw(_with_settings(cells, judged.trials), figure)
        return figure

    return [Planned(name, partial(drawn, draw)) for name, draw in FIGURES.items()]


def _baseline(comparisons: Comparisons, names: CellNames) -> str:
    """Return what figures call the baseline."""
    name = names.full(comparisons.baseline)
    return f"the best on validation, {name}" if comparisons.chosen_by else name


def _with_settings(cells: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the swept settings of their cells, as they were written."""
    measured = [name for name in rows.columns if name == "cell" or name not in cells.columns]
    return cells.merge(rows[measured], on="cell", sort=False)
