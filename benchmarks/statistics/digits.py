"""Type I error and coverage for new seeds and new test digits, with simulated outcomes of every digit."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from benchmarks.statistics.cases import Case, generator, rate
from benchmarks.statistics.contrasts import MISSED, WEIGHTS
from numpy.typing import NDArray

from sweep.stats import crossed
from sweep.stats.contrast import contrast
from sweep.stats.crossed import Correct

Bits = NDArray[np.bool_]
DIGITS = 2000  # the fewest for which the package has intervals from 3 seeds on
HARD, SPECIFIC = 2.2, 0.9  # spreads of a digit's logit: common to both cells, and specific to each


@dataclass(frozen=True)
class Pair:
    """Two cells: the mean logit of each, and the spread of logits between seeds."""

    name: str
    logits: tuple[float, float]
    spread: float

    @cached_property
    def truth(self) -> float:
        """Return the difference in accuracy over endless seeds and digits, by Gauss and Hermite's rule."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(120)
        total = np.sqrt(HARD**2 + SPECIFIC**2 + self.spread**2)
        first, second = (
            float(weights @ (1 / (1 + np.exp(-mean - total * nodes))) / weights.sum()) for mean in self.logits
        )
        return first - second

    def cells(self, rng: np.random.Generator, n: int, correlation: float) -> list[Bits]:
        """Draw (seeds, digits) of both cells; their seeds have this correlation."""
        hard = rng.standard_normal(DIGITS, np.float32) * HARD
        common = rng.standard_normal((n, 1), np.float32) * np.sqrt(correlation)
        cells = []
        for mean in self.logits:
            separate = rng.standard_normal((n, 1), np.float32) * np.sqrt(1 - correlation)
            of_digits = hard + SPECIFIC * rng.standard_normal(DIGITS, np.float32)
            logits = (mean + of_digits + self.spread * (common + separate)).astype(np.float32)
            cells.append(rng.random((n, DIGITS), np.float32) < 1 / (1 + np.exp(-logits)))
        return cells


PAIRS = (
    Pair("equal cells, digits dominate", (5.0, 5.0), 0.1),
    Pair("equal cells, seeds dominate", (5.0, 5.0), 0.8),
    Pair("cells that differ by 1.4 points, digits dominate", (5.0, 4.5), 0.1),
    Pair("cells that differ by 1.3 points, seeds dominate", (5.0, 4.5), 0.8),
)


def new_digits(simulations: int) -> Iterator[Case]:
    """Simulate intervals of a difference that hold for new digits as well."""
    for pair in PAIRS:
        for paired, counts in ((True, (3, 5, 10, 30)), (False, (10, 30))):
            for n in counts:
                method = "new digits, paired" if paired else "new digits, unpaired"
                rng = generator("digits", pair.name, paired, n)
                misses = [_missed(pair, rng, n, paired=paired) for _ in range(simulations)]
                # Three seeds may give the same difference to the digit: no interval is offered then.
                offered = (missed for missed in misses if missed is not None)
                yield rate(
                    "new digits", method, pair.name, n=n, measure=MISSED, outcomes=offered, limits=(4, 6)
                )


def _missed(pair: Pair, rng: np.random.Generator, n: int, *, paired: bool) -> bool | None:
    """Return True if the interval of one simulation misses the truth; None if there is no interval."""
    cell, baseline = pair.cells(rng, n, 0.5 if paired else 0.0)
    accuracies = np.column_stack([cell.mean(axis=1), baseline.mean(axis=1)])
    correct = Correct({name: list(range(n)) for name in "ab"}, {"a": cell, "b": baseline})
    difference = contrast(accuracies, WEIGHTS, paired=paired)
    two_way = correct.two_way("a", "b", difference)
    if two_way is None:
        return None
    low, high = crossed.interval(two_way)
    return not low <= pair.truth <= high
