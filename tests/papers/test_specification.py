"""Reading paper.yaml: a mistake is refused in one line that says where it is."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweep.core.errors import PaperError
from sweep.papers import read as papers
from sweep.papers import specification
from sweep.papers.writing import VOCABULARY, read_papers

GOOD: dict[str, Any] = {
    "title": "A paper",
    "authors": "Somebody",
    "year": 2020,
    "summary": "What it does.",
    "experiments": ["noise"],
    "scales": {"smoke": {"seeds": 2}},
    "tables": {
        "main": {
            "caption": "Results",
            "rows": [
                {
                    "label": "accuracy",
                    "experiment": "noise",
                    "column": "test_accuracy",
                    "published": 0.9,
                    "unit": "percent",
                }
            ],
        },
        "pairs": {"caption": "Pairs", "make": "confused_pairs", "settings": {"experiment": "noise"}},
        "cost": {
            "caption": "Cost",
            "make": "measured",
            "settings": {"measurement": "cost", "columns": {}, "headings": [], "note": ""},
        },
    },
    "measurements": {
        "cost": {"measure": "gradient_cost", "settings": {"experiment": "mine/noise", "hidden": [[1]]}}
    },
    "figures": {
        "loss": {"caption": "Loss", "draw": "curves", "experiment": "noise", "settings": {"metric": "loss"}}
    },
    "assumptions": ["The batch size is not given."],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a working folder with an experiment of the paper `mine`."""
    (tmp_path / "sweeps" / "experiment" / "mine").mkdir(parents=True)
    (tmp_path / "sweeps" / "experiment" / "mine" / "noise.yaml").write_text(
        "# @package _global_\nhidden: 16\n"
    )
    (tmp_path / "reports" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder: Path, content: Any) -> specification.Paper:
    """Read a paper from a file with this content."""
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (folder / "reports" / "mine" / "paper.yaml").write_text(text)
    return papers.read("mine", VOCABULARY)


def changed(location: str, value: Any) -> dict[str, Any]:
    """Return GOOD with another value at a dotted location; without that location if the value is `...`."""
    content: dict[str, Any] = yaml.safe_load(yaml.safe_dump(GOOD))
    *way, last = location.split(".")
    inner: Any = content
    for key in way:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return content


def test_good_file_is_read(folder: Path) -> None:
    """Everything in the file is in the paper, scales that it leaves out have no settings."""
    paper = read(folder, GOOD)
    assert (paper.name, paper.title, paper.experiments) == ("mine", "A paper", ("noise",))
    assert paper.scales == {"smoke": {"seeds": 2}, "quick": {}, "full": {}}
    tables = {table.name: table for table in paper.tables}
    (row,) = tables["main"].rows
    assert (row.column, row.published, row.unit, row.factor) == ("test_accuracy", 0.9, "percent", 1.0)
    assert tables["pairs"].settings == {"experiment": "noise"}
    assert paper.figures[0].settings == {"metric": "loss"}
    assert paper.measurements[0].settings == {"experiment": "mine/noise", "hidden": [[1]]}


@pytest.mark.parametrize(
    ("location", "value", "expected"),
    [
        ("experiments", ["nois"], "experiments=nois: must be one of noise; did you mean 'noise'?"),
        (
            "tables.main.rows.0.experiment",
            "nose",
            "tables.main.rows[0].experiment=nose: must be one of noise",
        ),
        (
            "tables.main.rows.0.column",
            "test_acuracy",
            "tables.main.rows[0].column=test_acuracy: must be one of ",
        ),
        ("tables.main.rows.0.published", "97 %", "tables.main.rows[0].published=97 %: must be a number"),
        ("tables.main.rows.0.published", True, "tables.main.rows[0].published=true: must be a number"),
        ("tables.main.rows.0.published", float("nan"), "tables.main.rows[0].published=nan: must be a number"),
        ("tables.main.rows.0.unit", "percents", "did you mean 'percent'?"),
        (
            "tables.main.rows.0.publish",
            1,
            "tables.main.rows[0].publish: no such key; did you mean 'published'?",
        ),
        ("tables.main.rows.0.label", ..., "tables.main.rows[0].label: is missing"),
        ("tables.main.rows", 3, "tables.main.rows=3: must be a list"),
        (
            "tables.pairs.make",
            "pairs",
            "tables.pairs.make=pairs: must be one of cells, confused_pairs, measured",
        ),
        ("tables.pairs.rows", [], "tables.pairs: must have rows or make, not both"),
        ("tables.pairs.make", ..., "tables.pairs: must have rows or make"),
        ("tables.pairs.settings.experiment", "nose", "tables.pairs.settings.experiment=nose: must be one of"),
        ("tables.cost.settings.measurement", "costs", "did you mean 'cost'?"),
        ("measurements.cost.measure", "cost", "measurements.cost.measure=cost: must be one of gradient_"),
        ("measurements.cost.settings", 3, "measurements.cost.settings=3: must be a mapping"),
        ("figures.loss.draw", "curve", "figures.loss.draw=curve: must be one of "),
        ("figures.loss.experiment", "other", "figures.loss.experiment=other: must be one of noise"),
        ("figures.loss.settings", [1], "figures.loss.settings=[1]: must be a mapping"),
        ("scales.smok", {}, "scales.smok: no such key; did you mean 'smoke'?"),
        ("title", ..., "title: is missing"),
        ("titel", "x", "titel: no such key; did you mean 'title'?"),
        ("assumptions", "none", "assumptions=none: must be a list of texts"),
        ("experiments", [], "experiments: must name at least one experiment"),
        ("title", 3, "title=3: must be a text"),
        (
            "figures.loss.settings.metric",
            "los",
            "settings.metric=los: must be one of accuracy, loss; did you",
        ),
        (
            "figures.loss.settings.parts",
            ["tset"],
            "settings.parts[0]=tset: must be one of train, validation, te",
        ),
        ("figures.loss.settings.lines", "hidden", "settings.lines=hidden: must be a list of texts"),
        ("figures.loss.settings.limits", [1], "settings.limits=[1]: must be a list of 2 items, increasing"),
        ("figures.loss.settings.metrics", 1, "metrics: no such setting of curves; did you mean 'metric'?"),
        ("figures.loss.experiment", ..., "settings.experiment: is missing; curves needs it"),
        (
            "figures.loss.where",
            {"hidden": 3},
            "figures.loss.where: no such key; did you mean settings.where?",
        ),
        ("tables.pairs.settings.count", 0, "settings.count=0: must be a whole number, at least 1"),
        ("tables.main.rows.0.iteration", -1, "rows[0].iteration=-1: must be a whole number, at least 0"),
        (
            "tables.main.rows.0.digits",
            99,
            "digits=99: must be a whole number, at least 0, at most 15",
        ),
        ("figures.Loss", {}, "figures.Loss: a name must be of a-z, 0-9, _ and -"),
        ("measurements.a b", {}, "measurements.a b: a name must be of a-z, 0-9, _ and -"),
        ("measurements.cost.settings.hidden", [["x"]], "settings.hidden[0][0]=x: must be a whole number"),
    ],
)
def test_mistake_is_refused_with_its_location(location: str, value: Any, expected: str, folder: Path) -> None:
    """The error is one line that says where the mistake is, and what is allowed there."""
    with pytest.raises(PaperError) as caught:
        read(folder, changed(location, value))
    text = str(caught.value)
    assert text.startswith("reports/mine/paper.yaml: ")
    assert expected in text
    assert "\n" not in text


OPTIONS: list[tuple[str, str, dict[str, Any], str]] = [
    ("figures", "points", {"data": {"nam": "exam"}, "labels": ["a", "b"]}, "data.nam: no such key; did you"),
    (
        "figures",
        "descent",
        {"terms": [[1, -2, 0]]},
        "terms[0]=[1,-2,0]: must be a coefficient and two whole",
    ),
    (
        "figures",
        "activation",
        {"name": "sigmoid", "extent": [1, 1]},
        "extent=[1,1]: must be a list of 2 items, incr",
    ),
    (
        "figures",
        "output_gradients",
        {"output": "sigmoid", "losses": {"mse": "x"}},
        "losses.mse=x: must be a n",
    ),
    (
        "figures",
        "output_gradients",
        {"output": "sigmoid", "losses": {"ms": 1}},
        "losses.ms=ms: must be one o",
    ),
    (
        "tables",
        "measured",
        {"measurement": "cost", "columns": {"n": "q"}},
        "columns.n=q: must be a format of",
    ),
    (
        "measurements",
        "gradient_check",
        {"experiment": "x", "weights": [{"label": "w", "unit": 0}]},
        "layer: is",
    ),
    (
        "measurements",
        "gradient_check",
        {"experiment": "x", "weights": [{"label": "w", "unit": 0, "layer": 0}]},
        "weights[0].layer=0: must be a whole number, at least 1",
    ),
]


@pytest.mark.parametrize(("kind", "function", "settings", "expected"), OPTIONS)
def test_settings_of_functions_are_checked_on_reading(
    kind: str, function: str, settings: dict[str, Any], expected: str, folder: Path
) -> None:
    """Settings of general functions are checked when the paper is read, not when it is drawn."""
    key = {"figures": "draw", "tables": "make", "measurements": "measure"}[kind]
    caption = {} if kind == "measurements" else {"caption": "New"}
    entry = {**caption, key: function, "settings": settings}
    with pytest.raises(PaperError) as caught:
        read(folder, {**GOOD, kind: {**GOOD[kind], "new": entry}})
    assert str(caught.value).startswith(f"reports/mine/paper.yaml: {kind}.new.settings.")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["name", "file"])
def test_name_and_file_are_no_keys(key: str, folder: Path) -> None:
    """The folder gives the paper its name; the file must not."""
    with pytest.raises(PaperError, match=f"paper.yaml: {key}: no such key"):
        read(folder, {**GOOD, key: "other"})


@pytest.mark.parametrize("kind", ["tables", "figures", "measurements"])
def test_names_stay_inside_the_report(kind: str, folder: Path) -> None:
    """Names become file names: one with .. is refused."""
    with pytest.raises(PaperError, match=rf"{kind}\.\.\./\.\./escaped: a name must be of a-z, 0-9, _ and -"):
        read(folder, {**GOOD, kind: {"../../escaped": {}}})


@pytest.mark.parametrize("text", ["title: [", "- a list", ""])
def test_file_without_a_mapping_refused(text: str, folder: Path) -> None:
    """Broken YAML, a list and an empty file are errors that name the file."""
    with pytest.raises(PaperError, match=r"reports/mine/paper\.yaml"):
        read(folder, text)


def test_unknown_paper_refused_with_the_nearest(folder: Path) -> None:
    """A misspelt name is answered with the nearest one."""
    read(folder, GOOD)
    with pytest.raises(
        PaperError, match=r"mien: no such paper; must be all or one of .*did you mean 'mine'\?"
    ):
        read_papers("mien")


def test_the_five_papers_can_be_read() -> None:
    """Each has experiments, tables, figures and assumptions."""
    five = {paper.name: paper for paper in read_papers("all")}
    assert {"zhao", "paterson", "wei", "szeto", "tutorial"} <= set(five)
    for paper in five.values():
        assert paper.experiments
        assert paper.tables
        assert paper.figures
        assert paper.assumptions
