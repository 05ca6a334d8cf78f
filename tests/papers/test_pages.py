"""The pages below reports/ that are no paper's: files as they were written, numbers from their records."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from benchmarks import report as benchmarks

from sweep.papers import manifest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A copy of both pages, with the README beside them."""
    for name in ("widths", "benchmarks"):
        shutil.copytree(ROOT / "reports" / name, tmp_path / "reports" / name)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path / "reports"


def test_the_committed_pages_are_as_they_were_written(reports: Path) -> None:
    assert list(manifest.differences(reports)) == []


@pytest.mark.parametrize("name", ["widths/curves_loss.png", "benchmarks/cells.csv", "benchmarks/README.md"])
def test_a_changed_file_is_found(name: str, reports: Path) -> None:
    with (reports / name).open("ab") as file:
        file.write(b" ")
    (line,) = manifest.differences(reports)
    assert line.startswith(f"{reports / name}: is not the file")


def test_a_number_of_the_readme_that_the_records_do_not_give_is_found(reports: Path) -> None:
    readme = reports.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert "98.00 ± 0.08" in text
    readme.write_text(text.replace("98.00 ± 0.08", "98.10 ± 0.08"), encoding="utf-8")
    (line,) = manifest.differences(reports)
    assert line.startswith(f"{readme}: no line 128")


def test_the_defaults_are_what_the_code_beside_them_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "reports" / "defaults" / "README.md").read_text(encoding="utf-8")
    match = re.search(r"```python\n(.*?)```.*?```\n(.*?)```", text, re.DOTALL)
    assert match
    monkeypatch.chdir(ROOT)
    exec(match[1], {})
    assert capsys.readouterr().out == match[2]


def test_the_page_of_the_benchmarks_follows_from_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    folder = ROOT / "reports" / "benchmarks"
    made = benchmarks.page(pd.read_csv(folder / "cells.csv"), pd.read_csv(folder / "commands.csv"))
    assert (folder / "README.md").read_text(encoding="utf-8") == made
