"""The same records give the same report, byte by byte: page, tables and figures."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.processes import python
from tests.reliability.scale import Count, scaled

REPORTS = Path(__file__).parents[2] / "reports"
PAPERS = sorted(file.parent.name for file in REPORTS.glob("*/paper.yaml"))


def written(paper: str, folder: Path, hashes: str) -> dict[str, bytes]:
    """Write a report from the committed records in a new process; return its files."""
    reports = folder / hashes
    ignored = shutil.ignore_patterns("figures", "tables", "report.md")
    shutil.copytree(REPORTS / paper, reports / paper, ignore=ignored)
    done = python(folder, "-m", "sweep.report", paper, "--reports", hashes, PYTHONHASHSEED=hashes)
    assert done.returncode == 0, done.stderr
    files = (file for file in (reports / paper).rglob("*") if file.is_file())
    return {str(file.relative_to(reports)): file.read_bytes() for file in files}


@pytest.mark.slow
@scaled("papers", ["paterson"], PAPERS)
def test_report_is_reproducible(papers: Sequence[str], tmp_path: Path, count: Count) -> None:
    """A second process writes the same report, byte by byte."""
    files = unequal = 0
    for paper in papers:
        first, second = (written(paper, tmp_path, hashes) for hashes in ("1", "2"))
        assert {Path(name).suffix for name in first} >= {".md", ".csv", ".tex", ".png", ".svg", ".json"}
        assert first.keys() == second.keys()
        files += len(first)
        unequal += sum(first[name] != second[name] for name in first)
    count("files of reports, written again by another process", files=files, unequal=unequal)
    assert unequal == 0
