"""The report of a paper, made by the commands themselves from real digits at the smallest scale."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.processes import Done, python

import sweep
from sweep.core.errors import PaperError
from sweep.papers.collection import Collection

PAPERS = Path(__file__).parents[2] / "reports"
FOLDER = Path("reports") / "paterson" / "smoke"

RunCli = Callable[..., Done]


def reproduce(folder: Path) -> None:
    """Reproduce a paper in an empty folder, with workers of its own."""
    done = python(folder, "-m", "sweep.reproduce", "paterson", "--scale", "smoke")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def reproduced(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Return a folder, for reading alone, in which one paper has been reproduced."""
    return once("reproduced_paper", reproduce)


@pytest.fixture
def report(reproduced: Path, tmp_path: Path) -> Path:
    """Copy that report without the store; return the folder that `reports` lies in."""
    shutil.copytree(reproduced / "reports", tmp_path / "reports")
    return tmp_path


def test_numbers_match_the_stored_trials(reproduced: Path) -> None:
    """Every form of a table has the numbers that pandas computes from the store itself."""
    trials = sweep.load(reproduced / "results")
    trials = trials[trials["evaluation.every"] == 100]
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


@pytest.mark.slow
def test_smaller_scale_leaves_the_full_report(reproduced: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """A report at a smaller scale goes to a folder of its own, unless --replace is set."""
    folder = tmp_path / "reports" / "paterson"
    shutil.copytree(PAPERS / "paterson", folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    arguments = "reproduce", "paterson", "--scale", "smoke", "--results", str(reproduced / "results")
    done = run_cli(*arguments)
    assert done.returncode == 0, done.stderr
    share = "Share of the paper's own protocol: training: 2 seeds (the paper: 1)"
    assert f"reports/paterson/smoke/report.md. {share}" in done.stdout
    assert {file: file.read_bytes() for file in before} == before
    assert Collection.read(folder / "smoke").scale == "smoke"
    page = (folder / "smoke" / "report.md").read_text(encoding="utf-8")
    assert "2,500 of 50,000 training examples, 1,000 of 4,000 test examples" in page
    assert "Findings at scale full are not shown here, as they are about other trials." in page
    assert "- With pixels" not in page
    both = run_cli("report", "paterson", "--check")
    assert (both.returncode, both.stderr) == (0, "")
    assert run_cli(*arguments, "--replace").returncode == 0
    assert Collection.read(folder).scale == "smoke"


def test_git_ignores_smaller_scales() -> None:
    """The folders of reports at scale smoke and quick are never committed."""
    for scale in ("smoke", "quick"):
        file = f"reports/szeto/{scale}/report.md"
        command = ["git", "-C", str(PAPERS.parent), "check-ignore", "--quiet", file]
        assert subprocess.run(command, check=False).returncode in (0, 128)  # 128: no git checkout


def test_cells_table_has_a_line_for_each_cell(reproduced: Path) -> None:
    """The lines are those that pandas computes from the store itself."""
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


def test_packed_records_equal_the_store(reproduced: Path) -> None:
    """records.parquet holds the same trials and curves as the store that it was packed from."""
    packed = sweep.load(reproduced / FOLDER / "records.parquet")
    pd.testing.assert_frame_equal(packed, sweep.load(reproduced / "results"))
    curves = sweep.curves(reproduced / FOLDER / "records.parquet")
    pd.testing.assert_frame_equal(curves, sweep.curves(reproduced / "results"))


def test_cells_match_by_settings(reproduced: Path) -> None:
    """A setting that is null matches null, and no other value."""
    collection = Collection.read(reproduced / FOLDER)
    assert len(collection.trials("training", {"early_stopping.patience": None, "momentum": 0.0})) == 2
    for key, value in (("early_stopping.patience", 3), ("momentum", None)):
        with pytest.raises(PaperError, match="training: no cell with"):
            collection.trials("training", {key: value})
    with pytest.raises(PaperError, match=r"where\.momentums: no such setting"):
        collection.trials("training", {"momentums": 0.0})


@pytest.mark.slow
def test_report_needs_no_store(report: Path, run_cli: RunCli) -> None:
    """Every file is written again from the packed records, byte by byte."""
    folder = report / FOLDER
    before = {
        file: file.read_bytes()
        for file in folder.rglob("*")
        if file.suffix in (".md", ".csv", ".tex", ".svg")
    }
    assert len(before) == 1 + 5 * 3 + 4  # the page, five tables in three forms, four figures
    for file in before:
        file.unlink()
    assert run_cli("report", "paterson").returncode == 0
    assert {file: file.read_bytes() for file in before} == before
    assert run_cli("report", "paterson", "--check").returncode == 0


def test_check_reports_wrong_numbers(report: Path, run_cli: RunCli) -> None:
    """A changed number and a missing figure are one line each."""
    page = report / FOLDER / "report.md"
    page.write_text(page.read_text().replace("| 97.20 |", "| 97.30 |"))
    (report / FOLDER / "figures" / "loss.png").unlink()
    checked = run_cli("report", "paterson", "--check")
    assert checked.returncode == 1
    lines = checked.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("reports/paterson/smoke/report.md does not match records.parquet in line ")
    assert ": | test accuracy (%) | 97.30 |" in lines[0]
    assert lines[1] == "reports/paterson/smoke/figures/loss.png is missing"


def test_findings_take_their_numbers_from_tables(report: Path, run_cli: RunCli) -> None:
    """Only findings at the report's scale are shown; placeholders without a line, and typed numbers, fail."""
    specification = report / "reports" / "paterson" / "paper.yaml"
    head = (PAPERS / "paterson" / "paper.yaml").read_text(encoding="utf-8").partition("findings:")[0]

    def error(text: str) -> str:
        finding = f'findings: [{{scale: smoke, text: "{text}"}}, "Of scale full."]'
        specification.write_text(f"{head}{finding}\ngiven: {{step: 0.5}}\n", encoding="utf-8")
        done = run_cli("report", "paterson")
        assert done.returncode == (2 if done.stderr else 0)
        return done.stderr

    good = "{results[test accuracy (%)]} of {results[test accuracy (%)].published}, rate {given[step]}."
    assert error(good) == ""
    row = pd.read_csv(report / FOLDER / "tables" / "results.csv").iloc[0]
    page = (report / FOLDER / "report.md").read_text(encoding="utf-8")
    assert f"- {row['mean']:.2f} ± {row['std']:.2f} of 97.20, rate 0.5." in page
    assert "Of scale full" not in page
    start = "error: reports/paterson/paper.yaml: findings"
    assert error("We find {results[accuracy]}.").startswith(f"{start}: We find {{results[accuracy]}}.: acc")
    assert error("{result[x]}").endswith("no such table; did you mean 'results'?\n")
    assert error("{results[test accuracy (%)].men}").endswith("no such part; did you mean 'mean'?\n")
    assert error("It is 99.99 %.").startswith(f"{start}[0]: 99.99: must be a placeholder")
    assert "must begin a placeholder such as {table[label]}; tables are results, " in error("L1 is {open")


FORGERIES = {
    "a swapped figure": ("figures/loss.png", lambda folder: (folder / "figures/accuracy.png").read_bytes()),
    "an edited figure": (
        "figures/loss.svg",
        lambda folder: (folder / "figures/loss.svg").read_bytes() + b" ",
    ),
    "other records": ("records.parquet", lambda folder: (folder / "records.parquet").read_bytes() + b"PAR1"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_check_reports_forged_files(name: str, report: Path, run_cli: RunCli) -> None:
    """A figure or records that were not written with the report are found by their digest."""
    file, content = FORGERIES[name]
    folder = report / FOLDER
    (folder / file).write_bytes(content(folder))
    checked = run_cli("report", "paterson", "--check")
    assert checked.returncode in (1, 2)
    assert str(FOLDER / file) in checked.stderr


def test_check_reports_edited_measurements(tmp_path: Path, run_cli: RunCli) -> None:
    """A measurement is found by its digest, even if its tables were edited together with it."""
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
    checked = run_cli("report", "szeto", "--check")
    assert checked.returncode == 1
    words = "does not match its digest in reports/szeto/manifest.json"
    assert checked.stderr == f"reports/szeto/measurements/sample.csv {words}\n"


# Trials of each experiment at scale smoke; all start from `training`.
EXPERIMENTS = {"training": 2, "variations": 18, "architectures": 10, "test_subset": 6}


def test_check_reports_changed_experiments(report: Path, run_cli: RunCli) -> None:
    """A changed learning rate gives other cells, also to the experiments built on this one."""
    file = report / "sweeps" / "experiment" / "paterson" / "training.yaml"
    file.parent.mkdir(parents=True)
    committed = PAPERS.parent / "sweeps" / "experiment" / "paterson" / "training.yaml"
    text = committed.read_text(encoding="utf-8")
    file.write_text(text.replace("learning_rate: 0.13", "learning_rate: 0.14"), encoding="utf-8")
    checked = run_cli("report", "paterson", "--check")
    assert checked.returncode == 1
    assert checked.stderr.splitlines() == [
        f"{FOLDER}/records.parquet does not match the experiment {experiment}:"
        f" {trials} of its trials are missing, {trials} others are stored"
        for experiment, trials in EXPERIMENTS.items()
    ]


def test_paper_is_read_beside_its_reports(report: Path, run_cli: RunCli) -> None:
    """With --reports, the paper.yaml of that folder comes before the one of the package."""
    (report / "reports").rename(report / "elsewhere")
    text = (PAPERS / "paterson" / "paper.yaml").read_text(encoding="utf-8")
    (report / "elsewhere" / "paterson" / "paper.yaml").write_text(
        text.replace("MNIST Cl", "XCl"), encoding="utf-8"
    )
    assert run_cli("report", "paterson", "--reports", "elsewhere").returncode == 0
    page = report / "elsewhere" / "paterson" / "smoke" / "report.md"
    assert page.read_text(encoding="utf-8").startswith("# XClassifier")


@pytest.mark.slow
def test_all_names_papers_without_a_report(report: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """Papers without a report are named in one line; with no report at all, the command fails."""
    done = run_cli("report", "all", "--check")
    assert (done.returncode, done.stdout) == (0, "no report in reports: szeto, tutorial, wei, zhao\n")
    shutil.rmtree(tmp_path / "reports")
    nothing = run_cli("report", "all")
    assert nothing.returncode == 2
    assert nothing.stderr == "error: reports: no reports; sweep reproduce all writes them\n"
    unchecked = run_cli("report", "all", "--check")
    assert unchecked.returncode == 2
    assert unchecked.stderr.startswith("error: reports: no reports to check; sweep reproduce all")


def test_missing_records_name_the_command(tmp_path: Path, run_cli: RunCli) -> None:
    """Without records, the error names the command that makes them, and nothing is written."""
    done = run_cli("report", "paterson")
    assert done.returncode == 2
    expected = "reports/paterson/records.parquet: no such file; sweep reproduce paterson writes it"
    assert done.stderr == f"error: {expected}\n"
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
    """Return the block of YAML behind `<!-- name -->` in the README of the reports."""
    match = re.search(rf"<!-- {name} -->\n```yaml\n(.*?)```", (PAPERS / "README.md").read_text(), re.DOTALL)
    assert match
    return match[1]


def test_own_paper_needs_no_code(tmp_path: Path, run_cli: RunCli) -> None:
    """The example of the reports' README works in a folder of one's own, with a measurement besides."""
    experiment = tmp_path / "sweeps" / "experiment" / "mine" / "noise.yaml"
    experiment.parent.mkdir(parents=True)
    experiment.write_text(example("experiment"))
    folder = tmp_path / "reports" / "mine"
    folder.mkdir(parents=True)
    smoke = folder / "smoke"
    paper, measured = yaml.safe_load(example("paper")), yaml.safe_load(MEASURED)
    paper["tables"] |= measured.pop("tables")
    (folder / "paper.yaml").write_text(yaml.safe_dump({**paper, **measured}, allow_unicode=True))
    done = python(tmp_path, "-m", "sweep", "reproduce", "mine", "--scale", "smoke")
    assert done.returncode == 0, done.stderr
    page = (smoke / "report.md").read_text()
    trials = sweep.load(tmp_path / "results")
    mean = 100 * trials[trials["hidden"] == 8]["test_accuracy"].mean()
    assert f"- With 8 units, accuracy is {mean:.2f} ± " in page
    # Nothing was published for all cells: the table has no columns for it.
    assert "| hidden | ours | n | epochs |\n" in page
    published = f"| test accuracy, 8 units (%) | 90.00 | {mean:.2f} ± "
    assert page.count("Difference: ours minus published.") == page.count(published) == 1
    assert "| 784-1-10 |\n| 784-2-10 |" in page
    assert (smoke / "figures" / "loss.png").stat().st_size > 5000
    assert run_cli("report", "mine", "--check").returncode == 0
    (smoke / "measurements" / "cost.csv").unlink()
    missing = run_cli("report", "mine")
    assert missing.returncode == 2
    assert missing.stderr == (
        "error: reports/mine/smoke/measurements/cost.csv: no such file; sweep reproduce mine writes it\n"
    )
