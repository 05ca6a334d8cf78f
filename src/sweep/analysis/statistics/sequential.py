"""Intervals that hold however often a growing sample is looked at.

After how many seeds a sweep looks is fixed before the first of them. At each of the K looks, each of the m
comparisons has Student's interval of its paired differences at the level 1 - alpha / (K m), so that all of
them hold at once with a probability of 1 - alpha (Bonferroni), whichever comparison is stopped when.
Sources: repeated confidence intervals of Jennison and Turnbull (1989), JRSS B 51, and (2000), "Group
Sequential Methods with Applications to Clinical Trials", chapter 9, here with alpha spent evenly over the
looks. docs/statistics.md has what it costs beside an anytime-valid interval.

So far out in its tails, Student's distribution is too light for seeds of skewed accuracies. There the tail
of S = sum x / sqrt(sum x^2) is that of normal observations times exp(-+ skewness S^3 / (3 sqrt(n))).
Source: Wang (2005), "Limit theorems for self-normalized large deviation", EJP 10, paper 38.
"""

import itertools
import math
from dataclasses import dataclass
from functools import cache

from scipy import optimize, stats

GROWTH = 1.5  # of the number of seeds from one look to the next
# The skewness of paired differences that the tails allow for. The most skewed cell in our records has -1.33,
# which gives 0.83 for a difference from a cell with half the spread. Bonferroni's correction is a little too
# strict, so that 0.7 keeps false alarms for such cells below 5 % in simulations of 1 to 50 comparisons.
SKEWNESS = 0.7


@dataclass(frozen=True)
class Looks:
    """After how many seeds a sweep looks at how many comparisons; `level` is that of all of them together."""

    seeds: tuple[int, ...]
    comparisons: int
    level: float = 0.95

    @staticmethod
    def until(budget: int, first: int, comparisons: int, level: float = 0.95) -> "Looks":
        """Looks after `first` seeds, then after half as many again each time, the last after `budget`.

        A look shortly before the last is left out: it would cost more in correction than it could decide.
        """
        growing = itertools.accumulate(itertools.repeat(first), lambda seeds, _: math.ceil(GROWTH * seeds))
        early = itertools.takewhile(lambda seeds: seeds * math.sqrt(GROWTH) < budget, growing)
        return Looks((*early, budget), comparisons, level)

    @property
    def shares(self) -> int:
        """The number of intervals that share the allowed error: looks times comparisons."""
        return len(self.seeds) * self.comparisons

    @property
    def error(self) -> float:
        """The error that is allowed to each interval."""
        return (1 - self.level) / self.shares

    def half_width(self, standard_error: float, count: int) -> float:
        """Half the interval of a mean of `count` paired differences, at one look."""
        return critical_value(count, self.error) * standard_error

    def p(self, estimate: float, standard_error: float, count: int) -> float:
        """The p value of no difference at one look, not corrected for the others."""
        return tails(abs(estimate) / standard_error, count)


def tails(t: float, count: int) -> float:
    """The probability that a t statistic of `count` observations, skewed by `SKEWNESS`, is beyond -t or t."""
    s = t * math.sqrt(count / (count - 1 + t * t))
    skewed = math.cosh(SKEWNESS * s**3 / (3 * math.sqrt(count)))
    return min(1.0, 2 * float(stats.t.sf(t, count - 1)) * skewed)


@cache
def critical_value(count: int, error: float) -> float:
    """The t statistic of `count` observations that has this error, as `tails` gives it."""
    least = float(stats.t.isf(error / 2, count - 1))
    # Skewness never doubles it: s^3 / sqrt(n) is at most s^2.
    return float(optimize.brentq(lambda t: math.log(tails(t, count) / error), least, 2 * least))
