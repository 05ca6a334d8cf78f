"""What a difference would be on other test examples: with new seeds, or with the same networks."""

from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from sweep.analysis.statistics.two_way import TwoWay

_SMALLEST = 1e-300  # for p values below this, Student's quantile overflows


def interval(found: TwoWay, level: float = 0.95) -> tuple[float, float]:
    """The confidence interval of the difference for new seeds and new test examples."""
    width = _critical(found, 1 - level) * found.standard_error_new_examples
    return found.difference - width, found.difference + width


def p_value(found: TwoWay) -> float:
    """The two-sided p value of no difference, for new seeds and new test examples."""
    return _two_sided(found, abs(found.difference))


def p_equivalent(found: TwoWay, margin: float) -> float:
    """The p value of a difference of `margin` or more: two one-sided tests (Schuirmann, 1987)."""
    distance = margin - abs(found.difference)
    one_sided = _two_sided(found, abs(distance)) / 2
    return one_sided if distance > 0 else 1 - one_sided


def _two_sided(found: TwoWay, distance: float) -> float:
    """The probability that luck alone moves the difference by `distance` or more, either way."""
    if found.standard_error_new_examples == 0:
        return float(distance == 0)
    t = distance / found.standard_error_new_examples
    # The p value lies between those with the degrees of freedom of the examples and of the seeds.
    ends = (2 * float(stdtr(freedom, -t)) for freedom in (found.examples - 1, found.degrees_of_freedom))
    low, high = sorted(max(end, _SMALLEST) for end in ends)

    def excess(logarithm: float) -> float:
        return _critical(found, exp(logarithm)) - t

    if excess(log(low)) * excess(log(high)) >= 0:  # the solution is one of the ends, up to rounding
        return min(low, high, key=lambda end: abs(excess(log(end))))
    return exp(brentq(excess, log(low), log(high)))


def prediction(by_example: NDArray[np.float64], examples: int, level: float = 0.95) -> tuple[float, float]:
    """Where the same networks' difference lies on other `examples`, with probability `level`.

    `by_example` (examples,) is the difference of two cells, mean over seeds, on each of these examples.
    """
    count, middle = len(by_example), float(by_example.mean())
    spread = sqrt(float(by_example.var(ddof=1)) * (1 / count + 1 / examples))
    width = float(stdtrit(count - 1, (1 + level) / 2)) * spread
    return middle - width, middle + width


def _critical(found: TwoWay, alpha: float) -> float:
    """How many standard errors a difference is off by luck with probability `alpha`.

    The square of Student's quantile is to first order linear in 1 / degrees of freedom, and a sum of
    variances has the seeds' / share², where `share` is the seeds' part of the sum (Welch 1947,
    Biometrika 34). The line goes through the exact quantiles of the seeds alone and of the examples alone.
    In simulation it covers 94 to 96 % from 3 seeds on; Satterthwaite's t, with the same degrees of
    freedom, as little as 92.2 %.
    """
    seeds = float(stdtrit(found.degrees_of_freedom, alpha / 2)) ** 2
    examples = float(stdtrit(found.examples - 1, alpha / 2)) ** 2
    total = found.standard_error_new_examples
    share = (found.standard_error / total) ** 2 if total else 1.0
    between = examples + (seeds - examples) * share**2
    # New examples only add variance, so the interval is never narrower than for these examples.
    return sqrt(max(between, seeds * share))
