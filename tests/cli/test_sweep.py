"""The commands of the README: the main job as a real process with its workers, the others in this process."""

import csv
import math
import re
import statistics
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.processes import python, run_cli

SIZES = ("data.train_size=800", "data.validation_size=100", "data.test_size=200", "epochs=2")
SMALL = (*SIZES, "parallel.n_jobs=1")


def run(folder: Path, *arguments: str, columns: int = 160, program: tuple[str, ...] = ()) -> str:
    """Return what `sweep ...`, or `python <program> ...`, prints; it must succeed and print no error."""
    if program:
        done = python(folder, *program, *arguments, columns=columns)
    else:
        done = run_cli(folder, *arguments, columns=columns)
    assert done.returncode == 0, done.stderr
    return done.stdout


def records(folder: Path) -> list[Path]:
    return sorted(folder.glob("results/*/*.parquet"))


def table(output: str) -> list[str]:
    lines = output.splitlines()
    start = next(i for i, line in enumerate(lines) if "(%)" in line)
    return lines[start : lines.index("", start)]


def test_main_job(tmp_path: Path) -> None:
    output = run(tmp_path, "-m", "hidden=8,16,32", "seeds=3", *SIZES, columns=80, program=("-m", "sweep"))
    assert "9 of 9 trials trained" in output
    assert len(records(tmp_path)) == 9
    (summary,) = tmp_path.glob("multirun/*/*/summary.csv")
    with summary.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["hidden"] for row in rows] == ["8", "16", "32"]
    for row in rows:
        files = sorted((tmp_path / "results" / row["cell"]).glob("*.parquet"))
        accuracies = [pq.read_table(file)["test_accuracy"][0].as_py() for file in files]
        assert float(row["test_accuracy_mean"]) == pytest.approx(statistics.mean(accuracies))
        assert float(row["test_accuracy_std"]) == pytest.approx(statistics.stdev(accuracies))
        percent = f"{100 * statistics.mean(accuracies):.2f} ± {100 * statistics.stdev(accuracies):.2f}"
        assert any(percent in line for line in table(output))
        assert percent in (summary.parent / "summary.md").read_text()
        assert percent.replace("±", r"$\pm$") in (summary.parent / "summary.tex").read_text()
    figures = {file.name for file in summary.parent.glob("figures/*.png")}
    names = ("answer", "curves_accuracy", "curves_loss", "accuracy_by_hidden", "differences")
    assert figures == {f"{name}.png" for name in names}
    assert all(len(line) <= 80 for line in table(output))


def test_user_text_is_no_markup(tmp_path: Path) -> None:
    quiet = ("results='x[/b]:smile: c'", "seeds=1", "hidden=4", "figures=false", *SMALL)
    output = run(tmp_path, "-m", "vary=[init],[order]", *quiet)
    assert [line.split()[0] for line in table(output)] == ["vary", "[init]", "[order]"]
    assert f"Records: {tmp_path}/x[/b]:smile: c" in output.splitlines()
    plan = run(tmp_path, "-m", "vary=[init],[order]", "dry_run=true", *quiet)
    assert [line.split()[1] for line in plan.splitlines()[1:]] == ["vary", "[init]", "[order]"]


AXES = ("learning_rate=0.2,0.1", "activation=tanh,relu", "hidden=8,4")


def test_columns_and_rows_in_command_line_order(tmp_path: Path) -> None:
    quiet = ("seeds=1", "figures=false", "regularization=l2", *SMALL)
    lines = [line.split() for line in table(run(tmp_path, "-m", *AXES, *quiet))]
    assert lines[0][:3] == ["learning_rate", "activation", "hidden"]
    rows = [[rate, name, units] for rate in ("0.2", "0.1") for name in ("tanh", "relu") for units in "84"]
    assert [line[:3] for line in lines[1:]] == rows
    # So does a grid, and what is fixed stands with the data set in every file.
    grid = "grid={product: {hidden: [8, 4]}, zip: {learning_rate: [0.2, 0.1], activation: [tanh, relu]}}"
    lines = run(tmp_path, grid, *quiet, "sort=test_accuracy").splitlines()
    sizes = "data.train_size=800, data.validation_size=100, data.test_size=200"
    fixed = f"MNIST, regularization=l2, {sizes}, epochs=2: test accuracy, 1 seed per setting"
    assert fixed in lines
    (summary,) = tmp_path.glob("outputs/*/*/summary.csv")
    with summary.open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert list(found[0])[:9] == [
        *("cell", "hidden", "learning_rate", "activation", "regularization", "data.train_size"),
        *("data.validation_size", "data.test_size", "epochs"),
    ]
    assert {row["regularization"] for row in found} == {"l2"}
    accuracies = [float(row["test_accuracy_mean"]) for row in found]
    assert accuracies == sorted(accuracies, reverse=True)
    assert len(set(accuracies)) > 1
    assert (summary.parent / "summary.md").read_text(encoding="utf-8").startswith(f"# {fixed}\n")
    caption = (summary.parent / "summary.tex").read_text(encoding="utf-8").partition("\\caption")[2]
    assert fixed.replace("_", "\\_") in caption
    # The plan, on a narrow terminal: no cell's name is broken over lines.
    plan = run(
        tmp_path, "-m", *AXES, "batch_size=100,200", "vary=[init],[init,order]", "dry_run=true", columns=80
    )
    rows = [line.split() for line in plan.splitlines()[1:]]
    start = next(index for index, row in enumerate(rows) if row[0] == "cell")
    assert all(re.fullmatch("[0-9a-f]{16}", row[0]) for row in rows[start + 1 :] if row[0] != "columns")
    assert len(rows[start + 1 :]) >= 32
    assert max(map(len, plan.splitlines())) <= 80


@pytest.mark.slow
def test_list_of_layers_is_one_network(tmp_path: Path) -> None:
    sizes = "'data': {'train_size': 800, 'validation_size': 100, 'test_size': 200}"
    program = f"import sweep; sweep.run({{'hidden': [16, 32], 'epochs': 1, 'seeds': 1, {sizes}}})"
    lines = run(tmp_path, program=("-c", program)).splitlines()
    assert any(line.startswith("MNIST, hidden=[16,32], epochs=1, data.train_size=800") for line in lines)


UNION = """\
# @package _global_
grid:
  union:
    - product: {hidden: [2, 3, 4, 5, 6], activation: [relu, tanh], momentum: [0, 0.5]}
    - product: {hidden: [7], activation: [sigmoid]}
data: {name: spiral, classes: 2, train_size: 40, validation_size: 10, test_size: 10}
"""


@pytest.mark.slow
def test_odd_grids_keep_their_table_and_figures(tmp_path: Path) -> None:
    """No shape of a sweep costs its table, and its folder holds its figures alone."""
    (tmp_path / "sweeps" / "experiment" / "mine").mkdir(parents=True)
    (tmp_path / "sweeps" / "experiment" / "mine" / "union.yaml").write_text(UNION)
    quick = ("seeds=1", "epochs=1", "batch_size=20", "learning_rate=0.01", "data.normalization=none")
    output = run(tmp_path, "experiment=mine/union", *quick, "hydra.run.dir=out", "figure_formats=[svg]")
    assert len(table(output)) == 1 + 21
    folder = tmp_path / "out" / "figures"
    files = {file.stem for file in folder.iterdir()}
    assert {f"accuracy_by_{axis}" for axis in ("hidden", "activation", "momentum")} < files
    assert {file.suffix for file in folder.iterdir()} == {".svg"}
    (folder / "mine.svg").touch()
    (folder / "accuracy_by_hidden.svg").unlink()
    (folder / "accuracy_by_hidden.svg").mkdir()  # cannot be written, nor removed as a file
    spiral = ("data=spiral", "data.train_size=40", "data.test_size=10", *quick)
    settings = ("hydra.sweep.dir=out", "figure_formats=[svg,pdf]")
    output = run(tmp_path, "-m", "hidden=2,3", *spiral, *settings)
    assert {file.name for file in folder.iterdir() if file.is_file()} == {
        "mine.svg",
        *(f"curves_{metric}.{ending}" for metric in ("accuracy", "loss") for ending in ("svg", "pdf")),
    }
    (line,) = [line for line in output.splitlines() if line.startswith("Not drawn: ")]
    assert line.startswith("Not drawn: accuracy_by_hidden: ")


def test_second_run_trains_only_what_is_missing(tmp_path: Path) -> None:
    """The same command trains nothing; with more seeds, only those are trained."""
    command = ("hidden=8", "figures=false", *SMALL)
    first = run(tmp_path, *command, "seeds=2")
    written = {file: file.stat().st_mtime_ns for file in records(tmp_path)}
    again = run(tmp_path, *command, "seeds=2")
    assert "trained" not in again
    assert table(again) == table(first)
    more = run(tmp_path, *command, "seeds=5")
    assert "3 of 3 trials trained" in more
    assert len(records(tmp_path)) == 5
    assert all(file.stat().st_mtime_ns == time for file, time in written.items())


def test_dry_run_shows_the_plan_alone(tmp_path: Path) -> None:
    run(tmp_path, "hidden=8", "seeds=1", "figures=false", *SMALL)
    before = sorted(tmp_path.rglob("*"))
    output = run(tmp_path, "-m", "hidden=8,16", "seeds=3", "dry_run=true", *SIZES)
    assert "2 cells, 6 trials: 1 stored, 5 to train" in output
    assert "no effect" not in output
    # One hidden layer, written in two ways: two rows, one cell.
    equal = run(tmp_path, "-m", "hidden=8,[8]", "dry_run=true", *SIZES)
    assert "hidden has no effect in some cells, so their rows repeat the same trials" in equal
    assert "2 cells, 5 trials: 1 stored, 4 to train" in equal
    # An override may stand on either side of -m.
    assert run(tmp_path, "hidden=8,16", "-m", "seeds=3", "dry_run=true", *SIZES) == output
    run(tmp_path, "hidden=8", "seeds=2", "dry_run=true", *SIZES)
    assert sorted(tmp_path.rglob("*")) == before


EXPERIMENT = """# @package _global_
grid:
  product: {hidden: [8, 16]}
  zip: {activation: [relu, tanh], learning_rate: [0.1, 0.2]}
seeds: 1
figures: false
"""


@pytest.mark.parametrize("mode", [(), ("-m",)], ids=["run", "multirun"])
def test_experiment_in_the_working_folder(tmp_path: Path, mode: tuple[str, ...]) -> None:
    folder = tmp_path / "sweeps" / "experiment" / "mine"
    folder.mkdir(parents=True)
    (folder / "first.yaml").write_text(EXPERIMENT)
    output = run(tmp_path, *mode, "experiment=mine/first", *SMALL)
    assert "4 of 4 trials trained" in output
    assert len(table(output)) == 5
    narrowed = run(tmp_path, *mode, "experiment=mine/first", "hidden=16", *SMALL)
    assert "trained" not in narrowed
    assert len(table(narrowed)) == 3


def test_two_experiments_in_one_multirun(tmp_path: Path) -> None:
    folder = tmp_path / "sweeps" / "experiment"
    folder.mkdir(parents=True)
    (folder / "first.yaml").write_text(EXPERIMENT)
    (folder / "second.yaml").write_text("# @package _global_\nhidden: 24\nseeds: 1\nfigures: false\n")
    output = run(tmp_path, "-m", "experiment=first,second", *SMALL)
    assert "5 of 5 trials trained" in output


def test_hydra_launcher_and_flags(tmp_path: Path) -> None:
    quiet = ("figures=false", "seeds=1", *SMALL)
    run(tmp_path, "-m", "hidden=range(8,17,8)", "hydra/launcher=basic", "hydra.sweep.dir=there", *quiet)
    assert len(records(tmp_path)) == 2
    assert (tmp_path / "there" / "1" / "summary.csv").is_file()
    assert "hidden: 24" in run(tmp_path, "--cfg", "job", "hidden=24")
    assert "Config search path" in run(tmp_path, "--info", "searchpath")
    assert "hidden=" in run(tmp_path, "-sc", "query=bash", program=("-c", COMPLETION))


COMPLETION = """
import os, sys
os.environ.update(COMP_LINE="sweep hid", COMP_POINT="9")
sys.argv = ["sweep", *sys.argv[1:]]
from sweep.__main__ import main
main()
"""


def test_all_axes_of_the_readme(tmp_path: Path) -> None:
    command = (
        "-m",
        "depth=1,2",
        "activation=sigmoid,identity",
        "loss=cross_entropy,rmse",
        "regularization=none,l1,l2",
        "momentum=0,0.9",
        *("hidden=4", "seeds=1", "batch_size=all", "figures=false", *SMALL),
    )
    assert "48 of 48 trials trained" in run(tmp_path, *command)
    wide = table(run(tmp_path, *command))
    assert len(wide) == 1 + 48
    assert wide[0].split()[:5] == ["depth", "activation", "loss", "regularization", "momentum"]
    assert wide[0].endswith("accuracy (%)    validation (%)    epochs    seconds")
    # Columns that do not fit are in summary.csv.
    narrow = table(run(tmp_path, *command, columns=80))
    assert narrow[0].endswith("momentum  accuracy (%)")
    assert all(len(line) <= 80 for line in narrow)


@pytest.mark.slow
def test_generated_data(tmp_path: Path) -> None:
    exam = ("data=exam", "depth=0", "output=identity", "loss=rmse", "batch_size=all", "epochs=400")
    passed = run(tmp_path, *exam, "learning_rate=0.2", "initializer=zeros", "seeds=1", "figures=false")
    accuracy = float(table(passed)[1].split()[0])
    assert accuracy > 80
    spiral = ("data=spiral", "hidden=32", "depth=2", "activation=tanh", "optimizer=adam")
    output = run(
        tmp_path, "-m", *spiral, "learning_rate=0.01", "depth=0,2", "epochs=150", "seeds=1", "figures=false"
    )
    straight, curved = (float(line.split()[1]) for line in table(output)[1:])
    assert straight < 75 < 95 < curved


def test_diverged_trials_are_in_no_mean(tmp_path: Path) -> None:
    """A sweep whose trials all diverge says so and averages nothing."""
    output = run(tmp_path, "hidden=16", "learning_rate=1e6", "seeds=2", *SMALL)
    assert "0 (2 diverged)" in output
    (summary,) = tmp_path.glob("outputs/*/*/summary.csv")
    with summary.open() as file:
        (row,) = csv.DictReader(file)
    assert row["test_accuracy_mean"] == ""
    assert not math.isfinite(float(row["test_accuracy_mean"] or "nan"))


@pytest.mark.slow
def test_suggested_grid_for_crossed_settings_runs(tmp_path: Path) -> None:
    """The grid that the error offers is a valid override, and valid in a file."""
    crossed = ("regularization=none,l1,l2", "regularization.strength=0.1,0.2")
    done = run_cli(tmp_path, "-m", *crossed, "dry_run=true", *SIZES)
    assert done.returncode == 2
    (offered,) = re.findall(r"'(grid=.*)'", done.stderr)
    plan = run(tmp_path, offered, "dry_run=true", *SIZES)
    assert "5 cells, 25 trials" in plan
    folder = tmp_path / "sweeps" / "experiment"
    folder.mkdir(parents=True)
    line = offered.replace("grid=", "grid: ")
    (folder / "offered.yaml").write_text(f"# @package _global_\n{line}\n", encoding="utf-8")
    from_file = run(tmp_path, "experiment=offered", "dry_run=true", *SIZES)
    assert from_file.splitlines()[1:] == plan.splitlines()[1:]
