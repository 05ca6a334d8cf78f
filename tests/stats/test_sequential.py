"""stats.sequential: looks and decisions by hand and by SciPy, false alarms by simulation."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sweep.stats.judge import Criteria, Verdict
from sweep.stats.sequential import GROWTH, SKEWNESS, Looks, critical_value, decide, tabulate

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Values]

LOOKS = Looks.until(100, 5, comparisons=3)
CRITERIA = Criteria(margin=0.01)


@pytest.mark.parametrize(
    ("budget", "first", "seeds"),
    [
        (100, 5, (5, 8, 12, 18, 27, 41, 62, 100)),  # not 93, which lies close before the last
        (12, 3, (3, 5, 8, 12)),
        (4, 3, (3, 4)),
        (5, 5, (5,)),
    ],
)
def test_looks_grow_by_half_up_to_budget(budget: int, first: int, seeds: tuple[int, ...]) -> None:
    assert Looks.until(budget, first, comparisons=2).seeds == seeds


def test_looks_are_never_far_apart() -> None:
    for first in range(3, 12):
        for budget in range(first, 300):
            seeds = Looks.until(budget, first, comparisons=1).seeds
            assert seeds[-1] == budget
            assert all(a < b <= np.ceil(GROWTH**1.5 * a) for a, b in pairwise(seeds))


@pytest.mark.parametrize("count", [3, 5, 18, 100])
def test_half_width_has_error_of_one_look(count: int) -> None:
    rng = np.random.default_rng(count)
    cell, baseline = rng.normal(0.97, 0.002, count), rng.normal(0.968, 0.001, count)
    looks = Looks.until(100, 3, comparisons=4, level=0.9)
    differences = cell - baseline
    half = looks.half_width(float(stats.sem(differences)), count)
    for bound in (differences.mean() - half, differences.mean() + half):
        student = stats.ttest_rel(cell - bound, baseline)
        residuals = differences - bound
        ratio = abs(residuals.sum()) / np.sqrt((residuals**2).sum())
        skewed = np.cosh(SKEWNESS * ratio**3 / (3 * np.sqrt(count)))
        assert student.pvalue * skewed == pytest.approx(0.1 / (4 * len(looks.seeds)))
    # Slightly wider than Student's at the same error.
    level = 1 - 0.1 / (4 * len(looks.seeds))
    student = stats.ttest_rel(cell, baseline).confidence_interval(level)
    assert 1 < 2 * half / (student.high - student.low) < 1.2


@pytest.mark.parametrize("count", [3, 10, 1000])
@pytest.mark.parametrize("error", [0.05, 1e-4, 1e-12])
def test_critical_value_of_tiny_errors(count: int, error: float) -> None:
    students = stats.t.isf(error / 2, count - 1)
    assert students < critical_value(count, error) < 1.3 * students


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    return rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """Draw standardised seeds with a skewness of -1.33: a few do much worse."""
    return (2.25 - rng.standard_gamma(2.25, shape)) / 1.5


def false_alarms(draw: Draw, ratio: float, comparisons: int, looks: Looks, sweeps: int) -> float:
    """Return the share of sweeps in which any interval at any look misses; all cells are equal."""
    rng = np.random.default_rng(13)
    most = looks.seeds[-1]
    baseline = draw(rng, (sweeps, 1, most))
    differences = ratio * draw(rng, (sweeps, comparisons, most)) - baseline
    missed = np.zeros(sweeps, bool)
    for seeds in looks.seeds:
        sample = differences[..., :seeds]
        half = np.vectorize(looks.half_width)(1.0, seeds) * stats.sem(sample, axis=-1)
        missed |= (np.abs(sample.mean(axis=-1)) > half).any(axis=1)
    return float(missed.mean())


@pytest.mark.parametrize("comparisons", [1, 11])
@pytest.mark.parametrize("draw", [normal, skewed])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_false_alarms_over_all_looks_are_bounded(draw: Draw, ratio: float, comparisons: int) -> None:
    """At most 5 % of sweeps have one at any look at any comparison."""
    looks = Looks.until(60, 3, comparisons)
    assert 0.005 < false_alarms(draw, ratio, comparisons, looks, sweeps=6000) <= 0.05


def cell(difference: float, spread: float, seeds: int = 12) -> np.ndarray:
    """Return (seeds, 2) of a cell and its baseline whose differences have exactly this mean and spread."""
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
def test_decide_follows_interval_and_margin(difference: float, spread: float, verdict: Verdict) -> None:
    decision = decide(cell(difference, spread), LOOKS, CRITERIA)
    assert decision.verdict is verdict
    # Student's t at 12 seeds and 8 looks at 3 comparisons: 4.4 standard errors; and a little for skewness.
    assert 4.4 < decision.half_width / (spread / np.sqrt(12)) < 4.9
    assert decide(-cell(difference, spread), LOOKS, Criteria("test_loss", 0.01)).verdict is verdict


def test_decide_leaves_out_diverged_pairs() -> None:
    values = cell(0.03, 0.01, seeds=18)
    values[2, 0] = values[5, 1] = np.nan
    decision = decide(values, LOOKS, CRITERIA)
    assert decision.difference.counts == (16, 16)
    assert decision.seeds == 18
    whole = np.delete(values, [2, 5], axis=0)
    assert decision.difference.estimate == pytest.approx(float((whole[:, 0] - whole[:, 1]).mean()))


@pytest.mark.parametrize("sound", [0, 1, 2])
def test_decide_needs_three_pairs(sound: int) -> None:
    values = cell(0.03, 0.01)
    values[sound:, 0] = np.nan
    decision = decide(values, LOOKS, CRITERIA)
    assert (decision.verdict, decision.has_error, decision.decided) == (Verdict.UNDECIDED, False, False)


def test_decide_needs_spread() -> None:
    # On a small test part three seeds may differ by the same number of examples by chance.
    decision = decide(np.array([[0.91, 0.9], [0.93, 0.92], [0.96, 0.95]]), LOOKS, CRITERIA)
    assert (decision.verdict, decision.has_error) == (Verdict.UNDECIDED, False)


def test_tabulate_by_hand() -> None:
    samples = {"a": cell(0.03, 0.01), "b": cell(0.001, 0.02), "c": cell(np.nan, 0.01)}
    decisions = {name: decide(values, LOOKS, CRITERIA) for name, values in samples.items()}
    table = tabulate(decisions, "base", LOOKS, criteria=CRITERIA).set_index("cell")
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
