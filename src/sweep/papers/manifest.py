"""The manifest of a report: SHA-256 digests of its inputs and of the files that cannot be made again exactly.

Figures differ in their bytes between versions of the packages that draw them, so `--check` compares them
with the digests of the figures as they were written. Records, measurements and paper.yaml have digests as
well.

The pages below reports/ that belong to no paper, those of sweeps and of the benchmarks, have manifests of
all their files. The README beside reports/ shows the table of one of these sweeps.
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
from sweep.report.page import Page
from sweep.report.sweep_page import report_on_store
from sweep.stats.compare import Baseline
from sweep.stats.judge import Criteria
from sweep.system import files

FILE = "manifest.json"
MOST = 2**28  # bytes of a file in a manifest


def digest(file: Path) -> str:
    """Return the SHA-256 of a file; a text counts with \\n at the ends of its lines, whatever the system."""
    content = files.read(file, MOST)
    if file.suffix in (".yaml", ".csv", ".md", ".svg"):
        content = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest()


def write_manifest(
    folder: Path, names: Iterable[str], experiments: Mapping[str, list[str]], *, paper: Path | None
) -> None:
    """Write the digests of paper.yaml (if any) and of the files `names` in `folder`, and the cells."""
    digests = {name: digest(folder / name) for name in sorted(names)}
    content = {
        "paper.yaml": digest(paper) if paper else None,
        "files": digests,
        "experiments": dict(experiments),
    }
    files.write(folder / FILE, json.dumps(content, indent=1) + "\n")


def manifest_differences(
    folder: Path, names: Iterable[str], experiments: Mapping[str, list[str]], *, paper: Path | None
) -> Iterator[str]:
    """Yield one line for each file that is not the one that the report was written with."""
    file = folder / FILE
    if not file.is_file():
        yield f"{file} is missing"
        return
    try:
        content = json.loads(files.read(file))
        digests, cells, yaml = dict(content["files"]), content["experiments"], content["paper.yaml"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PaperError(f"{file}: not a manifest") from error
    if paper and yaml != digest(paper):
        yield f"{paper} has changed since {file} was written"
    if cells != experiments:
        yield f"{file} and the records list different cells"
    for name in sorted({*names, *digests}):
        if not (folder / name).is_file():
            yield f"{folder / name} is missing"
        elif digests.get(name) != digest(folder / name):
            yield f"{folder / name} does not match its digest in {file}"


def first_difference(text: str, expected: str) -> str:
    """Return the first line of a text that is not as expected, with its number: `line 3: ...`."""
    lines = zip_longest(text.splitlines(), expected.splitlines(), fillvalue="")
    number, line = next(
        ((number, line) for number, (line, correct) in enumerate(lines, 1) if line != correct),
        (len(text.splitlines()), "the ends of lines"),
    )
    return f"line {number}: {line.strip()}"


WIDTH = 80  # characters of the terminal in the README


@dataclass(frozen=True)
class SweepFolder:
    """A folder that `sweep compare --output` wrote; if `in_readme`, the main README shows its page."""

    folder: str
    records: str
    criteria: Criteria = Criteria()
    baseline: Baseline = None
    in_readme: bool = False


_VALIDATION = Criteria("validation_accuracy")
# The defaults of sweep until reports/defaults changed them.
_OLD_DEFAULTS = {
    "hidden": 128,
    "initializer": "he",
    "learning_rate": 0.1,
    "batch_size": 128,
    "data.normalization": "image",
}
SWEEP_FOLDERS = (
    SweepFolder("widths", "widths/records.parquet", in_readme=True),
    SweepFolder("defaults/screening", "defaults/choice.parquet", _VALIDATION, _OLD_DEFAULTS),
    SweepFolder("defaults/validation", "defaults/finalists.parquet", _VALIDATION, _OLD_DEFAULTS),
    SweepFolder("defaults/test", "defaults/finalists.parquet", Criteria(), _OLD_DEFAULTS),
)


def write_page_manifest(folder: Path) -> None:
    """Write the manifest of all files of a page that belongs to no paper."""
    write_manifest(folder, _file_names(folder), {}, paper=None)


def page_differences(reports: Path) -> Iterator[str]:
    """Yield one line for each difference of the pages that belong to no paper, from manifests and records."""
    for file in sorted(reports.glob(f"*/{FILE}")):
        if not (file.parent / "paper.yaml").is_file():
            yield from manifest_differences(file.parent, _file_names(file.parent), {}, paper=None)
    for folder in SWEEP_FOLDERS:
        if (reports / folder.records).is_file():
            yield from _sweep_differences(folder, reports)


def _file_names(folder: Path) -> list[str]:
    """List the files of a page, except its manifest."""
    every = (file for file in folder.rglob("*") if file.is_file() and file.name != FILE)
    return sorted(file.relative_to(folder).as_posix() for file in every)


def _sweep_differences(folder: SweepFolder, reports: Path) -> Iterator[str]:
    records, summary = reports / folder.records, reports / folder.folder / "summary.md"
    page = report_on_store(records, {}, folder.criteria, baseline=folder.baseline).page()
    if summary.read_text(encoding="utf-8") != markdown.render(page):
        yield f"{summary} does not match {records}"
    if folder.in_readme:
        readme = reports.parent / "README.md"
        lines = readme.read_text(encoding="utf-8").splitlines()
        for line in _on_terminal(page):
            if line not in lines:
                yield f"{readme} does not match {records}: it lacks the line {line.strip()}"


def _on_terminal(page: Page) -> list[str]:
    """Return the lines that a page prints on a terminal."""
    screen = io.StringIO()
    terminal.show(page, terminal.Terminal(file=screen, width=WIDTH))
    return [line.rstrip() for line in screen.getvalue().splitlines()]
