"""`sweep variance`."""

import csv
import re
import statistics
from pathlib import Path

import pytest
from tests.processes import Done, python, run_cli

import sweep

SMALL = ("hidden=4", "epochs=1", "data.train_size=500", "data.test_size=500", "data.validation_size=300")
QUICK = (*SMALL, "parallel.n_jobs=1", "parallel.kernels=numpy")


def variance(folder: Path, *arguments: str) -> Done:
    return run_cli(folder, "variance", *arguments)


def page(output: str) -> str:
    """Return what is printed between the progress and the lines about files."""
    return output[output.index("MNIST") :].partition("\nWritten to")[0]


def table(folder: Path) -> list[dict[str, str]]:
    """The newest table in numbers."""
    newest = max(folder.glob("outputs/*/*/variance.csv"), key=lambda file: file.stat().st_mtime_ns)
    with newest.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_sources_alone_and_together(tmp_path: Path) -> None:
    """Sources are trained alone and together, once, and compared if there are enough seeds."""
    done = python(tmp_path, "-m", "sweep.variance", "seeds=4", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "16 of 16 trials trained" in done.stdout
    too_few = "Test accuracy: 3 seeds beside seed 0 are too few for shares; 9 or more give them."
    assert too_few in " ".join(done.stdout.split())
    trials = sweep.load(tmp_path / "results")
    assert list(trials.groupby("vary").size()) == [4, 4, 4, 4]
    assert trials[trials["seed"] == 0]["weights_sha256"].nunique() == 1
    expected = {
        (row["varies"], metric): statistics.stdev(own[own["seed"] > 0][metric])
        for metric in ("test_accuracy", "validation_accuracy")
        for row, own in (
            ({"varies": "all" if "," in vary else vary.strip("[]")}, own)
            for vary, own in trials.groupby("vary")
        )
    }
    found = {
        (row["varies"], row["metric"]): float(row["std"])
        for row in table(tmp_path)
        if row["varies"] != "interaction"
    }
    assert found == pytest.approx(expected)
    assert {row["share"] for row in table(tmp_path)} == {""}
    assert not list(tmp_path.glob("outputs/*/*/figures"))
    # More seeds: what is stored is kept, and now there is enough to say.
    done = variance(tmp_path, "seeds=10", "figure_formats=[png,svg]", *QUICK)
    assert "24 of 24 trials trained" in done.stdout
    assert done.stderr == ""
    assert "one fixed split moves the mean by ±" in " ".join(done.stdout.split())
    shares = {row["varies"]: row for row in table(tmp_path) if row["metric"] == "test_accuracy"}
    assert list(shares) == ["init", "order", "split", "all", "interaction"]
    assert all(float(shares[name]["share_low"]) > 0 for name in ("init", "order", "split"))
    assert {row["n"] for row in shares.values()} == {"9", ""}
    (svg,) = tmp_path.glob("outputs/*/*/figures/variance.svg")
    assert svg.with_suffix(".png").stat().st_size > 10_000
    for ending in ("md", "tex"):
        (text,) = (file.read_text(encoding="utf-8") for file in svg.parents[1].glob(f"variance.{ending}"))
        assert "interaction" in text
    # The same again trains nothing and says the same.
    again = variance(tmp_path, "seeds=10", "figures=false", *QUICK)
    assert "trained" not in again.stdout
    before, after = done.stdout, again.stdout
    assert page(after) == page(before)
    shown = [line for line in after.splitlines() if re.match("(init|order|split|all|interaction)  ", line)]
    assert len(shown) == 10
    assert max(map(len, shown)) <= 80
    assert max(map(len, page(after).splitlines())) <= 80


GRID = "grid={product: {hidden: [4, 5], vary: [[init], [init, order]]}}"


def test_other_axes_have_separate_rows(tmp_path: Path) -> None:
    quiet = ("seeds=2", "figures=false", *QUICK[1:])
    done = variance(tmp_path, "-m", "hidden=4,5", "vary=[init],[init,order]", *quiet)
    assert done.returncode == 0, done.stderr
    rows = table(tmp_path)
    assert [(row["hidden"], row["varies"]) for row in rows if row["metric"] == "test_accuracy"] == [
        *(("4", "init"), ("4", "all"), ("5", "init"), ("5", "all"))
    ]
    done = variance(tmp_path, GRID, *quiet, "hydra.run.dir=here")
    assert done.returncode == 0, done.stderr
    assert "trained" not in done.stdout
    with (tmp_path / "here/variance.csv").open(encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == rows


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (("data=exam", "output=sigmoid", "loss=binary_cross_entropy"), "are generated, not split"),
        (("data.validation_size=0",), "data.validation_size=0 and all examples are trained on"),
    ],
)
def test_split_that_draws_nothing_is_left_out(tmp_path: Path, settings: tuple[str, ...], reason: str) -> None:
    done = variance(tmp_path, "dry_run=true", *settings)
    assert done.returncode == 0, done.stderr
    assert "split left out: " in done.stdout
    assert reason in done.stdout
    assert "3 cells, 90 trials: 0 stored" in done.stdout
    assert list(tmp_path.iterdir()) == []


MISTAKES = {
    "hiden=3": "did you mean 'hidden'?",
    "hidden": "must be key=value",
    "vary=[init]": "one value has nothing to be compared with",
    "vary=[init],[order]": "one value must hold all the others, such as [init,order]",
    "vary=[int],[init,order]": "did you mean 'init'?",
    "hidden=4,0": "hidden=0: must be a whole number, at least 1",
    "compare.margin=0.1": "compare.margin=0.1: sweep variance compares no cells; leave it out",
    "compare.baseline={hidden:7}": "compare.baseline={hidden:7}: sweep variance compares no cells; leave it",
    "decide=0.002": "decide=0.002: sweep variance needs a fixed number of seeds; leave it out",
    "experiment=nothing": "experiment=nothing: must be one of",
}


@pytest.mark.parametrize("argument", MISTAKES)
def test_mistake_is_one_line(tmp_path: Path, argument: str) -> None:
    done = variance(tmp_path, argument)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert MISTAKES[argument] in line
    assert list(tmp_path.iterdir()) == []
