"""Pages on a terminal, no wider than it is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from sweep.core.errors import visible
from sweep.report.page import Block, Column, Commands, Figure, Page, Section, Sentences, Table

GAPS = (4, 2)  # characters between columns: the first that the terminal has room for
INDENT = 2  # characters before the rows of a list


class Terminal(Console):
    """A console that prints a user's text as it is: no markup, no emoji, and no escape sequence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text without escape sequences; its line ends stay."""
        return super().render_str("\n".join(map(visible, text.split("\n"))), **options)


def show(page: Page, console: Console) -> None:
    """Print a page: the title, then its blocks with a blank line between them."""
    if page.title:
        _print_wrapped(page.title, console, style="bold")
    _show_blocks(page.blocks, console)


def show_table(table: Table, console: Console) -> None:
    """Print a table, and say in a line how many rows, and which columns, are not shown."""
    count = max((len(column.texts) for column in table.columns), default=0)
    shown = count if table.most_rows is None else min(count, table.most_rows)
    if table.title:
        _print_wrapped(table.title, console)
    rendered, hidden = fitted([column.first(shown) for column in table.columns], console.width)
    console.print(rendered)
    if shown < count:
        elsewhere = f" in {table.file}" if table.file else ""
        console.print(f"... and {count - shown} more{elsewhere}")
    if hidden and not table.file:
        console.print(f"columns hidden to fit: {', '.join(hidden)} (widen the terminal)")


def fitted(columns: Sequence[Column], width: int) -> tuple[RichTable, list[str]]:
    """Return a table of at most `width` characters across, and the headings of the columns hidden to fit.

    If it would be wider, columns go whose `spare` is more than 1 (the highest first, of equal ones the
    rightmost), then headings break over lines, then the other spare columns go, then texts become short, then
    names are folded.
    """
    shown, indices = list(columns), list(range(len(columns)))

    def too_wide() -> bool:
        return _width([shown[index] for index in indices], GAPS[-1]) > width

    def hide(least: int) -> None:
        for index in sorted(indices, key=lambda index: (shown[index].spare, index), reverse=True):
            if shown[index].spare >= least and too_wide():
                indices.remove(index)

    hide(2)
    if too_wide():
        shown = [column.broken() for column in shown]
    hide(1)
    for index in reversed(indices):
        if too_wide() and shown[index].short:
            shown[index] = replace(shown[index], texts=shown[index].short)
    gap = next((gap for gap in GAPS if _width([shown[index] for index in indices], gap) <= width), GAPS[-1])
    table = RichTable(box=None, pad_edge=False, header_style="bold", padding=(0, gap, 0, 0))
    for index in indices:
        column = shown[index]
        table.add_column(
            Text(column.heading),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=not column.name,
        )
    for row in zip(*(_cells(shown[index]) for index in indices), strict=True):
        table.add_row(*row)
    return table, [column.heading for index, column in enumerate(columns) if index not in indices]


def _show_blocks(blocks: Sequence[Block], console: Console) -> None:
    for block in blocks:
        if isinstance(block, Figure) or (isinstance(block, Table) and not block.in_terminal):
            continue
        console.print()
        if isinstance(block, Table):
            show_table(block, console)
        elif isinstance(block, Sentences):
            _show_sentences(block, console)
        elif isinstance(block, Commands):
            console.print(*(f"{'':{INDENT}}{line}" for line in block.lines), sep="\n", soft_wrap=True)
        elif isinstance(block, Section):
            _print_wrapped(block.title, console, style="bold")
            _show_blocks(block.blocks, console)


def _show_sentences(sentences: Sentences, console: Console) -> None:
    if sentences.title:
        console.print(sentences.title)
    indent = 0
    if sentences.labels:
        indent = INDENT + max(map(cell_len, map(visible, sentences.labels))) + 2
    elif sentences.bullets:
        indent = INDENT
    labels = sentences.labels or [""] * len(sentences.texts)
    for label, text in zip(labels, sentences.texts, strict=True):
        first = f"{'':{INDENT}}{visible(label)}" if sentences.labels else "-" if sentences.bullets else ""
        _print_wrapped(text, console, first=first, indent=indent)


def _print_wrapped(text: str, console: Console, *, first: str = "", indent: int = 0, style: str = "") -> None:
    """Print a text over several lines, all indented; `first` stands in the margin of the first line."""
    lines = Text(visible(text)).wrap(console, max(console.width - indent, 20))
    for number, line in enumerate(lines):
        margin = first if number == 0 else ""
        padded = margin + " " * max(indent - cell_len(margin), 0)
        console.print(Text(f"{padded}{line.plain.rstrip()}", style=style), soft_wrap=True)


def _cells(column: Column) -> list[Text]:
    strong = column.strong or [False] * len(column.texts)
    return [
        Text(visible(text), style="bold" if bold else "")
        for text, bold in zip(column.texts, strong, strict=True)
    ]


def _width(columns: Sequence[Column], gap: int) -> int:
    widths = [
        max(map(cell_len, (*column.heading.split("\n"), *map(visible, column.texts)))) for column in columns
    ]
    return sum(widths) + gap * (len(columns) - 1)
