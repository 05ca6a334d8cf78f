"""The report of a paper: written from its records, and checked against them.

A report has tables as CSV, Markdown and LaTeX, figures as PNG and SVG, and a page that shows both. Every
text in it follows from the specification, the packed records and the measurements to the last character.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd

from sweep.core.formats import duration
from sweep.papers import read
from sweep.papers.collection import EACH_CELL, FILE, Collection, call, missing
from sweep.papers.drawing import FIGURES, SEEDS_SHOWN
from sweep.papers.findings import findings_section
from sweep.papers.manifest import first_difference, manifest_differences, write_manifest
from sweep.papers.measuring import MEASURES
from sweep.papers.protocol import experiment_differences, share
from sweep.papers.read import REPORTS, Vocabulary
from sweep.papers.specification import SCALES, Paper, PaperFigure, PaperTable
from sweep.papers.tables import TABLES, ReportTable, make_table
from sweep.report import figures, latex, markdown, saving
from sweep.report.figures import style
from sweep.report.page import Block, Commands, Figure, Page, Section, Sentences
from sweep.stats.trials import mixture_in_means
from sweep.store.schema import TRIAL
from sweep.system import files

PAGE = "report.md"
MOST_PAGE = 2**26  # bytes
# The page shows the PNG: on GitHub some browsers omit images inside an SVG, such as digits.
FORMATS: dict[str, dict[str, Any]] = {"png": {"dpi": 130}, "svg": {}}


@dataclass(frozen=True)
class PaperReport:
    """The report of a paper, made from its specification, packed records and measurements alone."""

    paper: Paper
    collection: Collection

    @cached_property
    def _tables(self) -> dict[str, ReportTable]:
        return {
            table.name: call(self._location("tables", table.name), make_table, table, self.collection)
            for table in self.paper.tables
        }

    def texts(self) -> dict[str, str]:
        """Return every file that follows from the records to the last character, by its name."""
        texts = {PAGE: markdown.render(self.page())}
        for table in self.paper.tables:
            result = self._tables[table.name]
            texts[f"tables/{table.name}.csv"] = result.csv()
            texts[f"tables/{table.name}.md"] = markdown.table(result.table.columns)
            caption = f"{self._table_label(table)}{table.caption}"
            texts[f"tables/{table.name}.tex"] = latex.table(result.table.columns, caption)
        return texts

    def write(self, folder: Path) -> None:
        """Write the page, the tables, the figures and the manifest into `folder`.

        Raises PaperError if a measurement has not been made.
        """
        for measurement in self.paper.measurements:
            file = folder / "measurements" / f"{measurement.name}.csv"
            if not file.is_file():
                raise missing(file)
        for name, text in self.texts().items():
            files.write(folder / name, text)
        # Without a salt an SVG would hold random names, and the same records would give different files.
        with style.applied(), mpl.rc_context({"svg.hashsalt": self.paper.name, "savefig.bbox": "tight"}):
            for figure in self.paper.figures:
                drawn = self.draw(figure)
                for kind, settings in FORMATS.items():
                    file = folder / "figures" / f"{figure.name}.{kind}"
                    files.write(file, saving.content(drawn, kind, **settings))
                plt.close(drawn)
        write_manifest(folder, self._digested(), self.collection.experiments, paper=self.paper.file)

    def differences(self, folder: Path) -> Iterator[str]:
        """Yield one line for each mismatch between the files in `folder`, the records and the experiments."""
        for name, text in self.texts().items():
            file = folder / name
            if not file.is_file():
                yield f"{file} is missing"
            elif (stored := files.read(file, MOST_PAGE).decode("utf-8", "replace")) != text:
                yield f"{file} does not match {FILE} in {first_difference(stored, text)}"
        cells, paper = self.collection.experiments, self.paper.file
        yield from manifest_differences(folder, self._digested(), cells, paper=paper)
        yield from experiment_differences(self.paper, self.collection)

    def _digested(self) -> list[str]:
        """List the files whose digests are in the manifest: records, measurements and figures."""
        figures = [f"figures/{figure.name}.{kind}" for figure in self.paper.figures for kind in FORMATS]
        return [FILE, *(f"measurements/{item.name}.csv" for item in self.paper.measurements), *figures]

    def draw(self, figure: PaperFigure) -> Any:
        """Draw a figure. Raises PaperError if its settings cannot be drawn."""
        draw = FIGURES[figure.draw]
        return call(self._location("figures", figure.name), draw, self.collection, **figure.arguments)

    def _location(self, kind: str, name: str) -> str:
        return f"{self.paper.file}: {kind}.{name}"

    def page(self) -> Page:
        """Return the page: findings, tables, figures, assumptions, and the commands that made it."""
        paper = self.paper
        year = f" ({paper.year})" if paper.year else ""
        blocks: list[Block] = [
            Sentences([f"{paper.authors}{year}. {_unfolded(paper.summary)}", self._origin()])
        ]
        if paper.findings:
            lines = {name: result.parts for name, result in self._tables.items()}
            blocks.append(findings_section(paper, self.collection.scale, lines))
        blocks += [self._table_section(table) for table in paper.tables]
        blocks += [self._figure_section(figure) for figure in paper.figures]
        assumptions = Sentences(list(map(_unfolded, paper.assumptions)), bullets=True)
        blocks.append(Section("What the paper does not say, and what we chose", [assumptions]))
        commands = [
            f"sweep reproduce {paper.name} --scale {self.collection.scale}  # train, then write the report",
            f"sweep report {paper.name}  # write the report from {FILE}",
        ]
        blocks.append(Section("Reproduce this report", [Commands(commands)]))
        return Page(_unfolded(paper.title), blocks)

    def _table_section(self, table: PaperTable) -> Section:
        result, label = self._tables[table.name].table, self._table_label(table)
        caption = _unfolded(result.caption)
        caption = f"{label}{caption[0].lower()}{caption[1:]}" if label else caption
        links = {"CSV": f"tables/{table.name}.csv", "LaTeX": f"tables/{table.name}.tex"}
        return Section(_unfolded(table.caption), [replace(result, caption=caption, links=links)])

    def _figure_section(self, figure: PaperFigure) -> Section:
        published, caption = (f"{figure.published}: " if figure.published else ""), _unfolded(figure.caption)
        file, links = f"figures/{figure.name}.png", {"SVG": f"figures/{figure.name}.svg"}
        drawing = Figure(file, caption, note=self._figure_note(figure), links=links)
        return Section(f"{published}{caption}", [drawing])

    def _origin(self) -> str:
        """Say how much was trained, in how much time, and where the numbers come from."""
        trials = pd.concat([self.collection.trials(name, lines=EACH_CELL) for name in self.paper.experiments])
        trials = trials.drop_duplicates(["cell", "seed"])
        seconds = float((trials["train_seconds"] + trials["evaluation_seconds"]).sum())
        scale = self.collection.scale
        doubts = ""
        # Records of schema 1 do not hold the name of the engine.
        if older := int((trials["schema"] < 2).sum()):
            doubts = f" {older} of the trials are older records, which do not name the engine that ran."
        if mixed := mixture_in_means(trials):
            engines = mixed.partition(": ")[2]
            doubts += f" Some means are over trials of different engines: {engines}."
        measured = ", or from measurements/, which needs no training" if self.paper.measurements else ""
        return (
            f"Scale {scale} ({SCALES[scale]}): {len(trials)} trials, {duration(seconds)} on one core."
            f" {share(self.paper, self.collection)}"
            f" Every number of ours comes from {FILE}, which has one row per trial{measured}.{doubts}"
        )

    def _figure_note(self, figure: PaperFigure) -> str:
        """Say what a figure shows of the seeds, and for how many epochs."""
        if figure.experiment is None or SEEDS_SHOWN.get(figure.draw) == "":
            return ""
        selection = figure.experiment, figure.settings.get("where"), EACH_CELL
        trials = call(self._location("figures", figure.name), self.collection.trials, *selection)
        epochs = sorted({float(value) for value in trials["epochs_run"]})
        length = f"{epochs[0]:.3g}" if len(epochs) == 1 else f"{epochs[0]:.3g} to {epochs[-1]:.3g}"
        note = figures.note(trials)
        if figure.draw in SEEDS_SHOWN:
            seeds = trials.groupby("cell")["seed"].nunique().min()
            note = SEEDS_SHOWN[figure.draw].format(seeds) if seeds > 1 else "one seed"
        elif len(epochs) > 1:
            note += "; a seed that has stopped keeps its last value"
        label = self._data_label({figure.experiment})
        return f"{label}{note if label else note.capitalize()}; {length} epochs."

    def _table_label(self, table: PaperTable) -> str:
        """Name the data behind a table, see `_data_label`."""
        return self._data_label({row.experiment for row in table.rows} | {table.settings.get("experiment")})

    def _data_label(self, experiments: Iterable[str | None]) -> str:
        """Name the data of these experiments, with a colon; older records name none, then it is empty."""
        trials = [self.collection.trials(name, lines=EACH_CELL) for name in experiments if name]
        labels = {label for rows in trials for label in rows["data_label"].dropna()}
        return f"{labels.pop()}: " if len(labels) == 1 else ""


def _unfolded(text: str) -> str:
    """Return a text of paper.yaml, which may have several lines there, as one line."""
    return " ".join(text.split())


VOCABULARY = Vocabulary(FIGURES, TABLES, MEASURES, TRIAL.names)


def read_papers(name: str, reports: Path = REPORTS) -> list[Paper]:
    """Read the paper of this name, or all papers, those in the folder `reports` first.

    Raises PaperError if a paper is unknown or its file has a mistake.
    """
    names = read.names(reports) if name == "all" else [name]
    return [read.read(name, VOCABULARY, reports) for name in names]
