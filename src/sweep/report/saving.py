"""The files that a page and its figures leave in a folder: CSV, Markdown, LaTeX and pictures.

This module does not load matplotlib, which a sweep without figures does not need.
"""

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sweep.config.schema import nodes
from sweep.config.tables import FIGURES
from sweep.report import latex, markdown
from sweep.report.page import Page
from sweep.system import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure


FORMATS = ("png", "svg", "pdf")
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_DATES: dict[str, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def key(axes: Iterable[str]) -> str:
    """Return settings as a part of a file's name: data_train_size for data.train_size."""
    return "_".join(axes).replace(".", "_")


def save(figure: "Figure", stem: Path, formats: Sequence[str]) -> list[Path]:
    """Write a figure in each format to the file `stem` with its ending, whole or not at all."""
    files.refuse_link(stem.parent)
    written = []
    for ending in formats:
        file = stem.with_name(f"{stem.name}.{ending}")
        files.write(file, content(figure, ending, dpi=150))
        written.append(file)
    return written


def content(figure: "Figure", ending: str, **options: Any) -> bytes:
    """Return the bytes of a figure's file; `options` are those of matplotlib's `savefig`.

    The file holds no date, so the same records give the same bytes.
    """
    written = io.BytesIO()
    figure.savefig(written, format=ending, metadata=_DATES[ending], **options)
    # matplotlib copies texts into an SVG as they are, and XML allows no control characters.
    return _NOT_XML.sub(b"?", written.getvalue()) if ending == "svg" else written.getvalue()


def remove_stale(folder: Path) -> None:
    """Remove an earlier sweep's figures from `folder`: only files that are named as `draw_all` names them."""
    if not folder.is_dir():
        return
    files.refuse_link(folder)
    settings = "|".join(sorted({re.escape(name) for full in nodes() for name in (full, key([full]))}))
    curves = rf"curves_(accuracy|loss)(_(test|validation|train))?(_best|(_by)?(_({settings}))+)?"
    registered = "".join(f"{re.escape(name)}|" for name in FIGURES)
    names = rf"{registered}{curves}|(accuracy_by|heatmap)(_({settings}))+|answer|differences|effects|digits"
    # A number before the ending is from earlier versions, which numbered their figures.
    ours = re.compile(rf"({names})(_\d+)?\.({'|'.join(FORMATS)})")
    for file in folder.iterdir():
        if ours.fullmatch(file.name) and file.is_file():
            file.unlink()


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
