"""A judged sweep as people read it: on the terminal, and as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from sweep import files
from sweep.analysis import escaping, tables
from sweep.analysis.effect_statements import EFFECT_HEADINGS, effect_lines, interaction_lines
from sweep.analysis.judged_sweep import JudgedSweep
from sweep.analysis.statements import baseline_heading, statements
from sweep.analysis.tables import Measure
from sweep.analysis.terminal import Column, fitted
from sweep.errors import visible

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
        return tables.columns(judged.summary, self.axes, judged.terms, baseline_heading(judged, self.axes))

    def _caption(self) -> str:
        bold = "among_best" in self.judged.summary
        text = tables.caption(self.settings)
        return escaping.markdown(f"{text}; bold: the best, and what is not told from it" if bold else text)

    def _effects(self) -> list[Column]:
        lines = effect_lines(self.judged.effects, Measure.of(self.judged.terms.metric))
        return tables.text_columns(EFFECT_HEADINGS, lines, names=2) if lines else []

    def _of_effects(self) -> list[str]:
        effects = self.judged.effects
        text = "Main effects: mean differences over all other settings of the sweep"
        text += f", corrected for {len(effects)} (Holm)" if len(effects) > 1 else ""
        measure = Measure.of(self.judged.terms.metric)
        return [text, *interaction_lines(self.judged.interactions, measure)]


def _first(column: Column, count: int) -> Column:
    return Column(column.heading, column.texts[:count], column.name, column.right)


def _write_table(table: pd.DataFrame, file: Path) -> None:
    # Bytes of a path that are not Unicode text are written as \udcNN.
    with files.replacing(file) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8", errors="backslashreplace", lineterminator="\n")
