"""stats.compare: against SciPy and statsmodels; families, mistakes, and what is refused."""

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

import sweep
from sweep.core.errors import TrialsError
from sweep.stats.compare import Comparable
from sweep.stats.judge import Criteria, best

ROOT = Path(__file__).parents[2]


def table(means: dict[str, float], n: int = 5, deviation: float = 0.002, seed: int = 0) -> pd.DataFrame:
    """Draw trials of cells with these true accuracies; validation is 0.01 lower, with its own luck."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "cell": cell,
            "seed": index,
            "status": "completed",
            "width": len(cell),
            "test_accuracy": rng.normal(mean, deviation),
            "validation_accuracy": rng.normal(mean - 0.01, deviation),
            "test_loss": rng.normal(1 - mean, deviation),
        }
        for cell, mean in means.items()
        for index in range(n)
    ]
    return pd.DataFrame(rows)


def values(trials: pd.DataFrame, cell: str, metric: str = "test_accuracy") -> np.ndarray:
    return trials.loc[trials["cell"] == cell, metric].to_numpy()


def test_compare_best_is_scipy_paired_test() -> None:
    """Against the best, p is corrected by Holm over all pairs."""
    trials = table({"a": 0.97, "bb": 0.971, "ccc": 0.98})
    comparisons = sweep.compare(trials)
    assert list(comparisons["cell"]) == ["a", "bb"]
    assert set(comparisons["baseline"]) == {"ccc"}
    pairs = [("a", "ccc"), ("bb", "ccc"), ("a", "bb")]
    tests = [stats.ttest_rel(values(trials, first), values(trials, second)) for first, second in pairs]
    adjusted = multipletests([test.pvalue for test in tests], method="holm")[1]
    for row, test, p in zip(comparisons.itertuples(), tests, adjusted, strict=False):
        assert row.p == pytest.approx(test.pvalue)
        assert row.p_adjusted == pytest.approx(p)
        assert (row.low, row.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
        assert (row.n, row.n_baseline, row.paired, row.method) == (5, 5, True, "paired t")


def test_compare_named_baseline_corrects_its_rows() -> None:
    """The family is the comparisons with the named cell alone."""
    trials = table({"a": 0.97, "bb": 0.971, "ccc": 0.98})
    for baseline in ("a", {"width": 1}):
        comparisons = sweep.compare(trials, baseline)
        tests = [
            stats.ttest_rel(values(trials, cell), values(trials, "a")).pvalue for cell in comparisons["cell"]
        ]
        assert list(comparisons["p_adjusted"]) == pytest.approx(list(multipletests(tests, method="holm")[1]))


@pytest.mark.parametrize(
    ("mean", "deviation", "verdict"),
    [
        (0.97, 0.0005, "worse"),
        (0.99, 0.0005, "better"),
        (0.98, 0.0005, "equivalent"),
        (0.98, 0.02, "undecided"),
    ],
)
def test_compare_gives_four_verdicts(mean: float, deviation: float, verdict: str) -> None:
    (row,) = sweep.compare(table({"a": 0.98, "b": mean}, 20, deviation, seed=4), "a").to_dict("records")
    assert row["verdict"] == verdict
    assert (row["more_seeds"] == 0) == (verdict != "undecided")


def test_compare_lower_loss_is_better() -> None:
    (row,) = sweep.compare(table({"a": 0.97, "b": 0.99}, 10), "a", metric="test_loss").to_dict("records")
    assert row["difference"] < 0
    assert row["verdict"] == "better"


def test_best_is_chosen_on_validation() -> None:
    """It is never chosen on test; without validation the first cell is the baseline."""
    trials = table({"a": 0.97, "b": 0.97})
    trials.loc[trials["cell"] == "a", "test_accuracy"] += 0.1
    trials.loc[trials["cell"] == "b", "validation_accuracy"] += 0.1
    assert set(sweep.compare(trials)["baseline"]) == {"b"}
    assert best(trials) == ("b", "validation_accuracy")
    unvalidated = trials.drop(columns="validation_accuracy")
    assert best(unvalidated) is None
    comparisons = sweep.compare(unvalidated)
    assert set(comparisons["baseline"]) == {"a"}  # the first
    assert list(comparisons["p_adjusted"]) == pytest.approx(list(comparisons["p"]))


def test_compare_leaves_out_diverged_trials() -> None:
    trials = table({"a": 0.97, "b": 0.98}, 6)
    trials.loc[(trials["cell"] == "a") & (trials["seed"] == 5), ["status", "test_accuracy"]] = [
        "diverged",
        0.1,
    ]
    (row,) = sweep.compare(trials, "b").to_dict("records")
    assert row["n"] == row["n_baseline"] == 5
    assert row["difference"] == pytest.approx(values(trials, "a")[:5].mean() - values(trials, "b")[:5].mean())


def test_compare_one_seed_has_no_verdict() -> None:
    """It has no interval either."""
    (row,) = sweep.compare(table({"a": 0.9, "b": 0.99}, 1), "a").to_dict("records")
    assert row["method"] == "too few seeds to say"
    assert row["verdict"] == "undecided"
    assert all(math.isnan(row[name]) for name in ("low", "high", "p", "p_adjusted", "standard_error"))
    assert pd.isna(row["more_seeds"])


def test_every_pair_is_corrected_by_holm() -> None:
    trials = table({"a": 0.97, "b": 0.975, "c": 0.98, "d": 0.98})
    comparisons = Comparable.of(trials, Criteria()).every_pair()
    assert list(zip(comparisons["baseline"], comparisons["cell"], strict=True)) == [
        *(("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d"))
    ]
    assert list(comparisons["p_adjusted"]) == pytest.approx(
        list(multipletests(comparisons["p"], method="holm")[1])
    )


def test_very_many_cells_are_corrected_for_all_pairs() -> None:
    count = 102  # 5,151 pairs: more than are looked at
    trials = table({f"{position:03}": 0.97 - 0.02 * (position == 0) for position in range(count)}, 30, 0.001)
    comparisons = sweep.compare(trials)
    row = comparisons.loc[comparisons["p"].idxmin()]
    assert row["cell"] == "000"
    assert row["p_adjusted"] == pytest.approx(row["p"] * count * (count - 1) / 2, rel=1e-9, abs=0)


def test_compare_with_bits_holds_for_new_digits() -> None:
    trials = sweep.load(ROOT / "reports" / "widths" / "records.parquet", bits=True)
    comparisons = sweep.compare(trials).set_index("cell")
    plain = sweep.compare(trials.drop(columns="test_correct")).set_index("cell")
    pd.testing.assert_frame_equal(comparisons[plain.columns], plain)
    (base,) = set(comparisons["baseline"])
    for cell, row in comparisons.iterrows():
        rights = [
            np.stack(trials.loc[trials["cell"] == name, "test_correct"].tolist()) for name in (cell, base)
        ]
        by_digit = rights[0].mean(axis=0) - rights[1].mean(axis=0)
        # The digits' own variance comes on top of the seeds', and the interaction is in both of them.
        assert row["high_new_digits"] - row["low_new_digits"] >= row["high"] - row["low"] - 1e-12
        middle = (row["low_new_digits"] + row["high_new_digits"]) / 2
        assert middle == pytest.approx(by_digit.mean()) == pytest.approx(row["difference"])
    assert list(comparisons["verdict_new_digits"]) == list(comparisons["verdict"])


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"metric": "test_acuracy"}, "did you mean 'test_accuracy'?"),
    ({"metric": "status"}, "metric=status: must be a column of numbers"),
    ({"baseline": "zzz"}, "cell=zzz: no trial has it; must be among a, b"),
    ({"baseline": {"with": 1}}, "with: no such setting of the trials; did you mean 'width'?"),
    ({"baseline": {"width": 1}}, "2 cells have these settings; must be one"),
    ({"level": 1.0}, "level=1.0: must be a number, at least 0.5, below 1"),
    ({"margin": -1}, "margin=-1: must be a number, at least 0"),
    ({"paired": "maybe"}, "paired=maybe: must be one of auto, true, false"),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES)
def test_compare_mistakes_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TrialsError) as error:
        sweep.compare(table({"a": 0.9, "b": 0.9}), **options)
    assert message in str(error.value)


def test_incomparable_trials_are_refused() -> None:
    trials = table({"a": 0.9, "b": 0.9})
    for name, message in (
        ("data.digest", "different data"),
        ("test_examples_sha256", "different test examples"),
    ):
        with pytest.raises(TrialsError, match=message):
            sweep.compare(trials.assign(**{name: trials["cell"]}))
    with pytest.raises(TrialsError, match="cell a, seed 0: stands in the table twice"):
        sweep.compare(pd.concat([trials, trials]))
    with pytest.raises(TrialsError, match="every one diverged"):
        sweep.compare(trials.assign(status="diverged"))


def test_command_module_names_the_function() -> None:
    with pytest.raises(ImportError, match=r"sweep\.compare is a function"):
        importlib.import_module("sweep.compare")


def test_twelve_equal_cells_keep_family_error() -> None:
    """At most one sweep of twenty has any false verdict."""
    # Validation and test share the luck of a network here, the worst case of choosing on validation.
    false = 0
    for seed in range(60):
        trials = table({f"{cell:02}": 0.97 for cell in range(12)}, 5, 0.002, seed)
        trials["validation_accuracy"] = trials["test_accuracy"]
        false += bool(sweep.compare(trials, margin=0.0)["verdict"].ne("undecided").any())
    assert false <= 60 * 0.05 + 3 * math.sqrt(60 * 0.05 * 0.95)
