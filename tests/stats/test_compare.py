"""Tables of comparisons: against SciPy and statsmodels, in what they say and in what they refuse."""

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
from sweep.stats.contrast import contrast
from sweep.stats.judge import Criteria, best, luck_of_best, verdict_table

ROOT = Path(__file__).parents[2]


def table(means: dict[str, float], n: int = 5, deviation: float = 0.002, seed: int = 0) -> pd.DataFrame:
    """Trials of cells with these true accuracies; on validation each is 0.01 lower, with luck of its own."""
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


def test_each_row_is_scipys_paired_test_corrected_by_holm_over_all_pairs() -> None:
    trials = table({"a": 0.97, "bb": 0.971, "ccc": 0.98})
    found = sweep.compare(trials)
    assert list(found["cell"]) == ["a", "bb"]
    assert set(found["baseline"]) == {"ccc"}
    pairs = [("a", "ccc"), ("bb", "ccc"), ("a", "bb")]
    known = [stats.ttest_rel(values(trials, first), values(trials, second)) for first, second in pairs]
    adjusted = multipletests([test.pvalue for test in known], method="holm")[1]
    for row, test, p in zip(found.itertuples(), known, adjusted, strict=False):
        assert row.p == pytest.approx(test.pvalue)
        assert row.p_adjusted == pytest.approx(p)
        assert (row.low, row.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
        assert (row.n, row.n_baseline, row.paired, row.method) == (5, 5, True, "paired t")


def test_a_named_baseline_is_corrected_for_its_own_comparisons_alone() -> None:
    trials = table({"a": 0.97, "bb": 0.971, "ccc": 0.98})
    for baseline in ("a", {"width": 1}):
        found = sweep.compare(trials, baseline)
        tests = [stats.ttest_rel(values(trials, cell), values(trials, "a")).pvalue for cell in found["cell"]]
        assert list(found["p_adjusted"]) == pytest.approx(list(multipletests(tests, method="holm")[1]))


@pytest.mark.parametrize(
    ("mean", "deviation", "verdict"),
    [
        (0.97, 0.0005, "worse"),
        (0.99, 0.0005, "better"),
        (0.98, 0.0005, "equivalent"),
        (0.98, 0.02, "undecided"),
    ],
)
def test_the_four_verdicts(mean: float, deviation: float, verdict: str) -> None:
    (row,) = sweep.compare(table({"a": 0.98, "b": mean}, 20, deviation, seed=4), "a").to_dict("records")
    assert row["verdict"] == verdict
    assert (row["more_seeds"] == 0) == (verdict != "undecided")


def test_a_loss_is_better_when_lower() -> None:
    (row,) = sweep.compare(table({"a": 0.97, "b": 0.99}, 10), "a", metric="test_loss").to_dict("records")
    assert row["difference"] < 0
    assert row["verdict"] == "better"


def test_the_best_is_chosen_on_validation_and_never_on_test() -> None:
    trials = table({"a": 0.97, "b": 0.97})
    trials.loc[trials["cell"] == "a", "test_accuracy"] += 0.1
    trials.loc[trials["cell"] == "b", "validation_accuracy"] += 0.1
    assert set(sweep.compare(trials)["baseline"]) == {"b"}
    assert best(trials) == ("b", "validation_accuracy")
    unvalidated = trials.drop(columns="validation_accuracy")
    assert best(unvalidated) is None
    found = sweep.compare(unvalidated)
    assert set(found["baseline"]) == {"a"}  # the first
    assert list(found["p_adjusted"]) == pytest.approx(list(found["p"]))


def test_diverged_trials_are_left_out() -> None:
    trials = table({"a": 0.97, "b": 0.98}, 6)
    trials.loc[(trials["cell"] == "a") & (trials["seed"] == 5), ["status", "test_accuracy"]] = [
        "diverged",
        0.1,
    ]
    (row,) = sweep.compare(trials, "b").to_dict("records")
    assert row["n"] == row["n_baseline"] == 5
    assert row["difference"] == pytest.approx(values(trials, "a")[:5].mean() - values(trials, "b")[:5].mean())


def test_one_seed_has_no_interval_and_no_verdict() -> None:
    (row,) = sweep.compare(table({"a": 0.9, "b": 0.99}, 1), "a").to_dict("records")
    assert row["method"] == "too few seeds to say"
    assert row["verdict"] == "undecided"
    assert all(math.isnan(row[name]) for name in ("low", "high", "p", "p_adjusted", "standard_error"))
    assert pd.isna(row["more_seeds"])


def test_all_pairs_of_cells() -> None:
    trials = table({"a": 0.97, "b": 0.975, "c": 0.98, "d": 0.98})
    found = Comparable.of(trials, Criteria()).every_pair()
    assert list(zip(found["baseline"], found["cell"], strict=True)) == [
        *(("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d"))
    ]
    assert list(found["p_adjusted"]) == pytest.approx(list(multipletests(found["p"], method="holm")[1]))


def test_of_very_many_cells_each_is_still_corrected_for_all_pairs() -> None:
    count = 102  # 5,151 pairs: more than are looked at
    trials = table({f"{place:03}": 0.97 - 0.02 * (place == 0) for place in range(count)}, 30, 0.001)
    found = sweep.compare(trials)
    row = found.loc[found["p"].idxmin()]
    assert row["cell"] == "000"
    assert row["p_adjusted"] == pytest.approx(row["p"] * count * (count - 1) / 2, rel=1e-9, abs=0)


def test_the_luck_of_the_best_of_equal_cells() -> None:
    rng = np.random.default_rng(0)
    leads, said = [], []
    for _ in range(150):
        draws = rng.normal(0.9, 0.01, (12, 5))
        leads.append(draws.mean(axis=1).max() - draws.mean())
        cells = pd.DataFrame(
            {"cell": np.repeat(list("abcdefghijkl"), 5), "validation_accuracy": draws.ravel()}
        )
        said.append(luck_of_best(cells, "validation_accuracy"))
    assert np.mean(said) == pytest.approx(np.mean(leads), rel=0.05)


def test_with_bits_a_comparison_holds_for_new_digits_as_well() -> None:
    trials = sweep.load(ROOT / "reports" / "widths" / "records.parquet", bits=True)
    found = sweep.compare(trials).set_index("cell")
    plain = sweep.compare(trials.drop(columns="test_correct")).set_index("cell")
    pd.testing.assert_frame_equal(found[plain.columns], plain)
    (base,) = set(found["baseline"])
    for cell, row in found.iterrows():
        rights = [
            np.stack(trials.loc[trials["cell"] == name, "test_correct"].tolist()) for name in (cell, base)
        ]
        by_digit = rights[0].mean(axis=0) - rights[1].mean(axis=0)
        # The digits' own variance comes on top of the seeds', and the interaction is in both of them.
        assert row["high_new_digits"] - row["low_new_digits"] >= row["high"] - row["low"] - 1e-12
        middle = (row["low_new_digits"] + row["high_new_digits"]) / 2
        assert middle == pytest.approx(by_digit.mean()) == pytest.approx(row["difference"])
    assert list(found["verdict_new_digits"]) == list(found["verdict"])


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


@pytest.mark.parametrize(("given", "message"), MISTAKES)
def test_a_mistake_is_one_line(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TrialsError) as error:
        sweep.compare(table({"a": 0.9, "b": 0.9}), **given)
    assert message in str(error.value)


def test_trials_that_cannot_be_compared_are_refused() -> None:
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


def test_the_module_of_the_command_is_the_function_as_well() -> None:
    import sweep.compare as module

    records = ROOT / "reports" / "widths" / "records.parquet"
    pd.testing.assert_frame_equal(module(records), sweep.compare(records))  # type: ignore[operator]


def simulated(kind: str, ratio: float, n: int, count: int = 2000) -> pd.DataFrame:
    """`count` pairs of equal cells, judged: normal seeds, or as skewed as any in our own records."""
    rng = np.random.default_rng(n)
    draws = rng.standard_normal((count, n, 2))
    if kind == "skewed":
        draws = (2.25 - rng.gamma(2.25, 1, (count, n, 2))) / 1.5
    pairs = [contrast(seeds * [1.0, ratio], np.array([1.0, -1.0])) for seeds in draws]
    return verdict_table(pairs, Criteria(margin=0.0), 1)


@pytest.mark.parametrize("kind", ["normal", "skewed"])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_equal_cells_differ_in_about_one_of_twenty_cases(n: int, ratio: float, kind: str) -> None:
    found = simulated(kind, ratio, n)
    error, noise = (found["p"] <= 0.05).mean(), 3 * math.sqrt(0.05 * 0.95 / len(found))
    assert 0.04 - noise < error < 0.06 + noise
    covered = ((found["low"] < 0) & (found["high"] > 0)).mean()
    assert covered == pytest.approx(1 - error)


def test_twelve_equal_cells_have_a_false_verdict_in_at_most_one_sweep_of_twenty() -> None:
    # Validation and test share the luck of a network here, the worst case of choosing on validation.
    false = 0
    for seed in range(60):
        trials = table({f"{cell:02}": 0.97 for cell in range(12)}, 5, 0.002, seed)
        trials["validation_accuracy"] = trials["test_accuracy"]
        false += bool(sweep.compare(trials, margin=0.0)["verdict"].ne("undecided").any())
    assert false <= 60 * 0.05 + 3 * math.sqrt(60 * 0.05 * 0.95)
