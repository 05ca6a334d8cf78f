"""A user's text in every kind of table is that text: on the terminal, in Markdown, in LaTeX."""

import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sweep.core.errors import visible
from sweep.report import latex, markdown, saving, tables
from sweep.report.page import Column, Figure, Page, Sentences, Table, text_columns
from sweep.report.terminal import Terminal, fitted, show
from sweep.session import console
from sweep.stats.judge import Criteria

WORDS = ["[b]", "[/]", "[red]", ":smile:", "**", "--", "&lt;", "](", "${x}"]
PIECES = [*"ab1 |\\[]()<>&%$#_{}~^*`!:;'\"-+=/@.", *WORDS]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join).map(str.strip).filter(bool)
MARKDOWN = MarkdownIt("commonmark").enable("table").enable("strikethrough")


def summary(values: list[Any]) -> pd.DataFrame:
    """One row a value of the setting data.root, all with the same numbers."""
    numbers = {"n": 2, "diverged": 0, "dead": 0, "epochs_run": 1.0, "seconds": 1.0}
    means = {f"{part}_accuracy_{of}": 0.5 for part in ("test", "validation") for of in ("mean", "std")}
    return pd.DataFrame({"data.root": pd.Series(values, dtype=object)}).assign(**numbers, **means)


def columns(text: str) -> list[Column]:
    return tables.columns(summary([text]), ["data.root"], Criteria())


def printed(table: Any, width: int = 500) -> list[str]:
    terminal = console()
    terminal.file, terminal.width = io.StringIO(), width
    terminal.print(table)
    return terminal.file.getvalue().splitlines()


@given(TEXTS)
def test_the_terminal_shows_the_text_itself(text: str) -> None:
    # A line of its own, a cell of a table and a heading.
    assert printed(text)[0].rstrip() == text
    shown = printed(fitted(columns(text), 500)[0])
    assert shown[1].startswith(f"{text}  ")
    table, left_out = fitted([Column(text, [text], name=True), Column("n", ["1"])], 500)
    assert [line.rpartition("  ")[0].rstrip() for line in printed(table)] == [text, text]
    assert not left_out


def markdown_cells(text: str) -> list[list[str]]:
    """The rows of the first table of a Markdown text, as a reader sees them."""
    rows: list[list[str]] = []
    tokens = MARKDOWN.parse(text)
    end = next(index for index, token in enumerate(tokens) if token.type == "table_close")
    for token in tokens[:end]:
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline" and rows:
            assert {child.type for child in token.children or []} <= {"text", "text_special"}, token.children
            rows[-1].append("".join(child.content for child in token.children or []))
    return rows


@given(TEXTS)
def test_markdown_reads_as_the_text_itself(text: str) -> None:
    headings, row = markdown_cells(markdown.table(columns(text)))
    assert headings == ["data.root", "accuracy (%)", "validation (%)", "epochs", "seconds"]
    assert row[0] == text
    assert len(row) == 5


COMMANDS = {
    "textbackslash": "\\",
    "textasciitilde": "~",
    "textasciicircum": "^",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textasciigrave": "`",
    "textquotesingle": "'",
}


def typeset(source: str) -> str:
    """What LaTeX sets for a cell of a table, by its rules for the few commands that we write."""
    text, rest = "", source.strip()
    while rest:
        if match := re.match(r"\\(text\w+)\{\}", rest):
            text += COMMANDS[match[1]]
        elif match := re.match(r"\\([&%$#_{}])", rest):
            text += match[1]
        elif match := re.match(r'\{\\string"\}', rest):
            text += '"'
        elif match := re.match(r"\{\}", rest):
            pass
        else:
            # Nothing that means something to LaTeX is left, and no two hyphens that it would join.
            match = re.match(r"(?!--)[^\\{}&%$#_~^<>|`'\"]", rest)
            assert match, rest
            text += match[0]
        rest = rest[match.end() :]
    return text


@given(TEXTS)
def test_latex_sets_the_text_itself(text: str) -> None:
    found = text_columns(["data.root", "n"], [[text, "1"], ["x", "2"]])
    lines = latex.table(found, "caption").splitlines()
    (row,) = (line for line in lines if line.endswith(r" & 1 \\"))
    assert typeset(row.removesuffix(r" & 1 \\")) == text
    # Behind the end of a row, [ and * would be taken for an argument of it.
    assert not row.startswith(("[", "*"))
    (caption,) = (line for line in latex.table([Column("n", [])], text).splitlines() if "caption" in line)
    assert typeset(caption.removeprefix(r"\caption{").removesuffix("}")) == text


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31mred", "bell\x07", "\udcc3"])
def test_what_does_not_print_is_shown_by_its_code_in_one_line(text: str) -> None:
    line = visible(text)
    assert line.isprintable()
    assert line == text.encode("unicode_escape").decode()
    assert printed(fitted(columns(text), 500)[0])[1].startswith(line)
    assert len(markdown.table(columns(text)).splitlines()) == 3


NUMBERS = pd.DataFrame({"hidden": [16, 128]})
PAGE = Page(
    "MNIST: test accuracy",
    [
        Table(
            [Column("hidden", ["16", "128"], right=True)],
            title="Widths",
            caption="Two of them.",
            file="a.csv",
        ),
        Sentences(["128 is better by 3.38 points."]),
        Sentences.labelled("How sure is that?", [("seeds", "narrow " * 12), ("test digits", "clear")]),
        Table([Column("value", ["tanh"])], caption="Main effects.", in_terminal=False),
        Figure("figures/a.png", "Accuracy"),
    ],
    data={"a": NUMBERS, "b": NUMBERS.iloc[:0]},
)


def shown(page: Page, width: int) -> list[str]:
    screen = io.StringIO()
    show(page, Terminal(file=screen, width=width))
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def test_a_page_on_the_terminal() -> None:
    """Blocks stand below each other, facts are indented below their title, and no line is too long."""
    lines = shown(PAGE, 40)
    assert lines == [
        "MNIST: test accuracy",
        "",
        "Widths",
        "hidden",
        "    16",
        "   128",
        "",
        "128 is better by 3.38 points.",
        "",
        "How sure is that?",
        "  seeds        narrow narrow narrow",
        "               narrow narrow narrow",
        "               narrow narrow narrow",
        "               narrow narrow narrow",
        "  test digits  clear",
    ]


def test_a_table_says_what_it_hides() -> None:
    """Rows beyond the limit are counted; columns hidden to fit are named, unless a file has them."""
    columns = [Column("a", ["1"] * 5), Column("seconds", ["2" * 30] * 5, spare=2)]
    lines = shown(Page("t", [Table(columns, most_rows=2)]), 20)
    assert lines[2:6] == ["a", "1", "1", "... and 3 more"]
    assert " ".join(lines[6:]) == "columns hidden to fit: seconds (widen the terminal)"
    in_file = shown(Page("t", [Table(columns, most_rows=2, file="all.csv")]), 30)
    assert in_file[-1] == "... and 3 more in all.csv"


def test_a_page_in_markdown() -> None:
    assert markdown.render(PAGE) == (
        "# MNIST: test accuracy\n\nWidths\n\n| hidden |\n| ---: |\n| 16 |\n| 128 |\n\nTwo of them.\n\n"
        "128 is better by 3.38 points.\n\nHow sure is that?\n\n"
        f"- seeds: {'narrow ' * 12}\n- test digits: clear\n\n"
        "| value |\n| --- |\n| tanh |\n\nMain effects.\n\n![Accuracy](figures/a.png)\n"
    )


def test_a_page_in_latex() -> None:
    """Each table has the sentences up to the next one as its notes."""
    first, second = latex.render(PAGE).split("\\end{table}\n\n")
    assert r"\caption{Widths. Two of them.}" in first
    assert r"128 is better by 3.38 points.\par" in first
    assert r"test digits: clear\par" in first
    assert r"\caption{MNIST: test accuracy. Main effects.}" in second
    assert "footnotesize" not in second


def test_the_files_of_a_page(tmp_path: Path) -> None:
    """Tables of numbers are written as CSV; the file of one that has become empty goes."""
    (tmp_path / "b.csv").write_text("stale")
    saving.write(PAGE, tmp_path, "summary")
    assert {file.name for file in tmp_path.iterdir()} == {"a.csv", "summary.md", "summary.tex"}
    assert pd.read_csv(tmp_path / "a.csv").equals(NUMBERS)
