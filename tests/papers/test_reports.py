"""A paper's report, made by the commands themselves on real digits at the smallest scale."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

import sweep
from sweep.core.errors import PaperError
from sweep.papers.collection import Collection

PAPERS = Path(__file__).parents[2] / "reports"
FOLDER = Path("reports") / "paterson" / "smoke"


def command(folder: Path, module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`python -m <module>` in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in which one paper has been reproduced."""
    folder = tmp_path_factory.mktemp("reproduced")
    done = command(folder, "sweep.cli.reproduce", "paterson", "--scale", "smoke")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def report(reproduced: Path, tmp_path: Path) -> Path:
    """A copy of that report alone, without the store; the folder that `reports` lies in."""
    shutil.copytree(reproduced / "reports", tmp_path / "reports")
    return tmp_path


def test_every_number_follows_from_the_stored_trials(reproduced: Path) -> None:
    """By pandas, from the store itself."""
    every = sweep.load(reproduced / "results")
    trials = every[every["evaluation.every"] == 100]
    table = pd.read_csv(reproduced / FOLDER / "tables" / "results.csv")
    (row,) = table.to_dict("records")
    accuracy = 100 * trials["test_accuracy"]
    assert row["n"] == len(trials) == 2
    assert row["mean"] == pytest.approx(accuracy.mean(), rel=1e-5)
    assert row["std"] == pytest.approx(accuracy.std(), rel=1e-4)
    assert row["published"] == pytest.approx(97.2)
    assert row["difference"] == pytest.approx(accuracy.mean() - 97.2, rel=1e-4)
    page = (reproduced / FOLDER / "report.md").read_text()
    assert f"| 97.20 | {accuracy.mean():.2f} ± {accuracy.std():.2f} | 2 |" in page
    latex = (reproduced / FOLDER / "tables" / "results.tex").read_text()
    assert rf"{accuracy.mean():.2f} $\pm$ {accuracy.std():.2f}" in latex
    assert r"test accuracy (\%)" in latex


def test_a_smaller_scale_leaves_the_committed_report_alone(reproduced: Path, tmp_path: Path) -> None:
    """In a copy of the committed folder; the flag puts the small report in its place."""
    kept = tmp_path / "reports" / "paterson"
    shutil.copytree(PAPERS / "paterson", kept)
    before = {file: file.read_bytes() for file in kept.rglob("*") if file.is_file()}
    arguments = "paterson", "--scale", "smoke", "--results", str(reproduced / "results")
    done = command(tmp_path, "sweep.cli.reproduce", *arguments)
    assert done.returncode == 0, done.stderr
    assert (
        "reports/paterson/smoke/report.md. Of the paper's own protocol: training: 2 seeds (the paper: 1)"
        in (done.stdout)
    )
    assert {file: file.read_bytes() for file in before} == before
    assert Collection.read(kept / "smoke").scale == "smoke"
    page = (kept / "smoke" / "report.md").read_text(encoding="utf-8")
    assert "2,500 of 50,000 training examples, 1,000 of 4,000 test examples" in page
    assert "What came out at scale `full` is left out here: these are other trials." in page
    assert "- With pixels" not in page
    both = command(tmp_path, "sweep.cli.papers", "paterson", "--check")
    assert (both.returncode, both.stderr) == (0, "")
    assert command(tmp_path, "sweep.cli.reproduce", *arguments, "--replace").returncode == 0
    assert Collection.read(kept).scale == "smoke"


def test_the_committed_folders_ignore_smaller_scales() -> None:
    """git sees nothing of a report at scale smoke or quick."""
    for scale in ("smoke", "quick"):
        file = f"reports/szeto/{scale}/report.md"
        asked = ["git", "-C", str(PAPERS.parent), "check-ignore", "--quiet", file]
        assert subprocess.run(asked, check=False).returncode in (0, 128)  # 128: no git checkout


def test_a_table_of_all_cells_has_a_line_for_each(reproduced: Path) -> None:
    """By pandas, from the store itself."""
    trials = sweep.load(reproduced / "results")
    # Two equal layers; the architectures with other ones are a table of their own.
    # `hidden` is a text in every row, since [300,100] is.
    trials = trials[(trials["evaluation.every"] == 1000) & trials["hidden"].isin(["50", "100", "300"])]
    trials = trials[(trials["depth"] == 2) & (trials["data.test_subset"] == "random")]
    means = trials.groupby(["data.normalization", "hidden"])["test_accuracy"].agg(["mean", "std"]) * 100
    folder = reproduced / FOLDER / "tables"
    lines = (folder / "variations.md").read_text().splitlines()
    assert lines[0] == "| data.normalization | hidden | published | ours | n | difference | epochs |"
    assert len(lines) == 2 + 9 == 2 + len(means)
    for (normalization, hidden), row in means.iterrows():
        start = f"| {normalization} | {hidden} | 97.20 | {row['mean']:.2f} ± {row['std']:.2f} | 2 |"
        assert sum(line.startswith(start) for line in lines) == 1


def test_the_packed_records_are_those_of_the_store(reproduced: Path) -> None:
    packed = sweep.load(reproduced / FOLDER / "records.parquet")
    pd.testing.assert_frame_equal(packed, sweep.load(reproduced / "results"))
    curves = sweep.curves(reproduced / FOLDER / "records.parquet")
    pd.testing.assert_frame_equal(curves, sweep.curves(reproduced / "results"))


def test_cells_are_found_by_their_settings(reproduced: Path) -> None:
    """A setting that is null is found as null, and by no other value."""
    collection = Collection.read(reproduced / FOLDER)
    assert len(collection.trials("training", {"early_stopping.patience": None, "momentum": 0.0})) == 2
    for key, value in (("early_stopping.patience", 3), ("momentum", None)):
        with pytest.raises(PaperError, match="training: no cell with"):
            collection.trials("training", {key: value})
    with pytest.raises(PaperError, match=r"where\.momentums: no such setting"):
        collection.trials("training", {"momentums": 0.0})


def test_the_report_is_made_again_without_the_store(report: Path) -> None:
    folder = report / FOLDER
    before = {
        file: file.read_bytes()
        for file in folder.rglob("*")
        if file.suffix in (".md", ".csv", ".tex", ".svg")
    }
    assert len(before) == 1 + 5 * 3 + 4  # the page, five tables in three forms, four figures
    for file in before:
        file.unlink()
    assert command(report, "sweep.cli.papers", "paterson").returncode == 0
    assert {file: file.read_bytes() for file in before} == before
    assert command(report, "sweep.cli.papers", "paterson", "--check").returncode == 0


def test_a_number_that_does_not_follow_is_found(report: Path) -> None:
    page = report / FOLDER / "report.md"
    page.write_text(page.read_text().replace("| 97.20 |", "| 97.30 |"))
    (report / FOLDER / "figures" / "loss.png").unlink()
    checked = command(report, "sweep.cli.papers", "paterson", "--check")
    assert checked.returncode == 1
    lines = checked.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("reports/paterson/smoke/report.md: line ")
    assert "does not follow from the records: | test accuracy (%) | 97.30 |" in lines[0]
    assert lines[1] == "reports/paterson/smoke/figures/loss.png: is missing"


def test_a_finding_holds_the_numbers_of_the_tables(report: Path) -> None:
    """At its own scale; one that names no line of a table is refused, as is a number that is typed."""
    specification = report / "reports" / "paterson" / "paper.yaml"
    own = (PAPERS / "paterson" / "paper.yaml").read_text(encoding="utf-8").partition("findings:")[0]

    def refused(text: str) -> str:
        finding = f'findings: [{{scale: smoke, text: "{text}"}}, "Of scale full."]'
        specification.write_text(f"{own}{finding}\ngiven: {{step: 0.5}}\n", encoding="utf-8")
        done = command(report, "sweep.cli.papers", "paterson")
        assert done.returncode == (2 if done.stderr else 0)
        return done.stderr

    said = "{results[test accuracy (%)]} of {results[test accuracy (%)].published}, rate {given[step]}."
    assert refused(said) == ""
    row = pd.read_csv(report / FOLDER / "tables" / "results.csv").iloc[0]
    page = (report / FOLDER / "report.md").read_text(encoding="utf-8")
    assert f"- {row['mean']:.2f} ± {row['std']:.2f} of 97.20, rate 0.5." in page
    assert "Of scale full" not in page
    start = "error: reports/paterson/paper.yaml: findings"
    assert refused("We find {results[accuracy]}.").startswith(f"{start}: We find {{results[accuracy]}}.: acc")
    assert refused("{result[x]}").endswith("no such table; did you mean 'results'?\n")
    assert refused("{results[test accuracy (%)].men}").endswith("no such part; did you mean 'mean'?\n")
    assert refused("It is 99.99 %.").startswith(f"{start}[0]: 99.99: must be a placeholder")
    assert "must begin a placeholder such as {table[label]}; tables are results, " in refused("L1 is {open")


FORGED = {
    "a swapped figure": ("figures/loss.png", lambda folder: (folder / "figures/accuracy.png").read_bytes()),
    "an edited figure": (
        "figures/loss.svg",
        lambda folder: (folder / "figures/loss.svg").read_bytes() + b" ",
    ),
    "other records": ("records.parquet", lambda folder: (folder / "records.parquet").read_bytes() + b"PAR1"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_file_that_was_not_written_with_the_report_is_found(name: str, report: Path) -> None:
    file, content = FORGED[name]
    folder = report / FOLDER
    (folder / file).write_bytes(content(folder))
    checked = command(report, "sweep.cli.papers", "paterson", "--check")
    assert checked.returncode in (1, 2)
    assert f"{FOLDER / file}: " in checked.stderr


def test_a_measurement_edited_together_with_its_table_is_found(tmp_path: Path) -> None:
    shutil.copytree(PAPERS / "szeto", tmp_path / "reports" / "szeto")
    folder = tmp_path / "reports" / "szeto"
    old, new = "0.311128", "0.311129"
    for file in (
        "measurements/sample.csv",
        "tables/sample.csv",
        "tables/sample.md",
        "tables/sample.tex",
        "report.md",
    ):
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    checked = command(tmp_path, "sweep.cli.papers", "szeto", "--check")
    assert checked.returncode == 1
    words = "is not the file that reports/szeto/manifest.json was written with"
    assert checked.stderr == f"reports/szeto/measurements/sample.csv: {words}\n"


def test_records_of_other_experiments_are_found(report: Path) -> None:
    """The working folder's own experiment of that name has another rate: other cells."""
    experiment = report / "sweeps" / "experiment" / "paterson" / "training.yaml"
    experiment.parent.mkdir(parents=True)
    own = (PAPERS.parent / "sweeps" / "experiment" / "paterson" / "training.yaml").read_text(encoding="utf-8")
    experiment.write_text(own.replace("learning_rate: 0.13", "learning_rate: 0.14"), encoding="utf-8")
    checked = command(report, "sweep.cli.papers", "paterson", "--check")
    assert checked.returncode == 1
    words = "2 of the experiment's trials are missing, 2 of the records' are none"
    assert f"{FOLDER}/records.parquet: training: {words}" in checked.stderr


def test_the_paper_is_read_where_its_reports_are(report: Path) -> None:
    (report / "reports").rename(report / "elsewhere")
    own = (PAPERS / "paterson" / "paper.yaml").read_text(encoding="utf-8")
    (report / "elsewhere" / "paterson" / "paper.yaml").write_text(
        own.replace("MNIST Cl", "XCl"), encoding="utf-8"
    )
    assert command(report, "sweep.cli.papers", "paterson", "--reports", "elsewhere").returncode == 0
    page = report / "elsewhere" / "paterson" / "smoke" / "report.md"
    assert page.read_text(encoding="utf-8").startswith("# XClassifier")


def test_all_reports_on_the_papers_that_are_there(report: Path, tmp_path: Path) -> None:
    done = command(report, "sweep.cli.papers", "all", "--check")
    assert (done.returncode, done.stdout) == (0, "no report in reports: szeto, tutorial, wei, zhao\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = command(empty, "sweep.cli.papers", "all")
    assert nothing.returncode == 2
    assert nothing.stderr == "error: reports: no report is there; python -m sweep.reproduce all writes them\n"
    unchecked = command(empty, "sweep.cli.papers", "all", "--check")
    assert unchecked.returncode == 2
    assert unchecked.stderr.startswith("error: reports: no report is there to check; python -m sweep.repr")


def test_without_records_the_command_that_makes_them_is_named(tmp_path: Path) -> None:
    missing = command(tmp_path, "sweep.cli.papers", "paterson")
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
    made = folder / "smoke"
    paper, measured = yaml.safe_load(example("paper")), yaml.safe_load(MEASURED)
    paper["tables"] |= measured.pop("tables")
    (folder / "paper.yaml").write_text(yaml.safe_dump({**paper, **measured}, allow_unicode=True))
    done = command(tmp_path, "sweep.cli.reproduce", "mine", "--scale", "smoke")
    assert done.returncode == 0, done.stderr
    page = (made / "report.md").read_text()
    trials = sweep.load(tmp_path / "results")
    mean = 100 * trials[trials["hidden"] == 8]["test_accuracy"].mean()
    assert f"- With 8 units it is {mean:.2f} ± " in page
    # Nothing was published: there are no columns for it.
    assert "| hidden | ours | n | epochs |\n" in page
    published = f"| test accuracy, 8 units (%) | 90.00 | {mean:.2f} ± "
    assert page.count("Difference: ours less published.") == page.count(published) == 1
    assert "| 784-1-10 |\n| 784-2-10 |" in page
    assert (made / "figures" / "loss.png").stat().st_size > 5000
    assert command(tmp_path, "sweep.cli.papers", "mine", "--check").returncode == 0
    (made / "measurements" / "cost.csv").unlink()
    missing = command(tmp_path, "sweep.cli.papers", "mine")
    assert missing.returncode == 2
    assert missing.stderr == (
        "error: reports/mine/smoke/measurements/cost.csv: no such file;"
        " python -m sweep.reproduce mine writes it\n"
    )
