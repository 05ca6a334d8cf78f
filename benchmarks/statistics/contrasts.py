"""Type I error and coverage over seeds: of a difference of two cells, and of one cell's mean.

The interval excludes zero exactly if p < 5 %, so that for equal cells the share of intervals that miss the
truth is the type I error, and 100 % less that share is the coverage.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from benchmarks.statistics.cases import DRAWS, Case, Values, generator, rate

from sweep.stats.contrast import Contrast, Errors, contrast, mean_intervals

MISSED = "intervals that miss the truth, %"
WEIGHTS = np.array([1.0, -1.0])
BOTH = ((10, 10), (30, 30), (10, 30), (30, 10))


def differences(simulations: int) -> Iterator[Case]:
    """Simulate equal cells whose spreads differ by a ratio, paired and unpaired."""
    for name in DRAWS:
        for ratio in (1, 2, 3):
            for correlation in (0.0, 0.5):
                for n in (3, 5, 10, 30):
                    yield _difference(name, ratio, (n, n), simulations, correlation=correlation, paired=True)
            for counts in ((3, 3), (5, 5), *(pair for pair in BOTH if ratio > 1 or pair != (30, 10))):
                yield _difference(name, ratio, counts, simulations, correlation=0.0, paired=False)


def _difference(
    name: str, ratio: int, counts: tuple[int, int], simulations: int, *, correlation: float, paired: bool
) -> Case:
    n = str(counts[0]) if counts[0] == counts[1] else f"{counts[0]} and {counts[1]}"
    seeds = f"{name}, spread {ratio}" + (f", correlation {correlation:g}" if paired else "")
    values = simulated(name, ratio, counts, correlation=correlation, simulations=simulations)
    differences = [contrast(pair, WEIGHTS, paired=paired) for pair in values]
    method = differences[0].method.value
    if np.isnan(differences[0].standard_error):
        return Case("difference", method, seeds, n, MISSED, 0, np.nan)
    misses = missed(differences, 0.0)
    return rate("difference", method, seeds, n=n, measure=MISSED, outcomes=misses, limits=(4, 6))


def simulated(
    name: str, ratio: float, counts: tuple[int, int], *, correlation: float, simulations: int
) -> Values:
    """Draw (simulations, seeds, 2) of equal cells; the first has `ratio` times the spread of the second."""
    rng = generator("difference", name, ratio, correlation, counts)
    values = DRAWS[name](rng, (simulations, max(counts), 2), correlation) * [ratio, 1.0]
    for cell, count in enumerate(counts):
        values[:, count:, cell] = np.nan
    return values


def missed(contrasts: list[Contrast], truth: float) -> Iterator[bool]:
    """Return, for each contrast, whether its interval misses the truth."""
    low, high = Errors.of(contrasts).intervals(0.95)
    return iter((low > truth) | (high < truth))


def means(simulations: int) -> Iterator[Case]:
    """Simulate the interval of one cell's mean."""
    for name, draw in DRAWS.items():
        for n in (3, 5, 10, 30):
            values = draw(generator("mean", name, n), (simulations, n), 0.0)
            cells = np.repeat(np.arange(simulations), n)
            trials = pd.DataFrame({"cell": cells, "test_accuracy": values.ravel()})
            intervals = mean_intervals(trials, "test_accuracy", 0.95)
            misses = (intervals["low"] > 0) | (intervals["high"] < 0)
            method = "Student's interval"
            yield rate("mean", method, name, n=n, measure=MISSED, outcomes=misses, limits=(4, 6))
