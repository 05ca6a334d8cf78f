"""Trials that were not computed alike are never averaged in silence: everything that averages says so."""

import json
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from tests.reliability.store_of_trials import SETTINGS, copied, train

import sweep
from sweep.cli import variance
from sweep.core.errors import MixtureWarning, TrialsError
from sweep.papers.collection import Collection
from sweep.papers.writing import PAGE, PaperReport, read_papers
from sweep.report import terminal
from sweep.report.sweep_page import report_on_store
from sweep.stats.judge import Criteria
from sweep.stats.trials import summarise
from sweep.store import schema
from sweep.system import files

ENGINES: dict[str, dict[str, Any]] = {
    "another engine": {"engine": "compiled"},
    "another version": {"engine_version": "OpenBLAS 0.1"},
    "other numerics": {"engine_numerics": 99},
    "an unknown engine": dict.fromkeys(["engine", "engine_version", "engine_numerics"]),
}


def changed(file: Path, columns: dict[str, Any]) -> None:
    """Write a file of records again, sealed, with other values in its last row."""
    table = pq.ParquetFile(file).read()
    rows = table.to_pylist()
    rows[-1] |= columns
    file.write_bytes(schema.seal(pa.Table.from_pylist(rows, table.schema)))


def run(results: Path) -> None:
    train(results, 3)


def compare_command(results: Path) -> None:
    terminal.show(report_on_store(results, {}, Criteria(), baseline=None).page(), Console(width=80))


def compare_function(results: Path) -> None:
    with pytest.warns(MixtureWarning) as warned:
        sweep.compare(results)
    print(warned[0].message)


def variance_command(results: Path) -> None:
    settings = [f"{key}={value}" for key, value in SETTINGS.items() if key != "data"]
    settings += [f"data.{key}={value}" for key, value in SETTINGS["data"].items()]
    asked = ["vary=[init],[init,order,split]", "hidden=4", "seeds=3", "figures=false"]
    settings += [*asked, f"results={results}", f"hydra.run.dir={results}/../out"]
    assert variance.variance(variance.variance_parser().parse_intermixed_args(settings)) == 0


def report(results: Path) -> None:
    """Show a finished report in whose last cell one trial has the engine of the store."""
    (last,) = results.glob("*/2.parquet")
    row = pq.ParquetFile(last).read(["engine", "engine_version", "engine_numerics"]).to_pylist()[0]
    folder = files.package_folder("reports") / "tutorial"
    file = results.parent / "packed" / "tutorial" / "records.parquet"
    file.parent.mkdir(parents=True)
    shutil.copy(folder / "records.parquet", file)
    about = schema.footer_metadata(pq.ParquetFile(file))
    changed(file, row)
    file.write_bytes(schema.seal(pq.ParquetFile(file).read(), about))
    (paper,) = read_papers("tutorial")
    print(PaperReport(paper, Collection(file)).texts()[PAGE])


AVERAGES = [run, compare_command, compare_function, variance_command, report]


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the output as one line, as a sentence may go over several."""
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("average", [run, compare_command])
def test_kinds_of_mixtures(
    average: Callable[[Path], None],
    kind: str,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every kind of mixture is reported."""
    changed(copied(trained, tmp_path) / "2.parquet", ENGINES[kind])
    average(tmp_path)
    assert len(re.findall("trials of different engines.*: 2 by numpy.*; 1 by ", printed(capsys))) == 1


@pytest.mark.parametrize("average", AVERAGES, ids=lambda average: average.__name__)
def test_all_averages_report_mixtures(
    average: Callable[[Path], None], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command and function that averages reports a mixture."""
    results = tmp_path / "results"
    if average is compare_function:
        train(results, 3, (4, 5))
    elif average is variance_command:
        variance_command(results)
    else:
        copied(trained, results)
    capsys.readouterr()
    for file in list(results.glob("*/2.parquet"))[:1]:
        changed(file, ENGINES["other numerics"])
    average(results)
    assert printed(capsys).count("trials of different engines") == 1


def test_no_mixture_no_report(trained: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Trials that were computed alike cause no report."""
    copied(trained, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for average in (run, compare_command):
            average(tmp_path)
    assert "different engines" not in printed(capsys)


@pytest.mark.parametrize(
    ("key", "noun"), [("data.digest", "different data"), ("numerics", "different numerics versions")]
)
def test_data_and_numerics_never_mix(key: str, noun: str, trained: Path, tmp_path: Path) -> None:
    """Different data or numerics never mix: in one cell, which only a made-up record can do, and in two cells
    of the same settings."""
    cell = copied(trained, tmp_path)
    (row,) = pq.ParquetFile(cell / "2.parquet").read(["config"]).to_pylist()
    settings = json.loads(row["config"])
    if key == "numerics":
        settings["numerics"] = 1
    else:
        settings["data"]["digest"] = "0123"
    changed(cell / "2.parquet", {"config": json.dumps(settings, sort_keys=True)})
    trials = sweep.load(tmp_path)
    with pytest.raises(TrialsError, match=f"cell={cell.name}: trials of {noun}"):
        summarise(trials)
    with pytest.raises(TrialsError, match=f"cell={cell.name}: trials of {noun}"):
        run(tmp_path)
    for compare in (compare_command, sweep.compare):
        with pytest.raises(TrialsError, match=f"trials of {noun}.*not compared"):
            compare(tmp_path)
    other = trials.assign(cell=["a", "a", "b"])
    assert len(summarise(other)) == 2
    with pytest.raises(TrialsError, match=noun):
        summarise(other, by=["hidden"])
    with pytest.raises(TrialsError, match=noun):
        sweep.compare(pd.DataFrame(other))
