"""The pages below reports/ that are no paper's: what a sweep left behind, and the benchmarks.

Each has a manifest of its files. The README beside reports/ shows the table of the sweep.
"""

from collections.abc import Iterator
from pathlib import Path

from sweep.analysis import records, tables
from sweep.analysis.aggregate import summarise
from sweep.papers import manifest

WIDTHS = "widths"  # what the main command of the README left behind
AXES = ["hidden"]  # of that command


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
        summary = summarise(records.load(folder / "records.parquet"), ["cell", *AXES])
        lines = tables.rows(summary, AXES)
        for file in (folder / "summary.md", reports.parent / "README.md"):
            found = [_words(line) for line in file.read_text(encoding="utf-8").splitlines()]
            for line in lines:
                if _words(" ".join(line)) not in found:
                    yield f"{file}: no line {'  '.join(line)}, as {folder / 'records.parquet'} has it"


def _words(line: str) -> list[str]:
    return line.replace("|", " ").split()
