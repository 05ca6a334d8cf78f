"""stats.judge: verdicts and their error rates, planned seeds and power, against statsmodels and SciPy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from sweep.stats.contrast import Errors, contrast
from sweep.stats.judge import (
    Criteria,
    Estimates,
    luck_of_best,
    more_seeds,
    smallest_difference,
    verdict_table,
)


def one(difference: float, deviation: float, n: int, error: float = 0.05) -> Estimates:
    """Return a paired difference of `n` seeds with this mean and standard deviation."""
    numbers = (difference, deviation / np.sqrt(n), n - 1.0, float(n), error, error)
    return Estimates(*(np.array([number]) for number in numbers))


@pytest.mark.parametrize(("difference", "deviation"), [(0.001, 0.002), (-0.002, 0.002), (0.0005, 0.003)])
def test_more_seeds_without_margin_is_t_test_power(difference: float, deviation: float) -> None:
    (more,) = more_seeds(one(difference, deviation, 5), margin=0.0)
    needed = TTestPower().solve_power(abs(difference) / deviation, power=0.8, alpha=0.05)
    assert more is not None
    assert 5 + more == pytest.approx(needed, abs=1)


def test_more_seeds_of_no_difference_is_unknown() -> None:
    """Without a margin, no number of seeds decides a difference of zero."""
    assert more_seeds(one(0.0, 0.002, 5), margin=0.0) == [None]


def decided(differences: np.ndarray, margin: float) -> np.ndarray:
    """Return whether SciPy's tests decide each row, as the verdicts do."""
    different = stats.ttest_1samp(differences, 0, axis=1).pvalue <= 0.05
    # The interval of 95 % inside the margin: each one-sided test at 2.5 %.
    low = stats.ttest_1samp(differences, -margin, axis=1, alternative="greater").pvalue
    high = stats.ttest_1samp(differences, margin, axis=1, alternative="less").pvalue
    return different | (np.maximum(low, high) <= 0.025)


@pytest.mark.parametrize(
    ("difference", "deviation", "margin"),
    [
        (0.0, 0.002, 0.002),
        (0.0005, 0.002, 0.002),
        (0.0015, 0.002, 0.002),
        (0.003, 0.004, 0.002),
        (0.0008, 0.001, 0.002),
    ],
)
def test_more_seeds_decide_in_four_of_five_cases(difference: float, deviation: float, margin: float) -> None:
    (more,) = more_seeds(one(difference, deviation, 3), margin)
    assert more is not None
    draws = np.random.default_rng(0).normal(difference, deviation, (4000, 3 + more))
    power = decided(draws, margin).mean()
    # At least what was planned, less three standard errors of the simulation; one seed fewer is short of it.
    assert power > 0.8 - 3 * np.sqrt(0.16 / 4000) - 0.01
    assert power < 0.9


def test_p_equivalent_is_two_one_sided_tests() -> None:
    values = np.random.default_rng(3).normal(0.97, 0.002, (8, 2))
    result = contrast(values, np.array([1.0, -1.0]))
    expected = ttost_paired(values[:, 0], values[:, 1], -0.002, 0.002)[0]
    assert Errors.of([result]).p_equivalent(0.002)[0] == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [5, 10, 30])
@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_smallest_difference_of_statsmodels(seeds: int, level: float, power: float) -> None:
    deviation = 0.002
    effect = TTestPower().solve_power(None, nobs=seeds, alpha=1 - level, power=power)
    smallest = smallest_difference(deviation / math.sqrt(seeds), seeds - 1, level, power=power)
    assert smallest == pytest.approx(effect * deviation, rel=1e-5)


@pytest.mark.parametrize(
    ("freedom", "level"), [(2.0, 0.95), (2.0, 0.9995), (2.5, 0.99), (4.0, 0.9995), (17.3, 0.999)]
)
def test_smallest_difference_of_strict_tests_by_integration(freedom: float, level: float) -> None:
    """Far out, statsmodels is off by up to a fifth; the power is an average over estimated spreads."""
    shift, critical = smallest_difference(1.0, freedom, level), stats.t.isf((1 - level) / 2, freedom)
    scale = math.sqrt(freedom)

    def result(spread: float) -> float:
        either = stats.norm.cdf(shift - critical * spread) + stats.norm.cdf(-shift - critical * spread)
        return float(either * stats.chi.pdf(spread * scale, freedom) * scale)

    assert sum(integrate.quad(result, *ends)[0] for ends in ((0, 1), (1, 8))) == pytest.approx(0.8, abs=1e-5)


def test_smallest_difference_is_unknown_without_error() -> None:
    assert math.isnan(smallest_difference(math.nan, math.nan, 0.95))


def test_luck_of_best_of_equal_cells() -> None:
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


def simulated(kind: str, ratio: float, n: int, count: int = 2000) -> pd.DataFrame:
    """Judge `count` pairs of equal cells: normal seeds, or as skewed as any in our own records."""
    rng = np.random.default_rng(n)
    draws = rng.standard_normal((count, n, 2))
    if kind == "skewed":
        draws = (2.25 - rng.gamma(2.25, 1, (count, n, 2))) / 1.5
    pairs = [contrast(seeds * [1.0, ratio], np.array([1.0, -1.0])) for seeds in draws]
    return verdict_table(pairs, Criteria(margin=0.0), family=1)


@pytest.mark.part(1)
@pytest.mark.covering(1)
@pytest.mark.parametrize("kind", ["normal", "skewed"])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_equal_cells_differ_in_one_of_twenty_cases(n: int, ratio: float, kind: str) -> None:
    comparisons = simulated(kind, ratio, n)
    error, noise = (comparisons["p"] <= 0.05).mean(), 3 * math.sqrt(0.05 * 0.95 / len(comparisons))
    assert 0.04 - noise < error < 0.06 + noise
    covered = ((comparisons["low"] < 0) & (comparisons["high"] > 0)).mean()
    assert covered == pytest.approx(1 - error)
