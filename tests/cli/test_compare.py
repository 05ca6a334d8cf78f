"""`sweep compare`: stored cells, compared without training; and what a sweep itself says of its cells."""

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.processes import Done, python, run_cli

import sweep
from sweep.config.compose import from_settings
from sweep.report import saving
from sweep.session import console, objective, run_sweep

ROOT = Path(__file__).parents[2]
WIDTHS = ROOT / "reports" / "widths" / "records.parquet"
SMALL = {"data.train_size": 600, "data.validation_size": 200, "data.test_size": 300, "epochs": 2, "seeds": 5}


def compare(folder: Path, *arguments: str, columns: int = 80) -> Done:
    return run_cli(folder, "compare", *arguments, columns=columns)


@pytest.fixture(scope="session")
def stored(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """A folder with a store of four cells of five seeds."""

    def train(folder: Path) -> None:
        grid = {"product": {"hidden": [4, 32], "activation": ["relu", "tanh"]}}
        settings = {"grid": grid, "results": str(folder / "results"), "parallel.n_jobs": 1, **SMALL}
        run_sweep(from_settings(settings), folder / "out", console(), explicit=["hidden", "activation"])

    return once("compared", train)


def test_command_shows_what_the_function_returns(stored: Path) -> None:
    command = ("-m", "sweep.compare", "results", "--output", "judged", "data_label=MNIST")
    run = python(stored, *command, PYTHONWARNINGS="error::RuntimeWarning")
    assert run.returncode == 0, run.stderr
    assert all(len(line) <= 80 for line in run.stdout.splitlines() if not line.startswith("Written to"))
    found = sweep.compare(stored / "results").set_index("cell")
    with (stored / "judged" / "summary.csv").open(encoding="utf-8") as file:
        rows = {row["cell"]: row for row in csv.DictReader(file)}
    assert {row["verdict"] for row in rows.values()} <= {"baseline", *found["verdict"]}
    for cell, row in found.iterrows():
        low, high = 100 * row["low"], 100 * row["high"]
        assert f"{100 * row['difference']:+.2f} [{low:+.2f}, {high:+.2f}]" in run.stdout
        assert float(rows[str(cell)]["difference"]) == pytest.approx(row["difference"])
        assert rows[str(cell)]["verdict"] == row["verdict"]
        assert rows[str(cell)]["verdict_new_digits"] == ""  # 300 digits and five seeds are too few to say
        assert pd.isna(row["verdict_new_digits"])
    # Every pair, and the effects of both settings.
    assert len(pd.read_csv(stored / "judged" / "comparisons.csv")) == 6
    assert list(pd.read_csv(stored / "judged" / "effects.csv")["setting"]) == ["hidden", "activation"]
    assert len(pd.read_csv(stored / "judged" / "interactions.csv")) == 1
    assert "\nOn average over the other settings\n  hidden      32 is better than 4, " in run.stdout
    figures = {file.stem for file in (stored / "judged" / "figures").glob("*.png")}
    assert {"differences", "effects", "curves_accuracy", "heatmap_activation_hidden"} < figures
    saving.remove_stale(stored / "judged" / "figures")
    assert not list((stored / "judged" / "figures").iterdir())


def test_sweep_says_the_same_of_its_cells(stored: Path) -> None:
    own = pd.read_csv(stored / "out" / "summary.csv").set_index("cell")
    found = sweep.compare(stored / "results").set_index("cell")
    for name, column in {
        "difference": "difference",
        "low": "difference_low",
        "p_adjusted": "p_adjusted",
    }.items():
        pd.testing.assert_series_equal(own.loc[found.index, column], found[name], check_names=False)
    text = (stored / "out" / "summary.md").read_text(encoding="utf-8")
    (base,) = set(found["baseline"])
    # What is in bold: the best on validation, and whatever is not worse than it.
    worse = set(found.index[found["verdict"] == "worse"])
    assert text.count("**") == 2 * len(set(own.index) - worse)
    assert own.loc[base, "validation_accuracy_mean"] == own["validation_accuracy_mean"].max()
    assert "\\textbf{" in (stored / "out" / "summary.tex").read_text(encoding="utf-8")


def test_keys_select_cells_and_criteria(stored: Path) -> None:
    criteria = ("baseline={activation:tanh}", "margin=0.5", "metric=test_loss")
    run = compare(stored, "results", "hidden=32", *criteria, columns=160)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("MNIST: test loss, 5 seeds per setting\n")
    assert "All settings are compared with activation=tanh, as you asked." in run.stdout
    trials = sweep.load(stored / "results")
    expected = sweep.compare(trials[trials["hidden"] == 32], {"activation": "tanh"}, "test_loss", margin=0.5)
    (row,) = [line for line in run.stdout.splitlines() if line.startswith("relu ")]
    assert f"  {expected['verdict'][0]}  " in row
    (heading,) = [line for line in run.stdout.splitlines() if line.startswith("activation ")]
    assert "hidden" not in heading


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "results=nowhere: no such folder; nothing has been trained there"),
        ([str(WIDTHS), "hidden=7"], "hidden=7: no trial has it; must be among 16, 128, 256"),
        ([str(WIDTHS), "hiden=16"], "hiden: no such setting of the trials; did you mean 'hidden'?"),
        ([str(WIDTHS), "level=2"], "level=2: must be a number, at least 0.5, below 1"),
        ([str(WIDTHS), "margin=a"], "margin=a: must be a number, at least 0"),
        ([str(WIDTHS), "metric=accuracy"], "metric=accuracy: must be one of test_accuracy"),
        ([str(WIDTHS), "baseline={hidden:17}"], "hidden=17: no trial has it"),
        ([str(WIDTHS), "baseline={epochs:10}"], "3 cells have these settings; must be one"),
        ([str(ROOT / "reports" / "zhao" / "records.parquet")], "trials of different data"),
        ([str(WIDTHS), "other"], "must be one folder or file of records"),
        ([str(WIDTHS), "hidden=16,"], "hidden=16,: not understood"),
    ],
)
def test_mistake_is_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = compare(tmp_path, *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_objective_is_validation_never_test() -> None:
    rows = {"validation_accuracy_mean": [0.9, 0.8], "test_accuracy_mean": [0.1, 0.2]}
    assert objective(pd.DataFrame(rows)) == pytest.approx(0.85)
    assert objective(pd.DataFrame({"test_accuracy_mean": [0.1], "test_loss_mean": [2.0]})) is None
