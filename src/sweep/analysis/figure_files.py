"""The files of a sweep's figures: their names, how they are written, and which of them are stale.

In a module of its own, so that a sweep without figures need not load matplotlib.
"""

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sweep import files
from sweep.config.leaves import all_keys
from sweep.config.tables import FIGURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
_DATES = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def key(axes: Iterable[str]) -> str:
    """Settings as a part of a file's name: data_train_size for data.train_size."""
    return "_".join(axes).replace(".", "_")


def save(figure: "Figure", stem: Path, formats: Sequence[str]) -> list[Path]:
    """Write a figure in each of the formats, to the file `stem` and its ending; whole or not at all."""
    written = []
    for ending in formats:
        file, content = stem.with_name(f"{stem.name}.{ending}"), io.BytesIO()
        # Without a date, the same records give the same file.
        figure.savefig(content, format=ending, dpi=150, metadata=_DATES[ending])
        files.write(file, content.getvalue())
        written.append(file)
    return written


def remove_stale(folder: Path) -> None:
    """Remove an earlier sweep's figures from `folder`: files named as `draw_all` names them, no others."""
    if not folder.is_dir():
        return
    settings = "|".join(sorted({re.escape(name) for full in all_keys() for name in (full, key([full]))}))
    curves = rf"curves_(accuracy|loss)(_(test|validation|train))?(_best|(_by)?(_({settings}))+)?"
    # A number before the ending is from earlier versions, which numbered their figures.
    own = "".join(f"{re.escape(name)}|" for name in FIGURES)
    names = rf"{own}{curves}|(accuracy_by|heatmap)(_({settings}))+|differences|effects|digits"
    ours = re.compile(rf"({names})(_\d+)?\.({'|'.join(FORMATS)})")
    for file in folder.iterdir():
        if ours.fullmatch(file.name) and file.is_file():
            file.unlink()
