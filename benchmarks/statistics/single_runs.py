"""Coverage of the chance that a new run of one cell beats a new run of another."""

from collections.abc import Iterator

import numpy as np
from benchmarks.statistics.cases import DRAWS, SKEW_SHAPE, Case, Values, generator, rate
from benchmarks.statistics.contrasts import MISSED
from scipy import optimize, stats

from sweep.stats.single_runs import FEWEST_RUNS, beats

CHANCES = (0.5, 0.8, 0.95, 0.99)
LIMITS = (0, 6)  # percent of misses; an interval that is too wide is allowed
POINTS = (np.arange(20_000) + 0.5) / 20_000


def single_runs(simulations: int) -> Iterator[Case]:
    """Simulate cells of equal and unequal spreads, independent and correlated, and too few seeds."""
    for name in DRAWS:
        yield _row(name, 1, 0.5, (FEWEST_RUNS - 1,) * 2, simulations)
        for ratio in (1, 3):
            for chance in CHANCES:
                for n in (5, 10, 30):
                    yield _row(name, ratio, chance, (n, n), simulations)
        for counts in ((10, 30), (30, 10)):
            yield _row(name, 3, 0.8, counts, simulations)
        for n in (5, 10, 30):
            yield _row(name, 1, 0.8, (n, n), simulations, correlation=0.5)


def _row(
    name: str,
    ratio: int,
    chance: float,
    counts: tuple[int, int],
    simulations: int,
    *,
    correlation: float = 0.0,
) -> Case:
    n = str(counts[0]) if counts[0] == counts[1] else f"{counts[0]} and {counts[1]}"
    seeds = f"{name}, spread {ratio}, wins {100 * chance:g} %"
    seeds += f", correlation {correlation:g}" if correlation else ""
    rng = generator("single runs", name, ratio, chance, counts, correlation)
    values = DRAWS[name](rng, (simulations, max(counts), 2), correlation)
    values[..., 0] = ratio * values[..., 0] + shift(name, ratio, chance)
    results = [beats(one[: counts[0], 0], one[: counts[1], 1]) for one in values]
    intervals = [result[1:] for result in results if result is not None]
    misses = (not low <= chance <= high for low, high in intervals)
    if not intervals:
        return Case("single runs", "too few seeds to say", seeds, n, MISSED, 0, np.nan)
    return rate("single runs", "pairs of runs", seeds, n=n, measure=MISSED, outcomes=misses, limits=LIMITS)


def shift(name: str, ratio: float, chance: float) -> float:
    """Return what the first cell must gain for a run of it to beat one of the second with this chance.

    The runs are `ratio` X + gain and Y of the same distribution: P(Y < ratio X + gain) is averaged over
    quantiles of X.
    """
    quantiles = ratio * quantile(name, POINTS)

    def excess(gain: float) -> float:
        return float(cumulative(name, quantiles + gain).mean()) - chance

    return float(optimize.brentq(excess, -20 * ratio, 20 * ratio))


def cumulative(name: str, values: Values) -> Values:
    """Return the distribution function of simulated seeds: standard normal, or minus a gamma distribution."""
    if name == "normal":
        return np.asarray(stats.norm.cdf(values))
    return np.asarray(stats.gamma.sf(SKEW_SHAPE - values * SKEW_SHAPE**0.5, SKEW_SHAPE))


def quantile(name: str, shares: Values) -> Values:
    """Return the inverse of `cumulative`."""
    if name == "normal":
        return np.asarray(stats.norm.ppf(shares))
    return np.asarray((SKEW_SHAPE - stats.gamma.isf(shares, SKEW_SHAPE)) / SKEW_SHAPE**0.5)
