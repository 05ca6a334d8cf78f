"""The report of a paper: tables as CSV, Markdown and LaTeX, figures as PNG and SVG, and a page of both."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd

from sweep.analysis import figures
from sweep.errors import PaperError
from sweep.execution.progress import duration
from sweep.papers.collection import EACH_CELL, Collection
from sweep.papers.drawing import DRAWS, SHOWS
from sweep.papers.functions import call
from sweep.papers.specification import SCALES, Figure, Paper
from sweep.papers.tabulating import Tabulated, tabulate

PAGE = "report.md"


@dataclass(frozen=True)
class Report:
    """The files of a paper's report, made from its specification and the records in `folder` alone."""

    paper: Paper
    collection: Collection

    @cached_property
    def _tables(self) -> dict[str, Tabulated]:
        return {
            table.name: call(self._place("tables", table.name), tabulate, table, self.collection)
            for table in self.paper.tables
        }

    def texts(self) -> dict[str, str]:
        """The name and content of every file that follows from the records to the last character."""
        files = {PAGE: self._page()}
        for table in self.paper.tables:
            tabulated = self._tables[table.name]
            files[f"tables/{table.name}.csv"] = tabulated.csv()
            files[f"tables/{table.name}.md"] = tabulated.markdown()
            files[f"tables/{table.name}.tex"] = tabulated.latex(table.caption)
        return files

    def write(self, folder: Path) -> None:
        """Write the page, the tables and the figures into `folder`."""
        for name, text in self.texts().items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        # The same records give the same file: no date in it, and no random names.
        with mpl.rc_context({"svg.hashsalt": self.paper.name, "savefig.bbox": "tight"}):
            for figure in self.paper.figures:
                drawn = self.draw(figure)
                drawn.savefig(folder / "figures" / f"{figure.name}.png", dpi=130)
                drawn.savefig(folder / "figures" / f"{figure.name}.svg", metadata={"Date": None})
                plt.close(drawn)

    def differences(self, folder: Path) -> Iterator[str]:
        """What in `folder` does not follow from the records: one line a file."""
        for name, text in self.texts().items():
            file = folder / name
            if not file.is_file():
                yield f"{file}: is missing"
            elif (found := file.read_text()) != text:
                number, line = next(
                    (number, line)
                    for number, (line, own) in enumerate(
                        zip([*found.splitlines(), ""], [*text.splitlines(), ""], strict=False), 1
                    )
                    if line != own or number > min(len(found.splitlines()), len(text.splitlines()))
                )
                yield f"{file}: line {number} does not follow from the records: {line.strip()}"
        for figure in self.paper.figures:
            for kind in ("png", "svg"):
                file = folder / "figures" / f"{figure.name}.{kind}"
                if not file.is_file():
                    yield f"{file}: is missing"

    def draw(self, figure: Figure) -> Any:
        """The figure, drawn. Raises PaperError where its settings cannot be drawn."""
        draw = DRAWS[figure.draw]
        return call(self._place("figures", figure.name), draw, self.collection, **figure.arguments)

    def _place(self, kind: str, name: str) -> str:
        return f"{self.paper.file}: {kind}.{name}"

    def _page(self) -> str:
        paper, text = self.paper, io.StringIO()
        year = f" ({paper.year})" if paper.year else ""
        text.write(f"# {paper.title}\n\n{paper.authors}{year}. {paper.summary.strip()}\n\n")
        text.write(f"{self._origin()}\n\n")
        if paper.findings:
            text.write("## What came out\n\n")
            text.write("".join(f"- {self._filled(finding)}\n" for finding in paper.findings) + "\n")
            text.write("How many seeds and epochs are behind a number stands beside it in the tables.\n\n")
        for table in paper.tables:
            text.write(f"## {table.caption}\n\n")
            tabulated = self._tables[table.name]
            text.write(f"{tabulated.markdown()}\n{tabulated.note}")
            text.write(f" As numbers: [CSV](tables/{table.name}.csv), [LaTeX](tables/{table.name}.tex).\n\n")
        for figure in paper.figures:
            published = f"{figure.published}: " if figure.published else ""
            text.write(f"## {published}{figure.caption}\n\n")
            text.write(f"![{figure.caption}](figures/{figure.name}.png)\n\n")
            text.write(self._seeds(figure))
        text.write("## What the paper leaves open, and what we chose\n\n")
        text.write("".join(f"- {assumption.strip()}\n" for assumption in paper.assumptions) + "\n")
        again = f"python -m sweep.reproduce {paper.name} --scale {self.collection.scale}"
        text.write("## Again\n\n")
        text.write(f"    {again}  # train and report\n")
        text.write(f"    python -m sweep.report {paper.name}  # the report alone, from records.parquet\n")
        return text.getvalue()

    def _filled(self, finding: str) -> str:
        """A finding with our values in the places of `{table[label]}`."""
        values: dict[str, dict[str | int, str]] = {}
        for name, tabulated in self._tables.items():
            for line in tabulated.lines if "ours" in tabulated.headings else []:
                label, ours = _label(tabulated, line), line[tabulated.headings.index("ours")]
                # Formatting looks up whole numbers as such.
                values.setdefault(name, {})[int(label) if label.isdecimal() else label] = ours
        try:
            return finding.strip().format(**values)
        except (KeyError, IndexError, ValueError) as error:
            place = f"{self.paper.file}: findings"
            raise PaperError(f"{place}: {finding.strip()}: no such table or label: {error}") from error

    def _origin(self) -> str:
        trials = pd.concat([self.collection.trials(name, lines=EACH_CELL) for name in self.paper.experiments])
        trials = trials.drop_duplicates(["cell", "seed"])
        seconds = float((trials["train_seconds"] + trials["evaluation_seconds"]).sum())
        scale = self.collection.scale
        measured = ", or from `measurements/`, which needed no training" if self.paper.measurements else ""
        return (
            f"Scale `{scale}` ({SCALES[scale]}): {len(trials)} trials,"
            f" {duration(seconds)} of one core."
            f" Every number of ours below comes from `records.parquet`, one row a trial{measured}."
        )

    def _seeds(self, figure: Figure) -> str:
        if figure.experiment is None:
            return ""
        chosen = figure.experiment, figure.settings.get("where"), EACH_CELL
        trials = call(self._place("figures", figure.name), self.collection.trials, *chosen)
        epochs = sorted({float(value) for value in trials["epochs_run"]})
        length = f"{epochs[0]:.3g}" if len(epochs) == 1 else f"{epochs[0]:.3g} to {epochs[-1]:.3g}"
        note = figures.note(trials)
        if figure.draw in SHOWS:
            note = f"{SHOWS[figure.draw]}, n = {trials.groupby('cell')['seed'].nunique().min()}"
        elif len(epochs) > 1:
            note += "; where a seed has stopped, the line goes on with the others"
        return f"{note.capitalize()}; {length} epochs.\n\n"


def _label(tabulated: Tabulated, line: Sequence[str]) -> str:
    """What tells a line apart: all that stands before the published value, or else before ours."""
    first = "published" if "published" in tabulated.headings else "ours"
    return ", ".join(line[: tabulated.headings.index(first)])
