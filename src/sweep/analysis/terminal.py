"""Tables for a terminal, no wider than it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from sweep.analysis.escaping import visible

GAP = 2  # characters between columns


@dataclass(frozen=True)
class Column:
    """A column of texts. A name may be folded over lines; a `spare` one is left out where room is scarce."""

    heading: str
    texts: Sequence[str]
    name: bool = False
    right: bool = False
    spare: bool = False

    def broken(self) -> "Column":
        """The column with its heading on several lines: learning_, rate."""
        heading = self.heading.replace("_", "_\n").replace(".", ".\n").replace(" ", "\n", 1)
        return Column(heading, self.texts, self.name, self.right, self.spare)

    @property
    def width(self) -> int:
        """Characters across."""
        return max(map(cell_len, (*self.heading.split("\n"), *map(visible, self.texts))))


def fitted(columns: Sequence[Column], width: int) -> tuple[Table, list[str]]:
    """A table of at most `width` characters across, and the headings of the columns left out of it.

    Where it would be wider, first headings break over lines, then spare columns go, the rightmost first,
    then names are folded.
    """
    shown = list(columns)
    if _width(shown) > width:
        shown = [column.broken() for column in shown]
    kept = list(range(len(shown)))
    for position in reversed(range(len(shown))):
        if shown[position].spare and _width([shown[index] for index in kept]) > width:
            kept.remove(position)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index in kept:
        column = shown[index]
        table.add_column(
            Text(column.heading),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=not column.name,
        )
    for line in zip(*(shown[index].texts for index in kept), strict=True):
        table.add_row(*(Text(visible(text)) for text in line))
    return table, [column.heading for index, column in enumerate(columns) if index not in kept]


def _width(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)
