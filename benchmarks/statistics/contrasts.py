"""Type I error and coverage over seeds: of a difference of two cells, and of one cell's mean.

The interval excludes zero exactly where p < 5 %, so that for equal cells the share of intervals that miss the
truth is the type I error, and 100 less it is the coverage.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from benchmarks.statistics.cases import DRAWS, Case, generator, rate

from sweep.stats.contrast import Contrast, Errors, contrast, mean_intervals

MISSED = "intervals that miss the truth, %"
WEIGHTS = np.array([1.0, -1.0])
BOTH = ((10, 10), (30, 30), (10, 30), (30, 10))


def differences(simulations: int) -> Iterator[Case]:
    """Equal cells whose spreads differ by a ratio, paired and unpaired."""
    for name in DRAWS:
        for ratio in (1, 2, 3):
            for correlation in (0.0, 0.5):
                for n in (3, 5, 10, 30):
                    yield _difference(name, ratio, correlation, (n, n), True, simulations)
            for counts in ((3, 3), (5, 5), *(pair for pair in BOTH if ratio > 1 or pair != (30, 10))):
                yield _difference(name, ratio, 0.0, counts, False, simulations)


def _difference(
    name: str, ratio: int, correlation: float, counts: tuple[int, int], paired: bool, simulations: int
) -> Case:
    n = str(counts[0]) if counts[0] == counts[1] else f"{counts[0]} and {counts[1]}"
    seeds = f"{name}, spread {ratio}" + (f", correlation {correlation:g}" if paired else "")
    values = simulated(name, ratio, correlation, counts, simulations)
    found = [contrast(pair, WEIGHTS, paired) for pair in values]
    method = found[0].method.value
    if np.isnan(found[0].standard_error):
        return Case("difference", method, seeds, n, MISSED, 0, np.nan)
    return rate("difference", method, seeds, n, MISSED, missed(found, 0.0), 4, 6)


def simulated(
    name: str, ratio: float, correlation: float, counts: tuple[int, int], simulations: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(simulations, seeds, 2) of equal cells; the first has `ratio` times the spread of the second."""
    rng = generator("difference", name, ratio, correlation, counts)
    values = DRAWS[name](rng, (simulations, max(counts), 2), correlation) * [ratio, 1.0]
    for cell, count in enumerate(counts):
        values[:, count:, cell] = np.nan
    return values


def missed(found: list[Contrast], truth: float) -> Iterator[bool]:
    """Whether the interval of each contrast misses the truth."""
    low, high = Errors.of(found).intervals(0.95)
    return iter((low > truth) | (high < truth))


def means(simulations: int) -> Iterator[Case]:
    """The interval of one cell's mean."""
    for name, draw in DRAWS.items():
        for n in (3, 5, 10, 30):
            values = draw(generator("mean", name, n), (simulations, n), 0.0)
            cells = np.repeat(np.arange(simulations), n)
            trials = pd.DataFrame({"cell": cells, "test_accuracy": values.ravel()})
            intervals = mean_intervals(trials, "test_accuracy", 0.95)
            found = (intervals["low"] > 0) | (intervals["high"] < 0)
            yield rate("mean", "Student's interval", name, n, MISSED, found, 4, 6)
