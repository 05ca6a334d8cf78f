"""Tables of a page in LaTeX, with what is said of them in small print; a user's text is shown as itself."""

import re
from collections.abc import Sequence

from sweep.core.errors import visible
from sweep.report.markdown import strong_texts
from sweep.report.page import Column, Page, Sentences, Table, flattened

_ESCAPES = str.maketrans(
    {**{character: f"\\{character}" for character in "&%$#_{}"}, "\\": r"\textbackslash{}"}
    | {"±": r"$\pm$", "–": "--", "²": r"$^2$", "ε": r"$\varepsilon$"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r'{\string"}'}
    | {"`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "\0": "{}"}
)


def render(page: Page) -> str:
    """Return the tables of the page; the sentences between a table and the next one are its notes."""
    texts: list[str] = []
    blocks = list(flattened(page.blocks))
    tables = [index for index, block in enumerate(blocks) if isinstance(block, Table)]
    for start, end in zip(tables, [*tables[1:], len(blocks)], strict=True):
        block = blocks[start]
        assert isinstance(block, Table)
        notes = [note for other in blocks[start:end] for note in _notes(other)]
        caption = ". ".join(filter(None, [block.title or page.title, block.caption]))
        texts.append(table(block.columns, caption, notes))
    return "\n".join(texts)


def escape(text: str) -> str:
    """Return the text as it is written in LaTeX, outside mathematics."""
    # LaTeX sets two hyphens as a dash; the empty braces that \0 becomes keep them apart.
    return re.sub(r"(?<=-)-", "\0-", visible(text)).translate(_ESCAPES)


def table(columns: Sequence[Column], caption: str, notes: Sequence[str] = ()) -> str:
    """Return columns as a table for the package booktabs; what is strong is set in bold.

    `notes` stand below it in small print, a paragraph each.
    """
    rows = zip(*(strong_texts(column, escape, r"\textbf{{{}}}") for column in columns), strict=True)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escape(caption)}}}",
            rf"\begin{{tabular}}{{{''.join('r' if column.right else 'l' for column in columns)}}}",
            r"\toprule",
            _row([escape(column.heading) for column in columns]),
            r"\midrule",
            *map(_row, rows),
            r"\bottomrule",
            r"\end{tabular}",
            *_small_print(notes),
            r"\end{table}",
            "",
        ]
    )


def _notes(block: object) -> list[str]:
    if not isinstance(block, Sentences):
        return []
    labels = block.labels or [""] * len(block.texts)
    return [f"{label}: {text}" if label else text for label, text in zip(labels, block.texts, strict=True)]


def _small_print(notes: Sequence[str]) -> list[str]:
    lines = [rf"{escape(note)}\par" for note in notes]
    return [r"\begin{flushleft}\footnotesize", *lines, r"\end{flushleft}"] if lines else []


def _row(texts: Sequence[str]) -> str:
    row = " & ".join(texts) + r" \\"
    # LaTeX would take a [ or * that follows the end of a row, or a rule, for an argument of it.
    return "{}" + row if row.startswith(("[", "*")) else row
