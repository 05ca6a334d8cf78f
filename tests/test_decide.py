"""Seeds until decided: real trials of small networks, and what the looks at them say."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

import sweep
from sweep.config.schema import CompareConfig, Config, ParallelConfig
from sweep.core.errors import SettingError
from sweep.data.settings import DataConfig
from sweep.decide import Deciding
from sweep.runner.plan import make_plan
from sweep.runner.pool import execute
from sweep.session import run_sweep
from sweep.stats.sequential import SKEWNESS
from sweep.stats.trials import baseline_of

BASE = Config(
    data=DataConfig(train_size=300, validation_size=100, test_size=500),
    initializer="he",
    batch_size=128,
    epochs=1,
    seeds=3,
    decide=0.05,
    budget=12,
    figures=False,
    parallel=ParallelConfig(n_jobs=1, kernels="numpy"),
)
LOOKS = (3, 5, 8, 12)
QUIET = Console(quiet=True)


def widths(results: Path, *hidden: int, **settings: object) -> list[Config]:
    base = replace(BASE, results=str(results), **settings)  # type: ignore[arg-type]
    return [replace(base, hidden=units) for units in hidden]


def run(configs: list[Config]) -> Deciding:
    """Train the cells until all is decided."""
    deciding = Deciding.of(make_plan(configs, 1))
    for plan in deciding.plans(QUIET):
        execute(plan, configs[0].parallel, QUIET)
    return deciding


def seeds(results: Path) -> dict[int, int]:
    """How many trials are stored, by hidden units."""
    return {int(units): len(own) for units, own in sweep.load(results).groupby("hidden")}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Deciding]:
    """Widths 4, 5 and 64, of which the last is soon told from the first."""
    results = tmp_path_factory.mktemp("deciding") / "results"
    return results, run(widths(results, 4, 5, 64))


def decided_by_hand(cell: pd.Series, baseline: pd.Series, comparisons: int) -> int | None:
    """The first look at which Student's interval at its share of 5 % excludes zero."""
    for count in LOOKS:
        differences = (cell - baseline)[:count]
        ratio = abs(differences.sum()) / np.sqrt((differences**2).sum())
        share = 0.05 / (len(LOOKS) * comparisons) / np.cosh(SKEWNESS * ratio**3 / (3 * np.sqrt(count)))
        interval = stats.ttest_rel(cell[:count], baseline[:count]).confidence_interval(1 - share)
        if interval.low > 0 or interval.high < 0:
            return count
    return None


def test_a_decided_cell_gets_no_more_seeds(trained: tuple[Path, Deciding]) -> None:
    results, deciding = trained
    table = deciding.comparisons().table
    accuracies = sweep.load(results).set_index("seed").groupby("hidden")["test_accuracy"]
    accuracy = {units: own.sort_index() for units, own in accuracies}
    after = decided_by_hand(accuracy[64], accuracy[4][: len(accuracy[64])], comparisons=2)
    assert after is not None
    assert after < 12
    assert decided_by_hand(accuracy[5], accuracy[4], comparisons=2) is None
    assert seeds(results) == {4: 12, 5: 12, 64: after}
    assert list(table["verdict"]) == ["undecided", "better"]
    assert list(table["decided_after"].fillna(0)) == [0, after]
    assert list(table["n"]) == [12, after]
    difference = (accuracy[64] - accuracy[4][:after]).mean()
    assert table["difference"][1] == pytest.approx(difference)


def test_what_is_stored_beyond_a_look_changes_nothing(trained: tuple[Path, Deciding], tmp_path: Path) -> None:
    configs = widths(tmp_path, 4, 5, 64)
    plan = make_plan([replace(config, seeds=14, decide=None) for config in configs], 1)
    execute(plan, configs[0].parallel, QUIET)
    pd.testing.assert_frame_equal(run(configs).comparisons().table, trained[1].comparisons().table)
    assert seeds(tmp_path) == {4: 14, 5: 14, 64: 14}


def test_what_a_run_left_undone_is_done_and_nothing_else(
    trained: tuple[Path, Deciding], tmp_path: Path
) -> None:
    """As when it is stopped: some trials of a later look are there, of one cell only."""
    configs = widths(tmp_path, 4, 5, 64)
    execute(
        make_plan([replace(configs[1], seeds=[0, 1, 2, 3, 7], decide=None)], 1), configs[0].parallel, QUIET
    )
    pd.testing.assert_frame_equal(run(configs).comparisons().table, trained[1].comparisons().table)
    assert seeds(tmp_path) == seeds(trained[0])


def test_a_cell_that_always_diverges_ends_after_the_second_look(tmp_path: Path) -> None:
    configs = [*widths(tmp_path, 4), *widths(tmp_path, 4, learning_rate=1e6)]
    deciding = run(configs)
    assert list(deciding.comparisons().table["verdict"]) == ["undecided"]
    assert list(deciding.comparisons().table["n"]) == [0]
    assert len(sweep.load(tmp_path)) == 2 * LOOKS[1]


def test_cells_that_are_equal_within_the_margin_are_equivalent(tmp_path: Path) -> None:
    # With a small penalty every seed ends next to where it does without.
    penalty = replace(BASE.regularization, name="l2", strength=0.01)
    configs = [*widths(tmp_path, 4), *widths(tmp_path, 4, regularization=penalty)]
    table = run(configs).comparisons().table
    assert list(table["verdict"]) == ["equivalent"]
    assert -0.05 <= table["low"][0] < table["high"][0] <= 0.05


def test_the_baseline_is_the_first_cell_or_the_one_that_is_named(tmp_path: Path) -> None:
    configs = widths(tmp_path, 4, 5, 64)
    plan = make_plan(configs, 1)
    first, second, third = (cell.id for cell in plan.cells)
    assert Deciding.of(plan).baseline == first
    for named, expected in (({"hidden": 5}, second), (third, third)):
        compare = CompareConfig(baseline=named)
        plan = make_plan([replace(config, compare=compare) for config in configs], 1)
        assert Deciding.of(plan, baseline_of(plan)).baseline == expected


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"hiden": 5}, "compare.baseline: hiden: no such setting of the cells; did you mean 'hidden'?"),
        ({"hidden": 7}, "compare.baseline: hidden=7: no cell has it; must be among 4, 5"),
        ({"epochs": BASE.epochs}, "2 cells have these settings; must be one"),
        ("0123456789abcdef", "compare.baseline: cell=0123456789abcdef: no cell has it; must be among"),
    ],
)
def test_a_baseline_must_name_one_cell_of_the_sweep(tmp_path: Path, named: object, message: str) -> None:
    compare = CompareConfig(baseline=named)
    plan = make_plan([replace(config, compare=compare) for config in widths(tmp_path, 4, 5)], 1)
    with pytest.raises(SettingError, match=re.escape(message)) as raised:
        baseline_of(plan)
    assert str(raised.value).startswith("compare.baseline")


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ([BASE], "decide=0.05: needs two cells or more"),
        ([BASE, BASE], "decide=0.05: needs two cells or more"),
        ([BASE, replace(BASE, hidden=4, seeds=5)], "seeds=3,5: with decide, must be the same for all cells"),
        ([replace(BASE, seeds=[0, 3])], r"seeds=\[0,3\]: with decide, the size of the first look"),
        ([replace(BASE, seeds=2)], "seeds=2: with decide, .*; must be at least 3"),
        ([replace(BASE, budget=4, seeds=5)], "budget=4: must be at least seeds=5"),
        ([replace(BASE, budget=2)], "budget=2: must be a whole number, at least 3"),
        ([replace(BASE, decide=0.0)], "decide=0.0: must be a number, above 0, or null"),
        (
            [
                replace(
                    BASE,
                    compare=CompareConfig(metric="validation_loss"),
                    data=replace(BASE.data, validation_size=0),
                )
            ],
            "decide=0.05: compare.metric=validation_loss is not measured",
        ),
    ],
)
def test_what_cannot_be_decided_is_refused(configs: list[Config], message: str, tmp_path: Path) -> None:
    configs = [replace(config, results=str(tmp_path / "results")) for config in configs]
    with pytest.raises(SettingError, match=message):
        run_sweep(configs, None, QUIET)
    assert not any(tmp_path.iterdir())


def test_the_plan_says_what_it_expects(
    trained: tuple[Path, Deciding], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(trained[0].rglob("*"))
    configs = widths(trained[0], 4, 5, 64, 65, dry_run=True)
    run_sweep(configs, None, Console(width=100))
    first, second, heading, *rows, note = capsys.readouterr().out.splitlines()
    after = trained[1].comparisons().table["decided_after"][1]
    assert first == (
        "decide=0.05 (5 points): compares 3 settings with hidden=4, the first;"
        " looks after 3, 5, 8 and 12 seeds per setting"
    )
    stored = 24 + after
    assert second.startswith(f"12 to 48 trials: {stored} stored, 3 to {48 - stored} to train, about ")
    assert heading.split() == ["cell", "hidden", "seeds", "as", "stored"]
    texts = [re.split(" {2,}", row.strip()) for row in rows]
    assert [row[1:3] for row in texts] == [[units, "3 to 12"] for units in ("4", "5", "64", "65")]
    assert [row[3] for row in texts] == ["baseline", texts[1][3], f"about {after} seeds", "–"]
    assert re.fullmatch("about [0-9]+ seeds, beyond the budget", texts[1][3])
    assert note.startswith("'about' means: decided in 8 sweeps of 10")
    # Without the new cell there is nothing to train, and the verdict is known.
    run_sweep(configs[:3], None, Console(width=100))
    _, second, _, *rows, _ = capsys.readouterr().out.splitlines()
    assert f"{stored} trials: {stored} stored, 0 to train" in second
    assert rows[-1].split()[1:] == ["64", f"{after}", "better", "after", f"{after}"]
    assert sorted(trained[0].rglob("*")) == before


def test_a_notebook_gets_the_decisions_with_the_summary(
    trained: tuple[Path, Deciding], capsys: pytest.CaptureFixture[str]
) -> None:
    summary = sweep.run(
        {
            "grid": {"product": {"hidden": [4, 5, 64]}},
            **{"initializer": "he", "batch_size": 128},
            **{"decide": 0.05, "seeds": 3, "budget": 12, "epochs": 1, "results": str(trained[0])},
            "data": {"train_size": 300, "validation_size": 100, "test_size": 500},
            "parallel": {"n_jobs": 1, "kernels": "numpy"},
        }
    )
    table = trained[1].comparisons().table
    assert summary["verdict"].tolist() == ["baseline", *table["verdict"]]
    assert summary["decided_after"].fillna(0).tolist() == [0, 0, table["decided_after"][1]]
    assert summary["n"].tolist() == [12, 12, table["n"][1]]
    said = " ".join(capsys.readouterr().out.split())
    used = summary["n"].sum()
    assert "compared with the first, hidden=4; compare.baseline names another" in said
    assert f"1 of 2 comparisons decided, with {used} of the budget's 36 trials" in said
    assert "after 3, 5, 8 and 12 seeds, corrected for 8 looks (Bonferroni)" in said
    assert "hold for all looks and settings together, for new seeds on these 500 test digits" in said
    assert "in advance" not in said


COMMAND = (
    *("-m", "hidden=4,5,64", "decide=0.05", "seeds=3", "budget=12", "epochs=1", "figures=false"),
    *("data.train_size=300", "data.validation_size=100", "data.test_size=500"),
    *("initializer=he", "batch_size=128"),
    *("parallel.n_jobs=1", "parallel.kernels=numpy"),
)


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_table(trained: tuple[Path, Deciding], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sweep", *COMMAND]
    options = {"cwd": tmp_path, "env": {**os.environ, "COLUMNS": "160"}, "text": True}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, **options) as process:  # type: ignore[call-overload]
        while (
            len(list(tmp_path.glob("results/*/*.parquet"))) < 10
        ):  # the first look is done, the second begun
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert len(list(tmp_path.glob("results/*/*.parquet"))) < 24
    done = subprocess.run(command, capture_output=True, check=True, **options)  # type: ignore[call-overload]
    assert "look 4 of at most 4, after 12 seeds: 1 of 2 decided" in done.stdout
    assert seeds(tmp_path / "results") == seeds(trained[0])
    (file,) = tmp_path.glob("multirun/*/*/summary.csv")
    summary = pd.read_csv(file).set_index("cell")
    table = trained[1].comparisons().table.set_index("cell")
    same = {"difference": "difference", "difference_low": "low", "decided_after": "decided_after"}
    for written, name in same.items():
        expected = table[name].astype(float).tolist()
        assert summary.loc[table.index, written].tolist() == pytest.approx(expected, nan_ok=True)
    assert summary["verdict"].tolist() == ["baseline", "undecided", "better"]
