"""The pages below reports/ that belong to no paper: unchanged files, and numbers that match their records."""

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
    """Copy both pages, with the README beside them."""
    for name in ("widths", "benchmarks"):
        shutil.copytree(ROOT / "reports" / name, tmp_path / "reports" / name)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path / "reports"


def test_committed_pages_have_no_differences(reports: Path) -> None:
    """The committed files match their manifests, the records and the README."""
    assert list(manifest.page_differences(reports)) == []


@pytest.mark.parametrize("name", ["widths/curves_loss.png", "benchmarks/cells.csv", "benchmarks/README.md"])
def test_changed_file_is_reported(name: str, reports: Path) -> None:
    """One byte more in any file is one line."""
    with (reports / name).open("ab") as file:
        file.write(b" ")
    (line,) = manifest.page_differences(reports)
    assert line == f"{reports / name} does not match its digest in {(reports / name).parent}/manifest.json"


def test_wrong_number_in_readme_is_reported(reports: Path) -> None:
    """A number of the README that the records do not give is one line."""
    readme = reports.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert "98.00 ± 0.08" in text
    readme.write_text(text.replace("98.00 ± 0.08", "98.10 ± 0.08"), encoding="utf-8")
    (line,) = manifest.page_differences(reports)
    records = reports / "widths" / "records.parquet"
    assert line.startswith(f"{readme} does not match {records}: it lacks the line 128  98.00 ± 0.08  ")


def test_defaults_readme_shows_what_its_code_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python block of reports/defaults/README.md prints the block below it."""
    text = (ROOT / "reports" / "defaults" / "README.md").read_text(encoding="utf-8")
    match = re.search(r"```python\n(.*?)```.*?```\n(.*?)```", text, re.DOTALL)
    assert match
    monkeypatch.chdir(ROOT)
    exec(match[1], {})
    assert capsys.readouterr().out == match[2]


def test_benchmark_page_matches_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """reports/benchmarks/README.md is what its CSV files give."""
    monkeypatch.chdir(ROOT)
    folder = ROOT / "reports" / "benchmarks"
    page = benchmarks.page(pd.read_csv(folder / "cells.csv"), pd.read_csv(folder / "commands.csv"))
    assert (folder / "README.md").read_text(encoding="utf-8") == page
