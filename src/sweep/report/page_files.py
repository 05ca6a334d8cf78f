"""The files of a page: its numbers as CSV, the page in Markdown, its tables in LaTeX."""

from pathlib import Path

import pandas as pd

from sweep.report import latex, markdown
from sweep.report.page import Page
from sweep.system import files


def write(page: Page, folder: Path, name: str) -> None:
    """Write `name`.md and `name`.tex and a CSV file for each table of numbers that is not empty.

    The CSV file of an empty table is removed, if an earlier page left one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for stem, table in page.data.items():
        if len(table):
            write_csv(table, folder / f"{stem}.csv")
        else:
            (folder / f"{stem}.csv").unlink(missing_ok=True)
    files.write(folder / f"{name}.md", markdown.render(page))
    files.write(folder / f"{name}.tex", latex.render(page))


def write_csv(table: pd.DataFrame, file: Path) -> None:
    """Write a table; bytes of a path that are not Unicode text become \\udcNN."""
    with files.replacing(file) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8", errors="backslashreplace", lineterminator="\n")
