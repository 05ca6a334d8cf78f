"""Pages in Markdown; a user's text is shown as itself, character by character."""

import re
from collections.abc import Callable, Mapping, Sequence

from sweep.core.errors import visible
from sweep.report.page import Block, Column, Commands, Figure, Page, Section, Table

# Characters with a meaning in Markdown. An underscore inside a word has none, nor has a bracket by itself.
# At the beginning of a line: a heading, an item of a list, or a rule.
_BLOCK = re.compile(r"^(\d*)([-+#=.)])(?=[-+#= ]|$)")
_SPECIAL = re.compile(r"[\\`*<>&|~$]|(?<![^\W_])_|_(?![^\W_])|\](?=[\[(:])|:(?=[\w+-]+:)|!(?=\[)|#(?=#*$)")


def render(page: Page) -> str:
    """Return the page in Markdown."""
    title = [f"# {escape(page.title)}\n"] if page.title else []
    return "\n".join([*title, *map(_block, page.blocks)])


def escape(text: str) -> str:
    """Return the text as it is written in a row of a table, a paragraph, or an item of a list."""
    escaped = _SPECIAL.sub(lambda match: "\\" + match[0], visible(text))
    return _BLOCK.sub(lambda match: f"{match[1]}\\{match[2]}", escaped)


def table(columns: Sequence[Column]) -> str:
    """Return columns as a table; what is strong is set in bold."""
    headings = [escape(column.heading) for column in columns]
    rule = ["---:" if column.right else "---" for column in columns]
    rows = zip(*(strong_texts(column, escape, "**{}**") for column in columns), strict=True)
    return "\n".join("| " + " | ".join(row) + " |" for row in (headings, rule, *rows)) + "\n"


def bullets(texts: Sequence[str]) -> str:
    """Return texts as a list, a line each."""
    return "".join(f"- {escape(text)}\n" for text in texts)


def strong_texts(column: Column, escaped: Callable[[str], str], bold: str) -> list[str]:
    """Return the texts of a column, escaped; strong ones are put into the form `bold`."""
    strong = column.strong or [False] * len(column.texts)
    return [
        bold.format(escaped(text)) if is_strong else escaped(text)
        for text, is_strong in zip(column.texts, strong, strict=True)
    ]


def _block(block: Block) -> str:
    if isinstance(block, Section):
        return "\n".join([f"## {escape(block.title)}\n", *map(_block, block.blocks)])
    if isinstance(block, Commands):
        return "".join(f"    {line}\n" for line in block.lines)
    if isinstance(block, Table):
        title = f"{escape(block.title)}\n\n" if block.title else ""
        return title + table(block.columns) + _caption(block.caption, block.links)
    if isinstance(block, Figure):
        return f"![{escape(block.caption)}]({block.file})\n" + _caption(block.note, block.links)
    if block.bullets:
        return bullets(block.texts)
    if not block.labels:
        return "\n".join(f"{escape(text)}\n" for text in block.texts)
    title = f"{escape(block.title)}\n\n" if block.title else ""
    rows = zip(block.labels, block.texts, strict=True)
    return title + "".join(f"- {escape(label)}: {escape(text)}\n" for label, text in rows)


def _caption(text: str, links: Mapping[str, str]) -> str:
    """Return a caption and the links behind it, as a paragraph; nothing if there is neither."""
    files = ", ".join(f"[{escape(words)}]({file})" for words, file in links.items())
    parts = [escape(text)] if text else []
    parts += [f"Files: {files}."] if files else []
    return f"\n{' '.join(parts)}\n" if parts else ""
