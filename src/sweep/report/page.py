"""The page: what a command has to say, as tables, sentences and figures, whatever the medium.

A command builds one `Page`. The modules `terminal`, `markdown` and `latex` each render it in one medium, and
`saving` writes it to a folder. A new medium is one more renderer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sweep.core.formats import setting_value

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """A column of texts, aligned right if `right`; the texts of a `name` may be folded over several lines.

    If a terminal is too narrow, columns with `spare` > 0 are hidden, those with the highest number first; if
    the table is still too wide, `short` texts stand in for the others. `strong` says which rows are in bold.
    """

    heading: str
    texts: Sequence[str]
    name: bool = field(default=False, kw_only=True)
    right: bool = field(default=False, kw_only=True)
    spare: int = field(default=0, kw_only=True)
    strong: Sequence[bool] = field(default=(), kw_only=True)
    short: Sequence[str] = field(default=(), kw_only=True)

    def first(self, rows: int) -> "Column":
        """Return the column with its first rows alone."""
        return replace(self, texts=self.texts[:rows], strong=self.strong[:rows], short=self.short[:rows])

    def broken(self) -> "Column":
        """Return the column with its heading broken over two lines: learning_ and rate."""
        spaced = re.sub(" (?!%)", "\n", self.heading, count=1)
        heading = spaced if spaced != self.heading else re.sub(r"([_.])", "\\1\n", self.heading, count=1)
        return replace(self, heading=heading)


@dataclass(frozen=True)
class Table:
    """A table, with a title above it and a caption below.

    `file` is the CSV file that holds its numbers, if there is one; a terminal then hides columns without a
    word. `links` are files to offer below the table, by the words to click on. A terminal shows at most
    `most_rows` rows, and none of a table that is not `in_terminal`.
    """

    columns: Sequence[Column]
    title: str = field(default="", kw_only=True)
    caption: str = field(default="", kw_only=True)
    file: str = field(default="", kw_only=True)
    links: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    most_rows: int | None = field(default=None, kw_only=True)
    in_terminal: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class Sentences:
    """Sentences below a table, a paragraph each.

    With `labels`, one for each text, they are a list under a `title`: a word that says what the text is
    about, then the text. With `bullets` they are a plain list.
    """

    texts: Sequence[str]
    labels: Sequence[str] = field(default=(), kw_only=True)
    title: str = field(default="", kw_only=True)
    bullets: bool = field(default=False, kw_only=True)

    @staticmethod
    def labelled(title: str, rows: Sequence[tuple[str, str]]) -> "Sentences":
        """Return the list of these labels and texts."""
        return Sentences([text for _, text in rows], labels=[label for label, _ in rows], title=title)


@dataclass(frozen=True)
class Figure:
    """A figure: its file, relative to the page, and what it shows.

    `note` says how to read it, `links` are other forms of it, by the words to click on.
    """

    file: str
    caption: str
    note: str = field(default="", kw_only=True)
    links: Mapping[str, str] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Commands:
    """Commands to type into a terminal, a line each."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading of its own."""

    title: str
    blocks: Sequence["Block"]


Block = Table | Sentences | Figure | Commands | Section


@dataclass(frozen=True)
class Page:
    """A title and the blocks below it, in the order in which they are read.

    `data` are the tables of numbers behind the page by the names of their files without an ending. An empty
    one is not written.
    """

    title: str
    blocks: Sequence[Block]
    data: Mapping[str, "pd.DataFrame"] = field(default_factory=dict, kw_only=True)


def flattened(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield blocks in their order; those of a section take its position."""
    for block in blocks:
        if isinstance(block, Section):
            yield from flattened(block.blocks)
        else:
            yield block


def text_columns(headings: Sequence[str], lines: Sequence[Sequence[str]], names: int = 1) -> list[Column]:
    """Return columns from the lines of a table; the first `names` of them are set to the left."""
    return [
        Column(heading, [line[index] for line in lines], name=index < names, right=index >= names)
        for index, heading in enumerate(headings)
    ]


def setting_columns(
    axes: Sequence[str], rows: Sequence[Mapping[Any, Any]], *, spare: int = 1
) -> list[Column]:
    """Return a column for each of the swept settings `axes`; `rows` have each cell's values of them."""
    return [
        Column(
            axis,
            [setting_value(row[axis]) for row in rows],
            name=True,
            right=all(isinstance(row[axis], int | float) for row in rows),
            spare=spare,
        )
        for axis in axes
    ]
