"""The report of a paper: tables as CSV, Markdown and LaTeX, figures as PNG and SVG, and a page of both."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from sweep.analysis import figures
from sweep.errors import PaperError
from sweep.papers import comparison
from sweep.papers.collection import Collection
from sweep.papers.drawing import DRAWS
from sweep.papers.specification import Figure, Paper

PAGE = "report.md"
SCALES = {
    "smoke": "a few seconds a paper, only to see that everything runs",
    "quick": "minutes a paper",
    "full": "the paper's own seeds and epochs",
}


@dataclass(frozen=True)
class Report:
    """The files of a paper's report, made from its specification and the records in `folder` alone."""

    paper: Paper
    collection: Collection

    def texts(self) -> dict[str, str]:
        """The name and content of every file that follows from the records to the last character."""
        files = {PAGE: self._page()}
        for table in self.paper.tables:
            rows = comparison.lines(table, self.collection)
            frame = comparison.frame(table, self.collection)
            files[f"tables/{table.name}.csv"] = frame.to_csv(
                index=False, float_format="%.6g", lineterminator="\n"
            )
            files[f"tables/{table.name}.md"] = comparison.markdown(rows)
            files[f"tables/{table.name}.tex"] = comparison.latex(rows, table.caption)
        return files

    def write(self, folder: Path) -> None:
        """Write the page, the tables and the figures into `folder`."""
        for name, text in self.texts().items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        # The same records give the same file: no date in it, and no random names.
        with mpl.rc_context({"svg.hashsalt": self.paper.name}):
            for figure in self.paper.figures:
                drawn = self._draw(figure)
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

    def _draw(self, figure: Figure) -> Any:
        settings: dict[str, Any] = dict(figure.settings)
        if figure.experiment is not None:
            settings["experiment"] = figure.experiment
        try:
            return DRAWS[figure.draw](self.collection, **settings)
        except TypeError as error:
            if "argument" not in str(error):
                raise
            name = f"reports/{self.paper.name}/paper.yaml: figures.{figure.name}.settings"
            raise PaperError(f"{name}: {str(error).partition('() ')[2]}") from error

    def _page(self) -> str:
        paper, text = self.paper, io.StringIO()
        year = f" ({paper.year})" if paper.year else ""
        text.write(f"# {paper.title}\n\n{paper.authors}{year}. {paper.summary.strip()}\n\n")
        text.write(f"{self._origin()}\n\n")
        if paper.findings:
            text.write("## What came out\n\n")
            text.write("".join(f"- {finding.strip()}\n" for finding in paper.findings) + "\n")
        for table in paper.tables:
            text.write(f"## {table.caption}\n\n")
            text.write(comparison.markdown(comparison.lines(table, self.collection)))
            text.write("\nMean ± standard deviation over n seeds; difference: ours less published.")
            text.write(f" As numbers: [CSV](tables/{table.name}.csv), [LaTeX](tables/{table.name}.tex).\n\n")
        for figure in paper.figures:
            published = f"{figure.published}: " if figure.published else ""
            text.write(f"## {published}{figure.caption}\n\n")
            text.write(f"![{figure.caption}](figures/{figure.name}.png)\n\n{self._seeds(figure)}\n\n")
        text.write("## What the paper leaves open, and what we chose\n\n")
        text.write("".join(f"- {assumption.strip()}\n" for assumption in paper.assumptions) + "\n")
        again = f"python -m sweep.reproduce {paper.name} --scale {self.collection.scale}"
        text.write("## Again\n\n")
        text.write(f"    {again}  # train and report\n")
        text.write(f"    python -m sweep.report {paper.name}  # the report alone, from records.parquet\n")
        return text.getvalue()

    def _origin(self) -> str:
        trials = [self.collection.trials(name) for name in self.paper.experiments]
        count = sum(len(rows) for rows in trials)
        seconds = sum(float((rows["train_seconds"] + rows["evaluation_seconds"]).sum()) for rows in trials)
        scale = self.collection.scale
        return (
            f"Scale `{scale}` ({SCALES[scale]}): {count} trials, {seconds / 60:.2g} minutes of one core."
            " Every number below comes from `records.parquet`, one row a trial."
        )

    def _seeds(self, figure: Figure) -> str:
        if figure.experiment is None:
            return ""
        trials = self.collection.trials(figure.experiment, figure.settings.get("where"))
        epochs = sorted({float(value) for value in trials["epochs"]})
        length = f"{epochs[0]:g}" if len(epochs) == 1 else f"{epochs[0]:g} to {epochs[-1]:g}"
        return f"{figures.note(trials).capitalize()}; {length} epochs."
