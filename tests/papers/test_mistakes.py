"""The five papers' paper.yaml with a mistake anywhere: one line, or a report."""

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import yaml

from sweep.core.errors import SweepError
from sweep.papers import read, writing
from sweep.papers.collection import Collection
from sweep.papers.writing import PaperReport

PAPERS = Path(__file__).parents[2] / "reports"
NAMES = ["paterson", "szeto", "tutorial", "wei", "zhao"]
VALUES = [None, -1, 3, 0.5, True, "x", "", "../x", [], [1], ["x"], {}, {"x": 1}, {3: 4}]
Location = tuple[str | int, ...]


def locations(content: Any, parent: Location = ()) -> Iterator[Location]:
    """Yield every key and position of a file's content."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*parent, key)
        if isinstance(value, dict | list):
            yield from locations(value, (*parent, key))


def mistaken(content: Any, location: Location, rng: np.random.Generator) -> Any:
    """Return the content with one thing removed, misspelt or replaced."""
    inner = content = copy.deepcopy(content)
    *way, last = location
    for key in way:
        inner = inner[key]
    kind = rng.integers(4)
    if kind == 0:
        del inner[last]
    elif kind == 1 and isinstance(last, str):
        inner[last[:-1] or "x"] = inner.pop(last)
    elif kind == 2 and isinstance(inner[last], str):
        inner[last] = inner[last][1:]
    else:
        inner[last] = VALUES[rng.integers(len(VALUES))]
    return content


@cache
def collection(name: str) -> Collection:
    """Return the committed records of a paper."""
    return Collection(PAPERS / name / "records.parquet")


def make(name: str, location: Location) -> None:
    """Read the paper, make its page and tables, and draw the figure that the mistake is in."""
    paper = read.read(name, writing.VOCABULARY)
    report = PaperReport(paper, collection(name))
    list(report.texts())
    for figure in paper.figures:
        if location[:1] == ("figures",) and len(location) > 2 and location[1] == figure.name:
            plt.close(report.draw(figure))


@pytest.mark.part(2)
@pytest.mark.parametrize("mistakes", [6, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_random_mistake_is_refused_or_harmless(
    name: str, mistakes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake anywhere in paper.yaml ends in an error of one line, or in a report."""
    content = yaml.safe_load((PAPERS / name / "paper.yaml").read_text(encoding="utf-8"))
    every, rng = list(locations(content)), np.random.default_rng(NAMES.index(name))
    file = tmp_path / "reports" / name / "paper.yaml"
    file.parent.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    refused = []
    for index in rng.integers(len(every), size=mistakes):
        file.write_text(
            yaml.safe_dump(mistaken(content, every[index], rng), sort_keys=False), encoding="utf-8"
        )
        try:
            make(name, every[index])
        except SweepError as error:
            refused.append(str(error))
    assert all(refused)
    assert len(refused) > mistakes / 4
