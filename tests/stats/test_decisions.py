"""Decisions after a look: their verdicts, and the table of them."""

import numpy as np
import pytest
from scipy import stats

from sweep.stats.judge import Criteria, Verdict
from sweep.stats.sequential import Looks, decide, tabulate

LOOKS = Looks.until(100, 5, comparisons=3)
CRITERIA = Criteria(margin=0.01)


def cell(difference: float, spread: float, seeds: int = 12) -> np.ndarray:
    """Values (seeds, 2) of a cell and its baseline whose differences have this mean and spread exactly."""
    noise = stats.zscore(np.random.default_rng(0).normal(size=seeds), ddof=1)
    baseline = np.random.default_rng(1).normal(0.9, 0.05, seeds)
    return np.stack([baseline + difference + spread * noise, baseline], axis=1)


@pytest.mark.parametrize(
    ("difference", "spread", "verdict"),
    [
        (0.03, 0.01, Verdict.BETTER),
        (-0.03, 0.01, Verdict.WORSE),
        (0.004, 0.002, Verdict.BETTER),  # inside the margin, but real
        (0.001, 0.002, Verdict.EQUIVALENT),
        (0.001, 0.02, Verdict.UNDECIDED),
        (0.009, 0.01, Verdict.UNDECIDED),
    ],
)
def test_a_verdict_follows_from_the_interval_and_the_margin(
    difference: float, spread: float, verdict: Verdict
) -> None:
    found = decide(cell(difference, spread), LOOKS, CRITERIA)
    assert found.verdict is verdict
    # Student's t at 12 seeds and 8 looks at 3 comparisons: 4.4 standard errors; and a little for skewness.
    assert 4.4 < found.half_width / (spread / np.sqrt(12)) < 4.9
    assert decide(-cell(difference, spread), LOOKS, Criteria("test_loss", 0.01)).verdict is verdict


def test_pairs_with_a_diverged_trial_are_left_out() -> None:
    values = cell(0.03, 0.01, seeds=18)
    values[2, 0] = values[5, 1] = np.nan
    found = decide(values, LOOKS, CRITERIA)
    assert found.difference.counts == (16, 16)
    assert found.seeds == 18
    whole = np.delete(values, [2, 5], axis=0)
    assert found.difference.estimate == pytest.approx(float((whole[:, 0] - whole[:, 1]).mean()))


@pytest.mark.parametrize("sound", [0, 1, 2])
def test_fewer_than_three_pairs_say_nothing(sound: int) -> None:
    values = cell(0.03, 0.01)
    values[sound:, 0] = np.nan
    found = decide(values, LOOKS, CRITERIA)
    assert (found.verdict, found.known, found.decided) == (Verdict.UNDECIDED, False, False)


def test_equal_differences_say_nothing() -> None:
    # On a small test part three seeds may differ by the same number of examples by chance.
    found = decide(np.array([[0.91, 0.9], [0.93, 0.92], [0.96, 0.95]]), LOOKS, CRITERIA)
    assert (found.verdict, found.known) == (Verdict.UNDECIDED, False)


def test_the_table_by_hand() -> None:
    samples = {"a": cell(0.03, 0.01), "b": cell(0.001, 0.02), "c": cell(np.nan, 0.01)}
    decisions = {name: decide(values, LOOKS, CRITERIA) for name, values in samples.items()}
    table = tabulate(decisions, "base", LOOKS, CRITERIA).set_index("cell")
    assert list(table["verdict"]) == ["better", "undecided", "undecided"]
    assert list(table["decided_after"].fillna(0)) == [12, 0, 0]
    assert list(table["n"]) == list(table["n_baseline"]) == [12, 12, 0]
    assert set(table["baseline"]) == {"base"}
    student = stats.ttest_rel(*samples["a"].T)
    # p is Student's, and a little for skewness; corrected for 8 looks at 3 comparisons.
    assert student.pvalue < table["p"]["a"] < 8 * student.pvalue
    assert table["p_adjusted"]["a"] == pytest.approx(24 * table["p"]["a"])
    assert table["p_adjusted"]["b"] == 1
    assert table["high"]["a"] - 0.03 == pytest.approx(0.03 - table["low"]["a"])
    assert table[["low", "high", "p", "p_adjusted"]].loc["c"].isna().all()
    assert table["more_seeds"]["a"] == 0
    assert 50 < table["more_seeds"]["b"] < 100
    assert list(table["method"]) == ["paired t"] * 2 + ["too few seeds to say"]
