"""A paper.yaml of somebody else is data: whatever stands in it is one line, or a report."""

import os
from pathlib import Path

import pytest

from sweep.core.errors import PaperError
from sweep.papers import findings, read, writing
from sweep.papers.rules import Format

PAPER = "title: T\nauthors: A\nsummary: S\nexperiments: [width]\n"
DEEP, WIDE = "[" * 100_000, "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]\n" for n in range(1, 20))
ROW = "label: x, experiment: width, column: seed"
TEXTS = {
    "object": "year: !!python/object/apply:os.system [ls]\n",
    "name": "year: !!python/name:os.system\n",
    "deep": f"given: {{x: {DEEP}\n",
    "aliases": f"a0: &a0 [1]\n{WIDE}",
    "itself": "given: &a {x: *a}\n",
    "digits": f"year: {'1' * 5000}\n",
    "sixties": f"year: {'1:' * 100_000}1\n",
    "twice": "title: again\n",
    "secret": "given: {x: '${oc.env:SECRET}'}\n",
    "nested secret": "scales: {full: {results: '${oc.decode:${oc.env:SECRET}}'}}\n",
    "nan": f"tables: {{t: {{caption: c, rows: [{{{ROW}, published: .nan}}]}}}}\n",
    "infinite": f"tables: {{t: {{caption: c, rows: [{{{ROW}, factor: .inf}}]}}}}\n",
    "table": "tables: {../../x: {caption: c, rows: []}}\n",
    "long table": f"tables: {{{'a' * 300}: {{caption: c, rows: []}}}}\n",
    "figure": "figures: {'a/b': {caption: c, draw: curves, experiment: width}}\n",
    "measurement": "measurements: {/etc/x: {measure: gradient_check}}\n",
    "function": "figures: {f: {caption: c, draw: os.system}}\n",
    "megabytes": "#" * 2**21,
    "long key": f"{'k' * 100_000}: 1\n",
    "long value": f"year: {'v' * 100_000}\n",
    "null character": "summary: \0\n",
    "surrogate": "given: {x: '\udcff'}\n",
    "keys": "given: {[a]: b}\n",
}


def written(folder: Path, content: str, name: str = "wei") -> Path:
    """Write a folder of reports with one paper."""
    file = folder / name / "paper.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(content, encoding="utf-8", errors="surrogateescape")
    return folder


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_paper_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    reports = written(tmp_path, PAPER + TEXTS[name])
    with pytest.raises(PaperError) as caught:
        read.read("wei", writing.VOCABULARY, reports)
    message = str(caught.value)
    assert message.startswith(f"{reports / 'wei' / 'paper.yaml'}: ")
    assert "hunter2" not in message
    assert message.isprintable()
    assert len(message) < 5000


@pytest.mark.skipif(os.name != "posix", reason="POSIX files")
@pytest.mark.parametrize("kind", ["pipe", "loop", "/dev/zero", "folder"])
def test_a_paper_that_is_no_regular_file_is_one_line(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "wei" / "paper.yaml"
    file.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to(file.name if kind == "loop" else kind)
    if kind == "loop":  # nothing is there; the package's own paper is read
        assert read.find("wei", tmp_path) != file
        return
    with pytest.raises(PaperError, match="cannot be read"):
        read.read("wei", writing.VOCABULARY, tmp_path)


LINES = {"table": {"one": {"": "94.6 ± 0.5", "mean": "94.6"}}}


@pytest.mark.parametrize(
    "placeholder",
    [
        *("{one.__class__}", "{table.one}", "{table!r}", "{table:>1000000000}", "{0}", "{}", "{{}}", "{"),
        *("{table[one].__class__}", "{table[one]!r}", "{table[one]:>1000000000}", "{table[{table[one]}]}"),
        *("{table[__class__]}", "{__class__[one]}", "{table[one].}{", "{table[one][0]}"),
    ],
)
def test_a_placeholder_names_a_table_and_a_label(placeholder: str) -> None:
    with pytest.raises(PaperError) as caught:
        findings.fill(f"Ours is {placeholder} of all", LINES)
    assert "table" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_what_a_value_holds_is_no_placeholder() -> None:
    assert findings.fill("{table[one]}", {"table": {"one": {"": "{table[two]} {0}"}}}) == "{table[two]} {0}"


@pytest.mark.parametrize("style", ["1000000000d", ">1000000000", ".1000000000f", "x<9s", "{}", "!r", "n"])
def test_a_format_has_no_width(style: str) -> None:
    assert not Format().allows(style)
