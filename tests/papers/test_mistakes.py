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
from sweep.papers import page, read
from sweep.papers.collection import Collection
from sweep.papers.page import Report

PAPERS = Path(__file__).parents[2] / "reports"
NAMES = ["paterson", "szeto", "tutorial", "wei", "zhao"]
VALUES = [None, -1, 3, 0.5, True, "x", "", "../x", [], [1], ["x"], {}, {"x": 1}, {3: 4}]
SAMPLE = 20  # mistakes of each paper
Place = tuple[str | int, ...]


def places(content: Any, place: Place = ()) -> Iterator[Place]:
    """Every key and position of a file's content."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*place, key)
        if isinstance(value, dict | list):
            yield from places(value, (*place, key))


def mistaken(content: Any, place: Place, rng: np.random.Generator) -> Any:
    """The content with one thing at a place removed, misspelt or replaced."""
    inner = content = copy.deepcopy(content)
    *way, last = place
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
    """The committed records of a paper."""
    return Collection(PAPERS / name / "records.parquet")


def make(name: str, place: Place) -> None:
    """Read the paper, make its page and tables, and draw the figure that the mistake is in."""
    paper = read.read(name, page.VOCABULARY)
    made = Report(paper, collection(name))
    list(made.texts())
    for figure in paper.figures:
        if place[:1] == ("figures",) and len(place) > 2 and place[1] == figure.name:
            plt.close(made.draw(figure))


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_anywhere_is_one_line_or_a_report(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = yaml.safe_load((PAPERS / name / "paper.yaml").read_text(encoding="utf-8"))
    every, rng = list(places(content)), np.random.default_rng(NAMES.index(name))
    file = tmp_path / "reports" / name / "paper.yaml"
    file.parent.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    refused = []
    for index in rng.integers(len(every), size=SAMPLE):
        file.write_text(
            yaml.safe_dump(mistaken(content, every[index], rng), sort_keys=False), encoding="utf-8"
        )
        try:
            make(name, every[index])
        except SweepError as error:
            refused.append(str(error))
    assert all(refused)
    assert len(refused) > SAMPLE / 4
