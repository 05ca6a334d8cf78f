"""A paper's report, made by the commands themselves on real digits at the smallest scale."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

import sweep
from sweep.errors import PaperError
from sweep.papers.collection import Collection

PAPERS = Path(__file__).parents[2] / "reports"


def command(folder: Path, module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`python -m <module>` in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in which one paper has been reproduced."""
    folder = tmp_path_factory.mktemp("reproduced")
    done = command(folder, "sweep.reproduce", "paterson", "--scale", "smoke")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def report(reproduced: Path, tmp_path: Path) -> Path:
    """A copy of that report alone, without the store; the folder that `reports` lies in."""
    target = tmp_path / "reports" / "paterson"
    for file in (reproduced / "reports" / "paterson").rglob("*"):
        if file.is_file():
            copy = target / file.relative_to(reproduced / "reports" / "paterson")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    return tmp_path


def test_every_number_follows_from_the_stored_trials(reproduced: Path) -> None:
    """By pandas, from the store itself."""
    every = sweep.load(reproduced / "results")
    trials = every[every["evaluation.every"] == 100]
    table = pd.read_csv(reproduced / "reports" / "paterson" / "tables" / "results.csv")
    (row,) = table.to_dict("records")
    accuracy = 100 * trials["test_accuracy"]
    assert row["n"] == len(trials) == 2
    assert row["mean"] == pytest.approx(accuracy.mean(), rel=1e-5)
    assert row["std"] == pytest.approx(accuracy.std(), rel=1e-4)
    assert row["published"] == pytest.approx(97.2)
    assert row["difference"] == pytest.approx(accuracy.mean() - 97.2, rel=1e-4)
    page = (reproduced / "reports" / "paterson" / "report.md").read_text()
    assert f"| 97.20 | {accuracy.mean():.2f} ± {accuracy.std():.2f} | 2 |" in page
    latex = (reproduced / "reports" / "paterson" / "tables" / "results.tex").read_text()
    assert rf"{accuracy.mean():.2f} $\pm$ {accuracy.std():.2f}" in latex
    assert r"test accuracy (\%)" in latex


def test_replacing_a_report_of_a_larger_scale_is_said(reproduced: Path, tmp_path: Path) -> None:
    """The committed one took a quarter of an hour; a second run at the same scale has nothing to say."""
    records = tmp_path / "reports" / "paterson" / "records.parquet"
    records.parent.mkdir(parents=True)
    records.write_bytes((PAPERS / "paterson" / "records.parquet").read_bytes())
    stored = "--results", str(reproduced / "results")
    first, second = (
        command(tmp_path, "sweep.reproduce", "paterson", "--scale", "smoke", *stored) for _ in range(2)
    )
    said = "reports/paterson: holds a report at scale full, which one at scale smoke will replace"
    assert said in first.stdout
    assert "will replace" not in second.stdout
    assert first.returncode == second.returncode == 0
    assert Collection.read(records.parent).scale == "smoke"


def test_a_table_of_all_cells_has_a_line_for_each(reproduced: Path) -> None:
    """By pandas, from the store itself."""
    trials = sweep.load(reproduced / "results")
    # Two equal layers; the architectures with other ones are a table of their own.
    trials = trials[(trials["evaluation.every"] == 1000) & trials["hidden"].isin([50, 100, 300])]
    trials = trials[trials["depth"] == 2]
    means = trials.groupby(["data.normalization", "hidden"])["test_accuracy"].agg(["mean", "std"]) * 100
    folder = reproduced / "reports" / "paterson" / "tables"
    lines = (folder / "variations.md").read_text().splitlines()
    assert lines[0] == "| data.normalization | hidden | published | ours | n | difference | epochs |"
    assert len(lines) == 2 + 9 == 2 + len(means)
    for (normalization, hidden), row in means.iterrows():
        start = f"| {normalization} | {hidden} | 97.20 | {row['mean']:.2f} ± {row['std']:.2f} | 2 |"
        assert sum(line.startswith(start) for line in lines) == 1


def test_the_packed_records_are_those_of_the_store(reproduced: Path) -> None:
    packed = sweep.load(reproduced / "reports" / "paterson" / "records.parquet")
    pd.testing.assert_frame_equal(packed, sweep.load(reproduced / "results"))
    curves = sweep.curves(reproduced / "reports" / "paterson" / "records.parquet")
    pd.testing.assert_frame_equal(curves, sweep.curves(reproduced / "results"))


def test_cells_are_found_by_their_settings(reproduced: Path) -> None:
    """A setting that is null is found as null, and by no other value."""
    collection = Collection.read(reproduced / "reports" / "paterson")
    assert len(collection.trials("training", {"early_stopping.patience": None, "momentum": 0.0})) == 2
    for key, value in (("early_stopping.patience", 3), ("momentum", None)):
        with pytest.raises(PaperError, match="training: no cell with"):
            collection.trials("training", {key: value})
    with pytest.raises(PaperError, match=r"where\.momentums: no such column"):
        collection.trials("training", {"momentums": 0.0})


def test_the_report_is_made_again_without_the_store(report: Path) -> None:
    folder = report / "reports" / "paterson"
    before = {
        file: file.read_bytes()
        for file in folder.rglob("*")
        if file.suffix in (".md", ".csv", ".tex", ".svg")
    }
    assert len(before) == 1 + 4 * 3 + 4  # the page, four tables in three forms, four figures
    for file in before:
        file.unlink()
    assert command(report, "sweep.report", "paterson").returncode == 0
    assert {file: file.read_bytes() for file in before} == before
    assert command(report, "sweep.report", "paterson", "--check").returncode == 0


def test_a_number_that_does_not_follow_is_found(report: Path) -> None:
    page = report / "reports" / "paterson" / "report.md"
    page.write_text(page.read_text().replace("| 97.20 |", "| 97.30 |"))
    (report / "reports" / "paterson" / "figures" / "loss.png").unlink()
    checked = command(report, "sweep.report", "paterson", "--check")
    assert checked.returncode == 1
    lines = checked.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("reports/paterson/report.md: line ")
    assert "does not follow from the records: | test accuracy (%) | 97.30 |" in lines[0]
    assert lines[1] == "reports/paterson/figures/loss.png: is missing"


def test_a_finding_holds_the_numbers_of_the_tables(report: Path) -> None:
    """And one that names no line of a table is refused."""
    specification = report / "reports" / "paterson" / "paper.yaml"
    own = (PAPERS / "paterson" / "paper.yaml").read_text()
    specification.write_text(own + '\nfindings: ["We find {results[test accuracy (%)]}."]\n')
    assert command(report, "sweep.report", "paterson").returncode == 0
    row = pd.read_csv(report / "reports" / "paterson" / "tables" / "results.csv").iloc[0]
    page = (report / "reports" / "paterson" / "report.md").read_text()
    assert f"- We find {row['mean']:.2f} ± {row['std']:.2f}." in page
    specification.write_text(own + '\nfindings: ["We find {results[accuracy]}."]\n')
    refused = command(report, "sweep.report", "paterson")
    assert refused.returncode == 2
    assert refused.stderr == (
        "error: reports/paterson/paper.yaml: findings: We find {results[accuracy]}.: no such table or label:"
        " 'accuracy'\n"
    )


def test_without_records_the_command_that_makes_them_is_named(tmp_path: Path) -> None:
    missing = command(tmp_path, "sweep.report", "paterson")
    assert missing.returncode == 2
    expected = "reports/paterson/records.parquet: no such file; python -m sweep.reproduce paterson writes it"
    assert missing.stderr == f"error: {expected}\n"
    assert not list(tmp_path.iterdir())


MEASURED = """
measurements:
  cost: {measure: gradient_cost, settings: {experiment: mine/noise, hidden: [[1], [2]]}}
tables:
  cost:
    caption: Cost
    make: measured
    settings: {measurement: cost, columns: {network: s}, headings: [network], note: By name.}
"""


def example(name: str) -> str:
    """The block of YAML behind `<!-- name -->` in the README of the reports."""
    match = re.search(rf"<!-- {name} -->\n```yaml\n(.*?)```", (PAPERS / "README.md").read_text(), re.DOTALL)
    assert match
    return match[1]


def test_a_paper_of_ones_own_needs_no_code(tmp_path: Path) -> None:
    """The example of the reports' README, with a measurement besides, in the folder where one works."""
    experiment = tmp_path / "sweeps" / "experiment" / "mine" / "noise.yaml"
    experiment.parent.mkdir(parents=True)
    experiment.write_text(example("experiment"))
    folder = tmp_path / "reports" / "mine"
    folder.mkdir(parents=True)
    paper, measured = yaml.safe_load(example("paper")), yaml.safe_load(MEASURED)
    paper["tables"] |= measured.pop("tables")
    (folder / "paper.yaml").write_text(yaml.safe_dump({**paper, **measured}, allow_unicode=True))
    done = command(tmp_path, "sweep.reproduce", "mine", "--scale", "smoke")
    assert done.returncode == 0, done.stderr
    page = (folder / "report.md").read_text()
    trials = sweep.load(tmp_path / "results")
    mean = 100 * trials[trials["hidden"] == 8]["test_accuracy"].mean()
    assert f"- With 8 units it is {mean:.2f} ±" in page
    # Nothing was published: there are no columns for it.
    assert "| hidden | ours | n | epochs |\n" in page
    published = f"| test accuracy, 8 units (%) | 90.00 | {mean:.2f} ± "
    assert page.count("Difference: ours less published.") == page.count(published) == 1
    assert "| 784-1-10 |\n| 784-2-10 |" in page
    assert (folder / "figures" / "loss.png").stat().st_size > 5000
    assert command(tmp_path, "sweep.report", "mine", "--check").returncode == 0
    (folder / "measurements" / "cost.csv").unlink()
    missing = command(tmp_path, "sweep.report", "mine")
    assert missing.returncode == 2
    assert missing.stderr == (
        "error: reports/mine/measurements/cost.csv: no such file; python -m sweep.reproduce mine writes it\n"
    )
