"""A judged sweep as people read it: on the terminal, and as files.

[comparing] What `python -m sweep.compare` does: stored cells are compared, nothing is trained.

[judged_figures] The figures of a judged sweep, and what is said of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console

from sweep.config.tables import FIGURES
from sweep.core.errors import TrialsError, nearest, visible
from sweep.report import figures, tables, terminal
from sweep.report.figures.differences import draw_differences
from sweep.report.figures.digits import draw_digits
from sweep.report.figures.plan import Planned
from sweep.report.judged import JudgedSweep, judge_sweep
from sweep.report.sentences import (
    EFFECT_HEADINGS,
    baseline_heading,
    effect_lines,
    interaction_lines,
    name_of,
    names_apart,
    statements,
)
from sweep.report.tables import Measure
from sweep.report.terminal import Column, fitted
from sweep.stats.compare import Baseline, check_comparable
from sweep.stats.judge import Criteria
from sweep.stats.trials import METRICS, axes_of, by_axes, matching, mixture
from sweep.store.load import load, load_curves
from sweep.system import files

MOST_EFFECTS = 20  # rows on the terminal; the files have all


@dataclass(frozen=True)
class JudgedPage:
    """The table of a sweep, the sentences below it, and its effects.

    `settings` is what all cells share, and `mixture` what must be said if trials were not computed alike.
    """

    judged: JudgedSweep
    axes: Sequence[str]
    settings: str = ""
    mixture: str | None = None

    def show(self, console: Console) -> None:
        """Print the page."""
        if self.settings:
            console.print(visible(self.settings))
        table, left_out = fitted(self._columns(), console.width)
        console.print(table)
        if left_out:
            console.print(f"also in summary.csv: {', '.join(left_out)}")
        said = [visible(line) for line in statements(self.judged, self.axes)]
        if said:
            console.print("", *said, sep="\n")
        effects = self._effects()
        if effects:
            console.print()
            console.print(fitted([_first(column, MOST_EFFECTS) for column in effects], console.width)[0])
            if len(self.judged.effects) > MOST_EFFECTS:
                console.print(f"... and {len(self.judged.effects) - MOST_EFFECTS} more in effects.csv")
            console.print(*(visible(line) for line in self._of_effects()), sep="\n")
        console.print()
        if self.mixture:
            console.print(visible(self.mixture), soft_wrap=True)

    def write(self, folder: Path) -> None:
        """Write summary.csv, .md and .tex, and as CSV all comparisons, effects and interactions."""
        folder.mkdir(parents=True, exist_ok=True)
        _write_table(self.judged.summary, folder / "summary.csv")
        files.write(folder / "summary.md", self.markdown())
        files.write(folder / "summary.tex", self.latex())
        for name, table in {
            "comparisons": self.judged.pairs,
            "effects": self.judged.effects,
            "interactions": self.judged.interactions,
            "classes": self.judged.digits.found.classes if self.judged.digits else pd.DataFrame(),
            "digits": self.judged.digits.found.decisive if self.judged.digits else pd.DataFrame(),
        }.items():
            if len(table):
                _write_table(table, folder / f"{name}.csv")
            else:
                (folder / f"{name}.csv").unlink(missing_ok=True)

    def markdown(self) -> str:
        """The page in Markdown."""
        parts = [tables.markdown_columns(self._columns()), f"{self._caption()}.\n"]
        said = list(statements(self.judged, self.axes))
        parts += [tables.markdown_list(said)] if said else []
        if effects := self._effects():
            parts.append(tables.markdown_columns(effects))
            parts.append(tables.markdown_list(self._of_effects()))
        return "\n".join(parts)

    def latex(self) -> str:
        """The tables in LaTeX."""
        said = list(statements(self.judged, self.axes))
        text = tables.latex(self._columns(), tables.caption(self.settings), said)
        if effects := self._effects():
            first, *rest = self._of_effects()
            text += "\n" + tables.latex(effects, first, rest)
        return text

    def _columns(self) -> list[Column]:
        judged = self.judged
        return tables.columns(judged.summary, self.axes, judged.criteria, baseline_heading(judged, self.axes))

    def _caption(self) -> str:
        bold = "among_best" in self.judged.summary
        text = tables.caption(self.settings)
        return terminal.markdown(f"{text}; bold: the best, and what is not told from it" if bold else text)

    def _effects(self) -> list[Column]:
        lines = effect_lines(self.judged.effects, Measure.of(self.judged.criteria.metric))
        return tables.text_columns(EFFECT_HEADINGS, lines, names=2) if lines else []

    def _of_effects(self) -> list[str]:
        effects = self.judged.effects
        text = "Main effects: mean differences over all other settings of the sweep"
        text += f", corrected for {len(effects)} (Holm)" if len(effects) > 1 else ""
        measure = Measure.of(self.judged.criteria.metric)
        return [text, *interaction_lines(self.judged.interactions, measure)]


def _first(column: Column, count: int) -> Column:
    return Column(column.heading, column.texts[:count], column.name, column.right)


def _write_table(table: pd.DataFrame, file: Path) -> None:
    # Bytes of a path that are not Unicode text are written as \udcNN.
    with files.replacing(file) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8", errors="backslashreplace", lineterminator="\n")


def judged_page(
    results: Path, where: Mapping[str, Sequence[Any]], criteria: Criteria, baseline: Baseline
) -> JudgedPage:
    """The stored cells whose settings are among those of `where`, judged against the baseline.

    Raises SweepError where nothing is stored, no cell has these settings, or they were tested on different
    examples.
    """
    if criteria.metric not in METRICS:
        names = ", ".join(METRICS)
        raise TrialsError(
            f"metric={criteria.metric}: must be one of {names}{nearest(str(criteria.metric), METRICS)}"
        )
    trials = load(results, bits=criteria.metric == "test_accuracy")
    if trials.empty:
        raise TrialsError(f"{results}: no records; python -m sweep trains some")
    trials = matching(trials, where)
    check_comparable(trials, criteria.metric)
    axes = axes_of(trials, [str(name) for name in trials.columns[2 : list(trials).index("status")]])
    cells = by_axes(trials[["cell", *axes]].drop_duplicates(), axes)
    trials = trials.set_index("cell").loc[cells["cell"].unique()].reset_index()
    label = ", ".join(dict.fromkeys(str(name) for name in trials["data_label"].dropna()))
    judged = judge_sweep(trials, cells, axes, criteria, baseline)
    if judged.reason:
        raise TrialsError(judged.reason)
    return JudgedPage(judged, axes, label, mixture(trials))


def draw_page(page: JudgedPage, results: Path, folder: Path, console: Console) -> None:
    """Draw the figures of a page into `folder`."""

    cells = page.judged.summary[["cell", *page.axes]]
    curves = load_curves(results, cells["cell"])
    draw_figures(page.judged, cells, curves, page.axes, page.settings, folder, console)


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
        folder=folder,
        formats=formats,
        settings=visible(settings),
        against=figures.BaselineComparison(table, visible(name), judged.criteria),
        everything=everything,
        beside=[*_effects(judged, settings), *_digits(judged, axes), *_registered(judged, cells)],
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
    own = partial(
        draw_differences, list(map(visible, labels)), effects, judged.criteria, title=title, groups=groups
    )
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
