"""Verdicts of a sweep that looks at its comparisons again and again, which `decide` does.

The numbers of seeds after which a sweep looks are fixed before the first of them. At each of the K looks,
each of the m comparisons has Student's interval of its paired differences at the level 1 - alpha / (K m), so
that all of them hold at once with a probability of 1 - alpha (Bonferroni), whichever comparison is stopped
when. Sources: repeated confidence intervals of Jennison and Turnbull (1989), JRSS B 51, and (2000), "Group
Sequential Methods with Applications to Clinical Trials", chapter 9, here with alpha spent evenly over the
looks. docs/statistics.md compares their cost with that of an anytime-valid interval.

So far out in its tails, Student's distribution is too light for seeds of skewed accuracies. There the tail
of S = sum x / sqrt(sum x^2) is that of normal observations times exp(-+ skewness S^3 / (3 sqrt(n))).
Source: Wang (2005), "Limit theorems for self-normalized large deviation", EJP 10, paper 38.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy import optimize, stats

from sweep.stats.contrast import Contrast, Method, Values, contrast
from sweep.stats.judge import Criteria, Estimates, Verdict, higher_is_better, more_seeds

GROWTH = 1.5  # of the number of seeds from one look to the next
# The skewness of paired differences that the tails allow for. The most skewed cell in our records has -1.33,
# which gives 0.83 for a difference from a cell with half the spread. Bonferroni's correction is a little too
# strict, so that 0.7 keeps false alarms for such cells below 5 % in simulations of 1 to 50 comparisons.
SKEWNESS = 0.7


@dataclass(frozen=True)
class Looks:
    """The numbers of `seeds` after which a sweep looks at `comparisons`; `level` holds for all together."""

    seeds: tuple[int, ...]
    comparisons: int
    level: float = 0.95

    @staticmethod
    def until(budget: int, first: int, comparisons: int, *, level: float = 0.95) -> "Looks":
        """Return looks after `first` seeds, then after half as many again each time, the last after `budget`.

        A look shortly before the last is left out: it would cost more in correction than it could decide.
        """
        growing = itertools.accumulate(itertools.repeat(first), lambda seeds, _: math.ceil(GROWTH * seeds))
        early = itertools.takewhile(lambda seeds: seeds * math.sqrt(GROWTH) < budget, growing)
        return Looks((*early, budget), comparisons, level)

    @property
    def shares(self) -> int:
        """Return the number of intervals that share the allowed error: looks times comparisons."""
        return len(self.seeds) * self.comparisons

    @property
    def error(self) -> float:
        """Return the error that is allowed to each interval."""
        return (1 - self.level) / self.shares

    def half_width(self, standard_error: float, count: int) -> float:
        """Return half the interval of a mean of `count` paired differences, at one look."""
        return critical_value(count, self.error) * standard_error

    def p(self, estimate: float, standard_error: float, count: int) -> float:
        """Return the p value of no difference at one look, not corrected for the others."""
        return tails(abs(estimate) / standard_error, count)


def tails(t: float, count: int) -> float:
    """Return P(|T| > t) of the t statistic of `count` observations that are skewed by `SKEWNESS`."""
    # S = sum x / sqrt(sum x^2) is a function of t; cosh is the mean of the corrections of both tails.
    s = t * math.sqrt(count / (count - 1 + t * t))
    skewed = math.cosh(SKEWNESS * s**3 / (3 * math.sqrt(count)))
    return min(1.0, 2 * float(stats.t.sf(t, count - 1)) * skewed)


@cache
def critical_value(count: int, error: float) -> float:
    """Return the t statistic of `count` observations that has this error, by `tails`."""
    least = float(stats.t.isf(error / 2, count - 1))
    # Skewness never doubles it: s^3 / sqrt(n) is at most s^2.
    return float(optimize.brentq(lambda t: math.log(tails(t, count) / error), least, 2 * least))


DIFFERENCE = np.array([1.0, -1.0])  # weights of a cell and its baseline


@dataclass(frozen=True)
class Decision:
    """The difference of a cell from its baseline at the look after `seeds` seeds, and its verdict.

    `half_width` is half the interval at this look, corrected for all looks and comparisons; `p` is not
    corrected. Both are nan if the difference has no error.
    """

    difference: Contrast
    half_width: float
    p: float
    verdict: Verdict
    seeds: int

    @property
    def decided(self) -> bool:
        """Return True if there is a verdict."""
        return self.verdict is not Verdict.UNDECIDED

    @property
    def has_error(self) -> bool:
        """Return True if the difference has an error: at least three pairs, which are not all the same."""
        return self.difference.method is Method.PAIRED


def decide(values: Values, looks: Looks, criteria: Criteria) -> Decision:
    """Decide on `values`, (seeds, 2), of a cell and its baseline; nan marks a diverged trial.

    Better or worse if the interval excludes zero, else equivalent if it lies within the margin.
    """
    difference = contrast(values, DIFFERENCE, paired=True)
    estimate, error, count = difference.estimate, difference.standard_error, difference.counts[0]
    if difference.method is not Method.PAIRED:
        return Decision(difference, np.nan, np.nan, Verdict.UNDECIDED, len(values))
    half = looks.half_width(error, count)
    verdict = Verdict.UNDECIDED
    if abs(estimate) > half:
        verdict = Verdict.BETTER if (estimate > 0) == higher_is_better(criteria.metric) else Verdict.WORSE
    elif abs(estimate) + half <= criteria.margin:
        verdict = Verdict.EQUIVALENT
    return Decision(difference, half, looks.p(estimate, error, count), verdict, len(values))


def tabulate(
    decisions: Mapping[str, Decision], baseline: str, looks: Looks, *, criteria: Criteria
) -> pd.DataFrame:
    """Return decisions by cell, one row each, in the columns of `sweep.compare`, with two more.

    `seeds` is the number of seeds at the last look at a comparison; `decided_after` is the same number if
    that look decided it.
    """
    rows = list(decisions.values())
    differences = [row.difference for row in rows]
    estimates, halves, p = (
        np.array(numbers, float)
        for numbers in (
            [difference.estimate for difference in differences],
            [row.half_width for row in rows],
            [row.p for row in rows],
        )
    )
    return pd.DataFrame(
        {
            "cell": list(decisions),
            "baseline": baseline,
            "difference": estimates,
            "low": estimates - halves,
            "high": estimates + halves,
            "standard_error": [difference.standard_error for difference in differences],
            "n": [difference.counts[0] for difference in differences],
            "n_baseline": [difference.counts[1] for difference in differences],
            "paired": True,
            "method": [difference.method.value for difference in differences],
            "p": p,
            "p_adjusted": np.minimum(p * looks.shares, 1),
            "verdict": [row.verdict.value for row in rows],
            "more_seeds": pd.Series([seeds_to_decide(row, looks, criteria) for row in rows], dtype="Int64"),
            "seeds": [row.seeds for row in rows],
            "decided_after": pd.Series([row.seeds if row.decided else None for row in rows], dtype="Int64"),
        }
    )


def seeds_to_decide(decision: Decision, looks: Looks, criteria: Criteria) -> int | None:
    """Return the seeds that a comparison needs beyond those it has; None if it has no error to plan with."""
    if decision.decided:
        return 0
    if not decision.has_error:
        return None
    difference = decision.difference
    estimates = Estimates(
        np.array([difference.estimate]),
        np.array([difference.standard_error]),
        np.array([difference.degrees_of_freedom]),
        np.array([float(difference.counts[0])]),
        *(np.array([looks.error]),) * 2,
    )
    return more_seeds(estimates, criteria.margin)[0]
