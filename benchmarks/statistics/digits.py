"""Type I error and coverage for new seeds and new test digits: which digits simulated networks get right."""

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
HARD, OWN = 2.2, 0.9  # spreads of a digit's logit: common to both cells, and of its own in each


@dataclass(frozen=True)
class Pair:
    """Two cells: the mean logit of each, and the spread of logits between seeds."""

    name: str
    logits: tuple[float, float]
    spread: float

    @cached_property
    def truth(self) -> float:
        """The difference in accuracy over endless seeds and digits, by Gauss and Hermite's rule."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(120)
        whole = np.sqrt(HARD**2 + OWN**2 + self.spread**2)
        first, second = (
            float(weights @ (1 / (1 + np.exp(-mean - whole * nodes))) / weights.sum()) for mean in self.logits
        )
        return first - second

    def cells(self, rng: np.random.Generator, n: int, correlation: float) -> list[Bits]:
        """(seeds, digits) of both cells; their seeds have this correlation."""
        hard = rng.standard_normal(DIGITS, np.float32) * HARD
        common = rng.standard_normal((n, 1), np.float32) * np.sqrt(correlation)
        cells = []
        for mean in self.logits:
            own = rng.standard_normal((n, 1), np.float32) * np.sqrt(1 - correlation)
            of_digits = hard + OWN * rng.standard_normal(DIGITS, np.float32)
            logits = (mean + of_digits + self.spread * (common + own)).astype(np.float32)
            cells.append(rng.random((n, DIGITS), np.float32) < 1 / (1 + np.exp(-logits)))
        return cells


PAIRS = (
    Pair("equal cells, digits dominate", (5.0, 5.0), 0.1),
    Pair("equal cells, seeds dominate", (5.0, 5.0), 0.8),
    Pair("cells that differ by 1.4 points, digits dominate", (5.0, 4.5), 0.1),
    Pair("cells that differ by 1.3 points, seeds dominate", (5.0, 4.5), 0.8),
)


def new_digits(simulations: int) -> Iterator[Case]:
    """Intervals of a difference that speak for digits that were not seen, too."""
    for pair in PAIRS:
        for paired, counts in ((True, (3, 5, 10, 30)), (False, (10, 30))):
            for n in counts:
                method = "new digits, paired" if paired else "new digits, unpaired"
                rng = generator("digits", pair.name, paired, n)
                found = [_missed(pair, rng, n, paired) for _ in range(simulations)]
                # Three seeds may give the same difference to the digit: no interval is offered then.
                offered = (missed for missed in found if missed is not None)
                yield rate("new digits", method, pair.name, n, MISSED, offered, 4, 6)


def _missed(pair: Pair, rng: np.random.Generator, n: int, paired: bool) -> bool | None:
    """Whether the interval of one simulation misses the truth; None where there is none."""
    cell, baseline = pair.cells(rng, n, 0.5 if paired else 0.0)
    accuracies = np.column_stack([cell.mean(axis=1), baseline.mean(axis=1)])
    correct = Correct({name: list(range(n)) for name in "ab"}, {"a": cell, "b": baseline})
    found = correct.two_way("a", "b", contrast(accuracies, WEIGHTS, paired))
    if found is None:
        return None
    low, high = crossed.interval(found)
    return not low <= pair.truth <= high
