"""The pages below reports/ that are no paper's: what a sweep left behind, and the benchmarks.

Each has a manifest of its files. The README beside reports/ shows the table of the sweep.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sweep.analysis.comparing import judged_page
from sweep.analysis.judged_page import JudgedPage
from sweep.analysis.statistics.comparison import Baseline
from sweep.analysis.statistics.terms import Terms
from sweep.papers import manifest

WIDTH = 80  # characters of the terminal in the README


@dataclass(frozen=True)
class Page:
    """What `sweep.compare --output` left in a folder; `shown` on the README beside reports/ as well."""

    folder: str
    records: str
    terms: Terms = Terms()
    baseline: Baseline = None
    shown: bool = False


_VALIDATION = Terms("validation_accuracy")
# The defaults of sweep before reports/defaults.
_BEFORE = {
    "hidden": 128,
    "initializer": "he",
    "learning_rate": 0.1,
    "batch_size": 128,
    "data.normalization": "image",
}
PAGES = (
    Page("widths", "widths/records.parquet", shown=True),
    Page("defaults/screening", "defaults/choice.parquet", _VALIDATION, _BEFORE),
    Page("defaults/validation", "defaults/finalists.parquet", _VALIDATION, _BEFORE),
    Page("defaults/test", "defaults/finalists.parquet", Terms(), _BEFORE),
)


def names(folder: Path) -> list[str]:
    """The files of a page, but for its manifest."""
    every = (file for file in folder.rglob("*") if file.is_file() and file.name != manifest.FILE)
    return sorted(file.relative_to(folder).as_posix() for file in every)


def write_manifest(folder: Path) -> None:
    """Keep what the page's files are now."""
    manifest.write(folder, names(folder), {}, None)


def differences(reports: Path) -> Iterator[str]:
    """What in the pages is not as it was written, and what does not follow from their records."""
    for file in sorted(reports.glob(f"*/{manifest.FILE}")):
        if not (file.parent / "paper.yaml").is_file():
            yield from manifest.differences(file.parent, names(file.parent), {}, None)
    for page in PAGES:
        if (reports / page.records).is_file():
            yield from _of_page(page, reports)


def _of_page(page: Page, reports: Path) -> Iterator[str]:
    made = judged_page(reports / page.records, {}, page.terms, page.baseline)
    if (reports / page.folder / "summary.md").read_text(encoding="utf-8") != made.markdown():
        yield f"{reports / page.folder / 'summary.md'}: is not what {reports / page.records} gives"
    readme = reports.parent / "README.md"
    if page.shown:
        there = readme.read_text(encoding="utf-8").splitlines()
        for line in _on_terminal(made):
            if line not in there:
                yield f"{readme}: no line {line}, as {reports / page.records} has it"


def _on_terminal(made: JudgedPage) -> list[str]:
    terminal = Console(file=io.StringIO(), width=WIDTH, markup=False, highlight=False, emoji=False)
    made.show(terminal)
    assert isinstance(terminal.file, io.StringIO)
    return [line.rstrip() for line in terminal.file.getvalue().splitlines()]
