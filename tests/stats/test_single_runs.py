"""stats.single_runs: against SciPy's Mann-Whitney statistic and its exact binomial interval."""

import itertools

import numpy as np
import pytest
from scipy import stats

from sweep.stats.single_runs import FEWEST_RUNS, Accuracies, beats


def runs(mean: float, count: int, seed: int = 0) -> Accuracies:
    """Draw accuracies of so coarse a resolution that some of them tie."""
    return np.round(np.random.default_rng(seed).normal(mean, 0.01, count), 2)


@pytest.mark.parametrize(("first", "second"), [(5, 5), (10, 10), (30, 30), (5, 30), (30, 5)])
def test_probability_is_mann_whitney_share(first: int, second: int) -> None:
    a, b = runs(0.96, first, 1), runs(0.95, second, 2)
    result = beats(a, b)
    assert result is not None
    pairs = first * second
    assert result[0] == pytest.approx(stats.mannwhitneyu(a, b).statistic / pairs, abs=1e-15)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_interval_of_one_sided_wins_is_exact_binomial(level: float) -> None:
    """If one cell wins all pairs, 5 runs of each tell as much as 25 / 3 trials, 7 of each as 49 / 4."""
    for n, trials in ((5, 25 / 3), (7, 49 / 4)):
        low = (1 - level) / 2
        assert beats(np.ones(n), np.zeros(n), level) == pytest.approx((1, low ** (1 / trials), 1))
    # 8 runs that win against one another as often as not: 64 / (1 + 7 * 2 / 3) trials.
    trials = 64 / (1 + 7 * 2 / 3)
    ties = beats(np.ones(8), np.ones(8), level)
    expected = stats.beta.ppf([(1 - level) / 2, (1 + level) / 2], *_beta(0.5, trials))
    assert ties == pytest.approx((0.5, *expected))


def _beta(share: float, trials: float) -> tuple[list[float], list[float]]:
    """Return the parameters of the two beta distributions of Clopper and Pearson."""
    won, lost = share * trials, (1 - share) * trials
    return [won, won + 1], [lost + 1, lost]


def test_interval_widens_if_wins_differ_between_runs() -> None:
    """One run of ten loses all its pairs: worth ten trials, as its cell alone decides."""
    a = np.append(np.full(9, 0.98), 0.90)
    b = np.full(10, 0.95) + np.arange(10) / 1e4
    result, exact = beats(a, b), stats.binomtest(9, 10).proportion_ci(method="exact")
    assert result is not None
    trials = 10 * (9 / 10)  # DeLong's variance has a divisor of 9 in place of 10
    expected = stats.beta.ppf([0.025, 0.975], *_beta(0.9, trials))
    assert result == pytest.approx((0.9, *expected))
    assert result[1] < exact.low < exact.high < result[2]


def test_delong_variance_is_that_of_its_definition() -> None:
    a, b = runs(0.95, 12, 3) + np.tile([-0.05, 0.05], 6), runs(0.95, 9, 4)
    wins = [[(x > y) + (x == y) / 2 for y in b] for x in a]
    share = np.mean(wins)
    rows = [np.mean(row) for row in wins]
    columns = [np.mean(column) for column in zip(*wins, strict=True)]
    variance = sum((row - share) ** 2 for row in rows) / 11 / 12
    variance += sum((column - share) ** 2 for column in columns) / 8 / 9
    trials = float(share * (1 - share) / variance)
    expected = stats.beta.ppf([0.025, 0.975], *_beta(float(share), trials))
    assert beats(a, b) == pytest.approx((share, *expected))


@pytest.mark.parametrize(("n", "m"), list(itertools.product((5, 12), repeat=2)))
def test_swapped_cells_give_mirrored_interval(n: int, m: int) -> None:
    a, b = runs(0.96, n, 5), runs(0.955, m, 6)
    first, second = beats(a, b), beats(b, a)
    assert first is not None
    assert second is not None
    assert second == pytest.approx((1 - first[0], 1 - first[2], 1 - first[1]))


def test_missing_runs_are_left_out() -> None:
    a, b = runs(0.96, 8), runs(0.95, 8, 1)
    assert beats(np.append(a, np.nan), np.append(np.nan, b)) == beats(a, b)


def test_too_few_runs_give_nothing() -> None:
    few, enough = runs(0.96, FEWEST_RUNS - 1), runs(0.95, FEWEST_RUNS)
    assert beats(few, enough) is None
    assert beats(enough, np.append(few, np.nan)) is None
    assert beats(enough, enough) is not None
