"""The manifest of a report: SHA-256 of what it was made from and of what cannot be made again.

Figures are not the same bytes with every version of the packages that draw them; so what was written is
kept as a digest, beside those of the records, measurements and paper.yaml.

[pages] The pages below reports/ that are no paper's: what a sweep left behind, and the benchmarks.

Each has a manifest of its files. The README beside reports/ shows the table of the sweep.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from sweep.core.errors import PaperError
from sweep.report import markdown, terminal
from sweep.report.page import Page as ReportPage
from sweep.report.sweep_page import report_on_store
from sweep.stats.compare import Baseline
from sweep.stats.judge import Criteria
from sweep.system import files

FILE = "manifest.json"
MOST = 2**28  # bytes of a file whose digest is kept


def digest(file: Path) -> str:
    """SHA-256 of a file's content, of a text with \\n at the ends of its lines on every system."""
    content = files.read(file, MOST)
    if file.suffix in (".yaml", ".csv", ".md", ".svg"):
        content = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest()


def write(
    folder: Path, names: Iterable[str], experiments: Mapping[str, list[str]], paper: Path | None
) -> None:
    """Write the digests of the paper.yaml, if any, and of the files `names` in `folder`; and the cells."""
    digests = {name: digest(folder / name) for name in sorted(names)}
    content = {
        "paper.yaml": digest(paper) if paper else None,
        "files": digests,
        "experiments": dict(experiments),
    }
    files.write(folder / FILE, json.dumps(content, indent=1) + "\n")


def differences(
    folder: Path, names: Iterable[str], experiments: Mapping[str, list[str]], paper: Path | None
) -> Iterator[str]:
    """Which files are not those that the report was written with: one line each."""
    file = folder / FILE
    if not file.is_file():
        yield f"{file}: is missing"
        return
    try:
        content = json.loads(files.read(file))
        known, cells, yaml = dict(content["files"]), content["experiments"], content["paper.yaml"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PaperError(f"{file}: not a manifest") from error
    if paper and yaml != digest(paper):
        yield f"{paper}: has changed since {file} was written"
    if cells != experiments:
        yield f"{file}: lists other cells than the records"
    for name in sorted({*names, *known}):
        if not (folder / name).is_file():
            yield f"{folder / name}: is missing"
        elif known.get(name) != digest(folder / name):
            yield f"{folder / name}: is not the file that {file} was written with"


def first_difference(found: str, expected: str) -> str:
    """In one line, the first line of a file's text that is not as expected."""
    lines = zip_longest(found.splitlines(), expected.splitlines(), fillvalue="")
    number, line = next(
        ((number, line) for number, (line, own) in enumerate(lines, 1) if line != own),
        (len(found.splitlines()), "the ends of lines"),
    )
    return f"line {number} does not follow from the records: {line.strip()}"


WIDTH = 80  # characters of the terminal in the README


@dataclass(frozen=True)
class Page:
    """What `sweep.compare --output` left in a folder; `shown` on the README beside reports/ as well."""

    folder: str
    records: str
    criteria: Criteria = Criteria()
    baseline: Baseline = None
    shown: bool = False


_VALIDATION = Criteria("validation_accuracy")
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
    Page("defaults/test", "defaults/finalists.parquet", Criteria(), _BEFORE),
)


def names(folder: Path) -> list[str]:
    """The files of a page, but for its manifest."""
    every = (file for file in folder.rglob("*") if file.is_file() and file.name != FILE)
    return sorted(file.relative_to(folder).as_posix() for file in every)


def write_manifest(folder: Path) -> None:
    """Keep what the page's files are now."""
    write(folder, names(folder), {}, None)


def page_differences(reports: Path) -> Iterator[str]:
    """What in the pages is not as it was written, and what does not follow from their records."""
    for file in sorted(reports.glob(f"*/{FILE}")):
        if not (file.parent / "paper.yaml").is_file():
            yield from differences(file.parent, names(file.parent), {}, None)
    for page in PAGES:
        if (reports / page.records).is_file():
            yield from _of_page(page, reports)


def _of_page(page: Page, reports: Path) -> Iterator[str]:
    made = report_on_store(reports / page.records, {}, page.criteria, baseline=page.baseline).page()
    if (reports / page.folder / "summary.md").read_text(encoding="utf-8") != markdown.render(made):
        yield f"{reports / page.folder / 'summary.md'}: is not what {reports / page.records} gives"
    readme = reports.parent / "README.md"
    if page.shown:
        there = readme.read_text(encoding="utf-8").splitlines()
        for line in _on_terminal(made):
            if line not in there:
                yield f"{readme}: no line {line}, as {reports / page.records} has it"


def _on_terminal(page: ReportPage) -> list[str]:
    screen = io.StringIO()
    terminal.show(page, terminal.Terminal(file=screen, width=WIDTH))
    return [line.rstrip() for line in screen.getvalue().splitlines()]
