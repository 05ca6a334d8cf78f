"""The pages below reports/ that are no paper's: what a sweep left behind, and the benchmarks.

Each has a manifest of its files. The README beside reports/ shows the table of the sweep.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from sweep.analysis import records
from sweep.analysis.judged_page import JudgedPage
from sweep.analysis.judged_sweep import judge_sweep
from sweep.analysis.statistics.terms import Terms
from sweep.papers import manifest

WIDTHS = "widths"  # what the main command of the README left behind
AXES = ["hidden"]  # of that command
WIDTH = 100  # characters of the terminal in the README
TERMS = Terms()


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
    folder = reports / WIDTHS
    if (folder / "records.parquet").is_file():
        made = page(folder / "records.parquet", AXES)
        if (folder / "summary.md").read_text(encoding="utf-8") != made.markdown():
            yield f"{folder / 'summary.md'}: is not what records.parquet gives"
        readme = reports.parent / "README.md"
        there = readme.read_text(encoding="utf-8").splitlines()
        for line in _on_terminal(made):
            if line not in there:
                yield f"{readme}: no line {line}, as {folder / 'records.parquet'} has it"


def page(file: Path, axes: Sequence[str], terms: Terms = TERMS) -> JudgedPage:
    """The judged page of a sweep over these settings, from its packed records."""
    trials = records.load(file, bits=True)
    cells = trials[["cell", *axes]].drop_duplicates()
    (data,) = set(trials["data_label"])
    return JudgedPage(judge_sweep(trials, cells, axes, terms), axes, str(data))


def _on_terminal(made: JudgedPage) -> list[str]:
    terminal = Console(file=io.StringIO(), width=WIDTH, markup=False, highlight=False, emoji=False)
    made.show(terminal)
    assert isinstance(terminal.file, io.StringIO)
    return [line.rstrip() for line in terminal.file.getvalue().splitlines()]
