"""Hostile texts in records, settings and papers stay texts in every output."""

import io
import re
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sweep.core.errors import StoreError, SweepError, visible
from sweep.papers import protocol, read
from sweep.papers.collection import Collection
from sweep.papers.writing import VOCABULARY, PaperReport
from sweep.report import latex, markdown, saving
from sweep.report.figures import style
from sweep.report.terminal import Terminal

PAPERS = Path(__file__).parents[2] / "reports"
HOSTILE = [
    *("\x1b[31m", "\x9b31m", "\x07", "\x00", "\u202e", "\u2066", "\r", "\n", "\udcff", "\u2028", "\ufffe"),
    *("<script>", "<img src=x onerror=y>", "&lt;", "<!--", "]]>", "]( javascript:x)", "![x](y)", "[a]: b"),
    *("`", "```", "~~~", "|", "# ", "- ", "1. ", "> ", "===", "---", "***", "$x$", r"$\frac{", "$$"),
    *(r"\input{x}", "^^5cinput", r"\end{table}", "%", "=1+1", "@x", ":smile:", "[red]", "{0}", "www.x.y"),
    *("a", " ", "_", "~", "\\", "https://x.y", "a" * 300),
]
TEXTS = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=5).map("".join)
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TEXT_TOKENS = {"text", "softbreak", "text_special"}


def inline_kinds(markdown: str) -> set[str]:
    return {child.type for token in MARKDOWN.parse(markdown) for child in token.children or []}


@given(TEXTS)
def test_terminal_text(text: str) -> None:
    """A text on the terminal has no escape sequence."""
    terminal = Terminal(file=io.StringIO(), width=1000, force_terminal=True)
    terminal.print(text)
    assert all(line.isprintable() for line in terminal.file.getvalue().split("\n"))
    assert str(SweepError(text)).isprintable()


@given(TEXTS)
@example("1) x")
@example("+ x")
def test_markdown_text(text: str) -> None:
    """A text in Markdown is one paragraph of text."""
    text = " ".join(text.split())
    shown = visible(text)
    for before, blocks in (
        ("", ["paragraph_open", "inline", "paragraph_close"]),
        ("# ", ["heading_open", "inline", "heading_close"]),
        ("- ", [*("bullet_list_open", "list_item_open", "paragraph_open", "inline", "paragraph_close")]),
    ):
        tokens = MARKDOWN.parse(before + markdown.escape(text))
        if shown:
            assert [token.type for token in tokens[: len(blocks)]] == blocks
            content = next(token for token in tokens if token.type == "inline").children or []
            assert {child.type for child in content} <= TEXT_TOKENS
            assert "".join(child.content for child in content) == shown


@given(TEXTS)
def test_latex_text(text: str) -> None:
    """A text in LaTeX calls no command."""
    written = latex.escape(text)
    ours = r"\\(text\w+\{\}|string\"|[&%$#_{}])|\$\\pm\$|\$\^2\$|\$\\varepsilon\$|\{\}|\{\}-"
    rest = re.sub(ours, "", written)
    assert not set(rest) & set("\\$&#^~%"), written
    assert written.isprintable()


def test_figure_text() -> None:
    """A text in a figure is no formula, and its SVG is valid XML."""
    texts = [text for text in HOSTILE if text != "\udcff"]
    with style.applied(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the font does not have all of them
        figure, panel = plt.subplots()
        panel.set_title("".join(texts))
        panel.set_xticks(range(len(texts)), texts)
        files = {ending: saving.content(figure, ending) for ending in saving.FORMATS}
    plt.close(figure)
    assert ET.fromstring(files["svg"]).tag.endswith("svg")


def with_hostile_texts(content: Any) -> Any:
    """Return the content of a paper.yaml with hostile texts for its sentences."""
    text = "".join(part for part in HOSTILE if part.isprintable() and part != "{0}")
    hostile = {**content, **dict.fromkeys(("title", "authors", "summary"), text), "assumptions": [text]}
    hostile["findings"] = [re.sub(r"\d|\{|\}", "", text)]
    for kind in ("tables", "figures"):
        for entry in hostile[kind].values():
            entry["caption"] = text
    for table in hostile["tables"].values():
        for row in table.get("rows", []):
            row["label"] = text
    return hostile


def test_page_of_hostile_paper(tmp_path: Path) -> None:
    """A page has no markup from the texts of a paper."""
    text = (PAPERS / "paterson" / "paper.yaml").read_text(encoding="utf-8")
    content = with_hostile_texts(yaml.safe_load(text))
    content["findings"] = [{"text": content["findings"][0], "scale": "full"}]
    file = tmp_path / "paterson" / "paper.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(content, allow_unicode=False), encoding="utf-8")
    paper = read.read("paterson", VOCABULARY, tmp_path)
    page = PaperReport(paper, Collection(PAPERS / "paterson" / "records.parquet")).texts()["report.md"]
    tokens = MARKDOWN.parse(page)
    inline = [child for token in tokens for child in token.children or []]
    links = {str(child.attrGet("href") or child.attrGet("src")) for child in inline if child.attrs}
    assert all(re.fullmatch(r"(tables|figures)/[a-z_]+\.(csv|tex|png|svg)", link) for link in links), links
    assert not {token.type for token in (*tokens, *inline)} & {"html_block", "html_inline", "fence"}
    ours = {"full", "records.parquet", "measurements/"}
    assert {child.content for child in inline if child.type == "code_inline"} <= ours


def test_link_instead_of_folder(tmp_path: Path) -> None:
    """A link that replaces a folder of ours is refused."""
    elsewhere, output = tmp_path / "elsewhere", tmp_path / "output"
    elsewhere.mkdir()
    output.mkdir()
    (elsewhere / "effects.png").write_text("precious")
    (output / "figures").symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(StoreError, match="a link"):
        saving.remove_stale(output / "figures")
    figure = plt.figure()
    with pytest.raises(StoreError, match="a link"):
        saving.save(figure, output / "figures" / "effects", ["png"])
    plt.close(figure)
    assert (elsewhere / "effects.png").read_text() == "precious"
    (output / "records.parquet").touch()
    with pytest.raises(StoreError, match="a link"):
        protocol.report_folders(output)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "wei").symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(StoreError, match="a link"):
        protocol.report_folder(tmp_path / "reports" / "wei", "full")


def test_link_instead_of_file(tmp_path: Path) -> None:
    """A link that replaces a file of ours is overwritten, not followed."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "summary.csv").symlink_to(precious)
    saving.write_csv(pd.DataFrame({"hidden": [4]}), tmp_path / "summary.csv")
    assert precious.read_text() == "precious"
    assert (tmp_path / "summary.csv").read_text() == "hidden\n4\n"
