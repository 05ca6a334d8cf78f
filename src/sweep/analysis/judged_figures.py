"""The figures of a judged sweep, and what is said of them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console

from sweep.analysis import figures
from sweep.analysis.cell_names import name_of, names_apart
from sweep.analysis.figures.differences import draw_differences
from sweep.analysis.figures.digits import draw_digits
from sweep.analysis.figures.material import Planned
from sweep.analysis.judged_sweep import JudgedSweep
from sweep.config.tables import FIGURES
from sweep.errors import visible


def draw_figures(
    judged: JudgedSweep,
    cells: pd.DataFrame,
    curves: pd.DataFrame,
    axes: Sequence[str],
    settings: str,
    folder: Path,
    console: Console,
    formats: Sequence[str] = ("png",),
    everything: bool = False,
) -> None:
    """Draw the figures into `folder`; print which were drawn, and which were not and why, a line each.

    `cells` has a row for each cell: `cell`, and its values of the `axes` as the user wrote them. `curves` are
    those of `sweep.curves`, `settings` is the text of what all cells share.
    """
    found = judged.comparisons
    table, name = (found.table, _baseline(judged, axes)) if found else (pd.DataFrame(), "")
    drawn = figures.draw_all(
        _with(cells, judged.trials),
        _with(cells, curves),
        axes,
        folder,
        formats,
        visible(settings),
        figures.Against(table, visible(name), judged.terms),
        everything,
        [*_effects(judged, settings), *_digits(judged, axes), *_registered(judged, cells)],
    )
    names = ", ".join(dict.fromkeys(file.stem for file in drawn.files))
    if names:
        endings = ", ".join(f".{ending}" for ending in formats)
        console.print(f"figures: {visible(str(folder))}: {names} ({endings})", soft_wrap=True)
    if drawn.left_out:
        console.print(visible(f"not drawn: {'; '.join(drawn.left_out)}"), soft_wrap=True)


def _effects(judged: JudgedSweep, settings: str) -> list[Planned]:
    """The figure of the main effects, where several settings vary."""
    effects = judged.effects
    if effects.empty:
        return []
    labels = [f"{row['value']} against {row['against']}" for row in effects.to_dict("records")]
    title, groups = "main effects, means over all other settings", list(map(visible, effects["setting"]))
    own = partial(draw_differences, list(map(visible, labels)), effects, judged.terms, title, groups=groups)
    return [Planned("effects", partial(own, caption=visible(settings)))]


def _digits(judged: JudgedSweep, axes: Sequence[str]) -> list[Planned]:
    """The figure of the single examples that make a difference, where any does."""
    if judged.digits is None or judged.digits.found.not_drawn:
        return []
    names = names_apart(judged.summary, axes, judged.digits.cell, judged.digits.baseline)
    return [Planned("digits", partial(draw_digits, judged.digits.found, *map(visible, names)))]


def _registered(judged: JudgedSweep, cells: pd.DataFrame) -> list[Planned]:
    """The figures of the user's own."""

    def drawn(draw: Callable[[pd.DataFrame, Figure], object]) -> Figure:
        figure = Figure()
        draw(_with(cells, judged.trials), figure)
        return figure

    return [Planned(name, partial(drawn, draw)) for name, draw in FIGURES.items()]


def _baseline(judged: JudgedSweep, axes: Sequence[str]) -> str:
    """What figures call the baseline."""
    assert judged.comparisons is not None
    name = name_of(judged.summary, axes, judged.comparisons.baseline)
    return f"the best on validation, {name}" if judged.comparisons.chosen_by else name


def _with(cells: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the swept settings of their cells, as they were given."""
    measured = [name for name in rows.columns if name == "cell" or name not in cells.columns]
    return cells.merge(rows[measured], on="cell", sort=False)
