"""Files of a sweep's figures: name them, write them, and remove stale ones.

This module does not load matplotlib, which a sweep without figures need not wait for.
"""

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweep.config.schema import nodes
from sweep.config.tables import FIGURES
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
