"""How many more seeds would decide a comparison."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]

POWER = 0.8
MOST_SEEDS = 100_000  # more than that is no plan


@dataclass(frozen=True)
class Estimates:
    """What is known of some comparisons, (comparisons,) each; `errors` are their tests' levels."""

    differences: Numbers
    standard_errors: Numbers
    degrees_of_freedom: Numbers
    seeds: Numbers
    errors: Numbers

    def power(self, more: Numbers, margin: float) -> Numbers:
        """The probability of a verdict after `more` seeds, if differences and spread are as estimated.

        Of a difference by the noncentral t distribution, of equivalence by the shifted one, the two being
        exclusive. Source: Cohen (1988); Phillips (1990), "Power of the two one-sided tests procedure".
        """
        growth = (self.seeds + more) / self.seeds
        errors = self.standard_errors / np.sqrt(growth)
        freedom = self.degrees_of_freedom * (self.seeds + more - 1) / (self.seeds - 1)
        critical = stats.t.isf(self.errors / 2, freedom)
        distance = np.abs(self.differences) / errors
        different = _noncentral_sf(critical, freedom, distance) + _noncentral_sf(critical, freedom, -distance)
        # Equivalent is what lies inside the margin and is no difference.
        room = np.minimum(margin / errors - critical, critical)
        inside = stats.t.cdf(room - distance, freedom) - stats.t.cdf(-room - distance, freedom)
        power: Numbers = np.clip(different + np.clip(inside, 0, None), 0, 1)
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


def _noncentral_sf(critical: Numbers, freedom: Numbers, shift: Numbers) -> Numbers:
    """P(T > critical) of the noncentral t; far from the middle, where SciPy's fails, it is 0 or 1."""
    far = np.abs(shift - critical) > 30
    near = stats.nct.sf(critical, freedom, np.where(far, 0.0, shift))
    result: Numbers = np.where(far, (shift > critical).astype(float), near)
    return result
