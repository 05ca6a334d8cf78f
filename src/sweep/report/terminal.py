"""Tables for a terminal, no wider than it is.

[escaping] A user's text on the terminal, in Markdown and in LaTeX: each character is shown as itself.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sweep.core.errors import visible
from sweep.core.formats import setting_value

GAP = 2  # characters between columns


class Terminal(Console):
    """A console that prints a user's text as it is: no markup, no emoji, and no escape sequence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A text, whose line ends are kept."""
        return super().render_str("\n".join(map(visible, text.split("\n"))), **options)


@dataclass(frozen=True)
class Column:
    """A column of texts, aligned right if `right`; the texts of a `name` may be folded over several lines.

    Where the table is too wide, columns with `spare` > 0 are left out, those with the highest number first;
    if it still is, `short` texts stand in for the others. `strong` says which rows are set in bold.
    """

    heading: str
    texts: Sequence[str]
    name: bool = False
    right: bool = False
    spare: int = 0
    strong: Sequence[bool] = ()
    short: Sequence[str] = ()

    def broken(self) -> "Column":
        """The column with its heading broken over two lines: learning_ and rate."""
        heading = re.sub(" (?!%)", "\n", self.heading.replace("_", "_\n").replace(".", ".\n"), count=1)
        return replace(self, heading=heading)

    @property
    def width(self) -> int:
        """Characters across."""
        return max(map(cell_len, (*self.heading.split("\n"), *map(visible, self.texts))))


def fitted(columns: Sequence[Column], width: int) -> tuple[Table, list[str]]:
    """A table of at most `width` characters across, and the headings of the columns left out of it.

    Where it would be wider, first headings break over lines, then spare columns go, of equally spare ones the
    rightmost first, then texts become short, then names are folded.
    """
    shown = list(columns)
    if _width(shown) > width:
        shown = [column.broken() for column in shown]
    kept = list(range(len(shown)))
    for position in sorted(kept, key=lambda index: (shown[index].spare, index), reverse=True):
        if shown[position].spare and _width([shown[index] for index in kept]) > width:
            kept.remove(position)
    if _width([shown[index] for index in kept]) > width:
        shown = [replace(column, texts=column.short or column.texts) for column in shown]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index in kept:
        column = shown[index]
        table.add_column(
            Text(column.heading),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=not column.name,
        )
    for line in zip(*(_cells(shown[index]) for index in kept), strict=True):
        table.add_row(*line)
    return table, [column.heading for index, column in enumerate(columns) if index not in kept]


def setting_columns(axes: Sequence[str], values: Sequence[Mapping[str, object]]) -> list[Column]:
    """A column for each of the swept settings `axes`; `values` has each cell's values of them."""
    return [Column(axis, [setting_value(row[axis]) for row in values], name=True, spare=1) for axis in axes]


def show_cells(columns: Sequence[Column], more: int, console: Console) -> None:
    """Print the table of a plan's cells; `more` of them are not in it."""
    table, left_out = fitted(columns, console.width)
    console.print(table)
    if more > 0:
        console.print(f"... and {more} more cells")
    if left_out:
        console.print(f"without room for {', '.join(left_out)}; a wider terminal shows them")


def _cells(column: Column) -> list[Text]:
    strong = column.strong or [False] * len(column.texts)
    return [
        Text(visible(text), style="bold" if bold else "")
        for text, bold in zip(column.texts, strong, strict=True)
    ]


def _width(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


_LATEX = str.maketrans(
    {**{character: f"\\{character}" for character in "&%$#_{}"}, "\\": r"\textbackslash{}"}
    | {"±": r"$\pm$", "–": "--", "²": r"$^2$", "ε": r"$\varepsilon$"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r'{\string"}'}
    | {"`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "\0": "{}"}
)
# Characters with a meaning in Markdown. An underscore inside a word has none, nor has a bracket by itself.
# At the beginning of a line, a heading, an item of a list, or a rule.
_BLOCK = re.compile(r"^(\d*)([-+#=.)])(?=[-+#= ]|$)")
_MARKDOWN = re.compile(r"[\\`*<>&|~$]|(?<![^\W_])_|_(?![^\W_])|\](?=[\[(:])|:(?=[\w+-]+:)|!(?=\[)|#(?=#*$)")


def markdown(text: str) -> str:
    """The text as it must be written in a row of a Markdown table, or as a paragraph or an item of a list."""
    escaped = _MARKDOWN.sub(lambda found: "\\" + found[0], visible(text))
    return _BLOCK.sub(lambda found: f"{found[1]}\\{found[2]}", escaped)


def prose(text: str) -> str:
    """Sentences of somebody else, over several lines or not, as a paragraph of a Markdown page."""
    return markdown(" ".join(text.split()))


def latex(text: str) -> str:
    """The text as it must be written in LaTeX, outside mathematics."""
    # LaTeX sets two hyphens as a dash; the empty braces that \0 becomes keep them apart.
    return re.sub(r"(?<=-)-", "\0-", visible(text)).translate(_LATEX)
