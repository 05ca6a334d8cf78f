"""The report of a paper: tables as CSV, Markdown and LaTeX, figures as PNG and SVG, and a page of both.

[catalogue] The papers that there are.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd

from sweep.core.errors import PaperError
from sweep.core.formats import duration
from sweep.papers import manifest, protocol, read
from sweep.papers.collection import EACH_CELL, FILE, Collection, call, missing
from sweep.papers.drawing import FIGURES, SEEDS_SHOWN
from sweep.papers.findings import filled
from sweep.papers.measuring import MEASURES
from sweep.papers.protocol import share
from sweep.papers.read import REPORTS, Vocabulary
from sweep.papers.specification import SCALES, Figure, Paper, Table
from sweep.papers.tables import TABLES, Tabulated, tabulate
from sweep.report import figures, saving
from sweep.report.figures import style
from sweep.report.markdown import paragraph
from sweep.stats.trials import mixture_in_means
from sweep.store.schema import TRIAL
from sweep.system import files

PAGE = "report.md"
MOST_PAGE = 2**26  # bytes
# The page shows the PNG: on GitHub some browsers leave out images inside an SVG, such as digits.
FORMATS: dict[str, dict[str, Any]] = {"png": {"dpi": 130}, "svg": {}}


@dataclass(frozen=True)
class Report:
    """A paper's report, made from its specification, its packed records and its measurements alone."""

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
            files[f"tables/{table.name}.tex"] = tabulated.latex(f"{self._data_of(table)}{table.caption}")
        return files

    def write(self, folder: Path) -> None:
        """Write the page, the tables, the figures and the manifest into `folder`.

        Raises PaperError when a measurement has not been made.
        """
        for measurement in self.paper.measurements:
            file = folder / "measurements" / f"{measurement.name}.csv"
            if not file.is_file():
                raise missing(file)
        for name, text in self.texts().items():
            files.write(folder / name, text)
        # The same records give the same file: an SVG would otherwise hold a date and random names.
        with style.applied(), mpl.rc_context({"svg.hashsalt": self.paper.name, "savefig.bbox": "tight"}):
            for figure in self.paper.figures:
                drawn = self.draw(figure)
                for kind, settings in FORMATS.items():
                    file = folder / "figures" / f"{figure.name}.{kind}"
                    files.write(file, saving.content(drawn, kind, **settings))
                plt.close(drawn)
        manifest.write(folder, self._kept(), self.collection.experiments, self.paper.file)

    def differences(self, folder: Path) -> Iterator[str]:
        """What in `folder` does not follow from the records, or they from the experiments: one line each."""
        for name, text in self.texts().items():
            file = folder / name
            if not file.is_file():
                yield f"{file}: is missing"
            elif (found := files.read(file, MOST_PAGE).decode("utf-8", "replace")) != text:
                yield f"{file}: {manifest.first_difference(found, text)}"
        yield from manifest.differences(folder, self._kept(), self.collection.experiments, self.paper.file)
        yield from protocol.differences(self.paper, self.collection)

    def _kept(self) -> list[str]:
        """The files whose digests the manifest keeps: records, measurements and figures."""
        figures = [f"figures/{figure.name}.{kind}" for figure in self.paper.figures for kind in FORMATS]
        return [FILE, *(f"measurements/{each.name}.csv" for each in self.paper.measurements), *figures]

    def draw(self, figure: Figure) -> Any:
        """The figure, drawn. Raises PaperError where its settings cannot be drawn."""
        draw = FIGURES[figure.draw]
        return call(self._place("figures", figure.name), draw, self.collection, **figure.arguments)

    def _place(self, kind: str, name: str) -> str:
        return f"{self.paper.file}: {kind}.{name}"

    def _page(self) -> str:
        paper, text = self.paper, io.StringIO()
        year = f" ({paper.year})" if paper.year else ""
        text.write(f"# {paragraph(paper.title)}\n\n")
        text.write(f"{paragraph(f'{paper.authors}{year}. {paper.summary}')}\n\n")
        text.write(f"{self._origin()}\n\n")
        text.write(self._findings())
        for table in paper.tables:
            text.write(f"## {paragraph(table.caption)}\n\n")
            tabulated = self._tables[table.name]
            text.write(f"{tabulated.markdown()}\n{paragraph(f'{self._data_of(table)}{tabulated.note}')}")
            text.write(f" As numbers: [CSV](tables/{table.name}.csv), [LaTeX](tables/{table.name}.tex).\n\n")
        for figure in paper.figures:
            published = f"{figure.published}: " if figure.published else ""
            text.write(f"## {paragraph(f'{published}{figure.caption}')}\n\n")
            text.write(f"![{paragraph(figure.caption)}](figures/{figure.name}.png)\n\n")
            vectors = paragraph(f"{self._seeds(figure)}As vectors:")
            text.write(f"{vectors} [SVG](figures/{figure.name}.svg).\n\n")
        text.write("## What the paper leaves open, and what we chose\n\n")
        text.write("".join(f"- {paragraph(assumption)}\n" for assumption in paper.assumptions) + "\n")
        again = f"python -m sweep.reproduce {paper.name} --scale {self.collection.scale}"
        text.write("## Again\n\n")
        text.write(f"    {again}  # train and report\n")
        text.write(f"    python -m sweep.report {paper.name}  # the report alone, from records.parquet\n")
        return text.getvalue()

    def _findings(self) -> str:
        """The findings at the scale of the records, and a line on those that belong to other scales."""
        own = [finding for finding in self.paper.findings if finding.scale == self.collection.scale]
        others = {each.scale: None for each in self.paper.findings if each not in own}
        if not self.paper.findings:
            return ""
        lines = [f"- {paragraph(self._filled(finding.text))}\n" for finding in own]
        text = "## What came out\n\n" + "".join(lines) + ("\n" if own else "")
        if others:
            scales = " and ".join(f"`{scale}`" for scale in others)
            text += f"What came out at scale {scales} is left out here: these are other trials.\n\n"
        if own:
            text += "How many seeds and epochs are behind a number stands beside it in the tables.\n\n"
        return text

    def _filled(self, text: str) -> str:
        """A finding with values in the places of its placeholders."""
        lines = {name: dict(tabulated.parts) for name, tabulated in self._tables.items()}
        given = {name: {"": str(value)} for name, value in self.paper.given.items()}
        try:
            return filled(text.strip(), {**lines, "given": given})
        except PaperError as error:
            raise PaperError(f"{self.paper.file}: findings: {error}") from error

    def _origin(self) -> str:
        trials = pd.concat([self.collection.trials(name, lines=EACH_CELL) for name in self.paper.experiments])
        trials = trials.drop_duplicates(["cell", "seed"])
        seconds = float((trials["train_seconds"] + trials["evaluation_seconds"]).sum())
        scale = self.collection.scale
        older = int((trials["schema"] < 2).sum())
        lacking = (
            f" {older} of the trials are older records, which do not name the engine that ran."
            if older
            else ""
        )
        if mixed := mixture_in_means(trials):
            lacking += f" Some means are over {mixed.replace(' stand in this table', '')}."
        measured = ", or from `measurements/`, which needed no training" if self.paper.measurements else ""
        return (
            f"Scale `{scale}` ({SCALES[scale]}): {len(trials)} trials,"
            f" {duration(seconds)} of one core."
            f" {share(self.paper, self.collection)}"
            f" Every number of ours below comes from `records.parquet`, one row a trial{measured}.{lacking}"
        )

    def _seeds(self, figure: Figure) -> str:
        if figure.experiment is None or SEEDS_SHOWN.get(figure.draw) == "":
            return ""
        chosen = figure.experiment, figure.settings.get("where"), EACH_CELL
        trials = call(self._place("figures", figure.name), self.collection.trials, *chosen)
        epochs = sorted({float(value) for value in trials["epochs_run"]})
        length = f"{epochs[0]:.3g}" if len(epochs) == 1 else f"{epochs[0]:.3g} to {epochs[-1]:.3g}"
        note = figures.note(trials)
        if figure.draw in SEEDS_SHOWN:
            note = f"{SEEDS_SHOWN[figure.draw]}, n = {trials.groupby('cell')['seed'].nunique().min()}"
        elif len(epochs) > 1:
            note += "; a seed that has stopped keeps its last value"
        label = self._label({figure.experiment})
        return f"{label}{note if label else note.capitalize()}; {length} epochs. "

    def _data_of(self, table: Table) -> str:
        """What the data behind a table are called, see `_label`."""
        return self._label({row.experiment for row in table.rows} | {table.settings.get("experiment")})

    def _label(self, experiments: Iterable[str | None]) -> str:
        """What the data of these experiments are called, with a colon; nothing where records do not say."""
        trials = [self.collection.trials(name, lines=EACH_CELL) for name in experiments if name]
        found = {label for each in trials for label in each["data_label"].dropna()}
        return f"{found.pop()}: " if len(found) == 1 else ""


VOCABULARY = Vocabulary(FIGURES, TABLES, MEASURES, TRIAL.names)


def papers(name: str, reports: Path = REPORTS) -> list[Paper]:
    """The paper of this name, or all, those in `reports` first.

    Raises PaperError when one is unknown or not as it must be.
    """
    wanted = read.names(reports) if name == "all" else [name]
    return [read.read(each, VOCABULARY, reports) for each in wanted]
