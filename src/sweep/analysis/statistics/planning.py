"""How many more seeds would decide a comparison."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]

POWER = 0.8
MOST_SEEDS = 100_000  # where more would be needed, no number is given
GRID = 64  # quantiles of the estimated standard error that the power is averaged over


@dataclass(frozen=True)
class Estimates:
    """Estimates of some comparisons and the levels of their tests, (comparisons,) each.

    `errors` are the error probabilities allowed to the tests of a difference, `equivalence_errors` those
    allowed to the two one-sided tests of equivalence together.
    """

    differences: Numbers
    standard_errors: Numbers
    degrees_of_freedom: Numbers
    seeds: Numbers
    errors: Numbers
    equivalence_errors: Numbers

    def power(self, more: Numbers, margin: float) -> Numbers:
        """The probability of a verdict after `more` seeds, if differences and spread are as estimated.

        Of a difference by the noncentral t distribution; of equivalence by the normal distribution of the
        difference, averaged over that of its estimated error. The two are exclusive. Source: Cohen (1988);
        Phillips (1990), "Power of the two one-sided tests procedure".
        """
        growth = (self.seeds + more) / self.seeds
        errors = self.standard_errors / np.sqrt(growth)
        freedom = self.degrees_of_freedom * (self.seeds + more - 1) / (self.seeds - 1)
        critical = stats.t.isf(self.errors / 2, freedom)
        distance = np.abs(self.differences) / errors
        different = _noncentral_sf(critical, freedom, distance) + _noncentral_sf(critical, freedom, -distance)
        equivalent = stats.t.isf(self.equivalence_errors / 2, freedom)
        inside = _inside(np.abs(self.differences), errors, freedom, (critical, equivalent), margin)
        power: Numbers = np.clip(different + inside, 0, 1)
        return power


def more_seeds(estimates: Estimates, margin: float) -> list[int | None]:
    """The seeds that each cell needs beyond its own for a verdict with a probability of `POWER`.

    At least one; None where not even `MOST_SEEDS` would do.
    """
    count = len(estimates.differences)
    if not count:
        return []
    low, high = np.zeros(count), np.full(count, float(MOST_SEEDS))
    reachable = estimates.power(high, margin) >= POWER
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = estimates.power(middle, margin) >= POWER
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return [int(seeds) if found else None for seeds, found in zip(high, reachable, strict=True)]


def _inside(
    distances: Numbers, errors: Numbers, freedom: Numbers, critical: tuple[Numbers, Numbers], margin: float
) -> Numbers:
    """The probability of the verdict "equivalent": the interval is within the margin, no difference found.

    `critical` are Student's quantiles of the tests of difference and of equivalence, (comparisons,) each.
    The width of the interval depends on a standard error that is yet to be estimated, so the probability is
    averaged over quantiles of its distribution.
    """
    places = (np.arange(GRID) + 0.5) / GRID
    found = errors[:, None] * np.sqrt(stats.chi2.ppf(places, freedom[:, None]) / freedom[:, None])
    different, equivalent = (quantile[:, None] * found for quantile in critical)
    room = np.clip(np.minimum(margin - equivalent, different), 0, None)
    high, low = ((sign * room - distances[:, None]) / errors[:, None] for sign in (1, -1))
    within: Numbers = (stats.norm.cdf(high) - stats.norm.cdf(low)).mean(axis=1)
    return within


def _noncentral_sf(critical: Numbers, freedom: Numbers, shift: Numbers) -> Numbers:
    """P(T > critical) of the noncentral t distribution; 0 or 1 far out, where SciPy's function fails."""
    far = np.abs(shift - critical) > 30
    near = stats.nct.sf(critical, freedom, np.where(far, 0.0, shift))
    result: Numbers = np.where(far, (shift > critical).astype(float), near)
    return result
