"""The verdict on a difference, corrected for the family of its tests, and what more seeds would decide.

Criteria and verdicts come first, then the table that applies them to contrasts, Holm's correction, the choice
of the best cell with the luck in it, and last the power of the tests: how many more seeds would decide a
comparison, and how small a difference the seeds would have found.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, stats

from sweep.core.errors import TrialsError
from sweep.core.rules import AtLeast, Below, OneOf, mistake
from sweep.stats.contrast import Contrast, Errors, Method

Numbers = NDArray[np.float64]

Pairing = Literal["auto"] | bool


_RULES: dict[str, tuple[Any, ...]] = {
    "level": (float, AtLeast(0.5), Below(1)),
    "margin": (float, AtLeast(0)),
    "paired": (object, OneOf(("auto", True, False))),
}


@dataclass(frozen=True)
class Criteria:
    """The rules by which differences are judged, fixed before any is looked at.

    `margin`: a difference below it does not matter, in the unit of the metric. `level`: of intervals, and 1 -
    the error of verdicts.
    """

    metric: str = "test_accuracy"
    margin: float = 0.002
    level: float = 0.95
    paired: Pairing = "auto"

    def __post_init__(self) -> None:
        for name, (kind, *rules) in _RULES.items():
            text = mistake(getattr(self, name), kind, rules)
            if text:
                raise TrialsError(f"{name}{text}")

    @property
    def pairing(self) -> bool | None:
        """Return True if cells are paired, or None to let `contrast` decide from the seeds that they have."""
        return None if self.paired == "auto" else bool(self.paired)


class Verdict(StrEnum):
    """A verdict: `better` or `worse` if a difference is not zero, `equivalent` if it is within the margin."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


def verdict_table(
    contrasts: Sequence[Contrast], criteria: Criteria, *, family: int, others: Sequence[Contrast] = ()
) -> pd.DataFrame:
    """Return one row a contrast: difference, interval, p values, verdict; corrected for a `family` of tests.

    `others` are contrasts that belong to the family but get no row. The columns are those of `sweep.compare`
    without the cells' names.
    """
    errors, rest = Errors.of(contrasts), Errors.of(others)
    low, high = errors.intervals(criteria.level)
    p, p_equivalent = errors.p, errors.p_equivalent(criteria.margin)
    differing = holm(np.append(p, rest.p), family)
    equivalent = holm(np.append(p_equivalent, rest.p_equivalent(criteria.margin)), family)
    adjusted = differing[: len(p)]
    error = 1 - criteria.level
    # Holm's procedure divides the level of its next test by the number of tests not yet rejected.
    still_open = family - int((differing <= error).sum()), family - int((equivalent <= error / 2).sum())
    sign = 1 if higher_is_better(criteria.metric) else -1
    verdicts = judge(sign * errors.estimates, adjusted, equivalent[: len(p)], level=criteria.level)
    return pd.DataFrame(
        {
            "difference": errors.estimates,
            "low": low,
            "high": high,
            "standard_error": errors.standard_errors,
            "n": [one.counts[0] for one in contrasts],
            "n_baseline": [one.counts[-1] for one in contrasts],
            "paired": [one.paired for one in contrasts],
            "method": [one.method.value for one in contrasts],
            "p": p,
            "p_adjusted": adjusted,
            "verdict": [verdict.value for verdict in verdicts],
            "more_seeds": _more_seeds(contrasts, verdicts, still_open, criteria),
        }
    )


def _more_seeds(
    contrasts: Sequence[Contrast],
    verdicts: Sequence[Verdict],
    still_open: tuple[int, int],
    criteria: Criteria,
) -> "pd.Series[Any]":
    """Return the seeds that would decide each contrast: 0 if it is decided, missing if it has no error.

    `still_open` are the tests of a difference and of equivalence that are not rejected.
    """
    seeds = [None if verdict is Verdict.UNDECIDED else 0 for verdict in verdicts]
    open_rows = [
        index
        for index, verdict in enumerate(verdicts)
        if verdict is Verdict.UNDECIDED and contrasts[index].method in (Method.PAIRED, Method.WELCH)
    ]
    ones = np.ones(len(open_rows))
    different, equivalent = ((1 - criteria.level) / max(count, 1) * ones for count in still_open)
    estimates = Estimates(
        np.array([contrasts[index].estimate for index in open_rows]),
        np.array([contrasts[index].standard_error for index in open_rows]),
        np.array([contrasts[index].degrees_of_freedom for index in open_rows]),
        np.array([float(min(contrasts[index].counts)) for index in open_rows]),
        different,
        equivalent,
    )
    for index, count in zip(open_rows, more_seeds(estimates, criteria.margin), strict=True):
        seeds[index] = count
    return pd.Series(seeds, dtype="Int64")


def judge(gains: Numbers, p: Numbers, p_equivalent: Numbers, *, level: float) -> list[Verdict]:
    """Return a verdict for each difference, (comparisons,); `gains` are positive for an improvement.

    `p` of no difference and `p_equivalent` of a difference beyond the margin are (comparisons,), both
    corrected for the family. Equivalent means that the interval of this `level` lies inside the margin: each
    of the two one-sided tests has half the error.
    """
    error = 1 - level
    return [
        (Verdict.BETTER if gain > 0 else Verdict.WORSE)
        if different <= error
        else Verdict.EQUIVALENT
        if equivalent <= error / 2
        else Verdict.UNDECIDED
        for gain, different, equivalent in zip(gains, p, p_equivalent, strict=True)
    ]


def holm(p: Numbers, total: int) -> Numbers:
    """Return p values, (tests,), corrected by Holm's step-down procedure for `total` tests; nan stays nan.

    Tests of the family that are not among `p` count as if each had p = 1, which never makes another's
    smaller. Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    finite = np.flatnonzero(~np.isnan(p))
    order = finite[np.argsort(p[finite])]
    tests = max(total, len(order)) - np.arange(len(order))  # those not rejected before it
    adjusted = np.full(len(p), np.nan)
    # A later test is never more significant than an earlier one, whose p value it then takes over.
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * tests), 1)
    return adjusted


# A cell is chosen by the first of these that was evaluated; never by a test result.
CHOSEN_BY = ("validation_accuracy", "validation_loss")


def higher_is_better(metric: str) -> bool:
    """Return True if more of a measure is an improvement: only for accuracies."""
    return metric.endswith("accuracy")


def best(trials: pd.DataFrame, metric: str = "test_accuracy") -> tuple[str, str] | None:
    """Return the cell with the best mean on validation, and the measure; None if nothing was validated.

    `trials` are those of `sweep.load` without diverged ones. The measure is the validation loss if `metric`
    is a loss, otherwise the validation accuracy.
    """
    order = CHOSEN_BY if not metric.endswith("loss") else CHOSEN_BY[::-1]
    for measure in order:
        if measure in trials and trials[measure].notna().any():
            means = trials.groupby("cell", sort=False)[measure].mean().dropna()
            return str(means.idxmax() if higher_is_better(measure) else means.idxmin()), measure
    return None


def luck_of_best(trials: pd.DataFrame, measure: str) -> float:
    """Return by how much the best cell would lead the mean of all if they were equal: luck alone.

    That is the expected maximum of k standard normals times the standard error of a cell's mean, pooled over
    cells; nan for a single cell or single seeds.
    """
    groups = trials.groupby("cell")[measure]
    counts, variances = groups.count(), groups.var(ddof=1)
    variances = variances[counts > 1]
    if len(counts) < 2 or variances.empty:
        return math.nan
    error = math.sqrt(float((variances / counts[variances.index]).mean()))
    return error * expected_maximum(len(counts))


def expected_maximum(count: int) -> float:
    """Return the expected largest of `count` independent standard normals."""
    return float(stats.order_statistic(stats.Normal(), r=count, n=count).mean())


POWER = 0.8
MOST_SEEDS = 100_000  # if more would be needed, no number is given
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
        """Return the probability of a verdict after `more` seeds, if differences and spread are as estimated.

        For a difference it comes from the noncentral t distribution; for equivalence from the normal
        distribution of the difference, averaged over that of its estimated error. The two are exclusive.
        Source: Cohen (1988); Phillips (1990), "Power of the two one-sided tests procedure".
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
    """Return the seeds that each cell needs beyond its own for a verdict with a probability of `POWER`.

    At least one; None if not even `MOST_SEEDS` would do.
    """
    count = len(estimates.differences)
    if not count:
        return []
    low, high = np.zeros(count), np.full(count, float(MOST_SEEDS))
    reachable = estimates.power(high, margin) >= POWER
    # Bisect all comparisons at once: `low` more seeds are never enough, `high` are.
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = estimates.power(middle, margin) >= POWER
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return [int(seeds) if enough else None for seeds, enough in zip(high, reachable, strict=True)]


def smallest_difference(
    standard_error: float, degrees_of_freedom: float, level: float, *, power: float = POWER
) -> float:
    """Return the smallest true difference that a comparison would have found with this power.

    At this difference, Student's two-sided test with error 1 - `level` rejects zero with probability `power`,
    by the noncentral t distribution (Cohen, 1988). What the seeds measured does not enter, only how precisely
    they measured it.

    Parameters
    ----------
    standard_error, degrees_of_freedom
        Those of the comparison, as in `Contrast`.
    level
        1 less the error of its test. In a family of m tests, 1 - (1 - level) / m is on the safe side.
    power
        The probability of finding the difference, above 1 - `level` and below 1.

    Returns
    -------
    A positive difference in the unit of the standard error, or nan if the standard error is nan.
    """
    if math.isnan(standard_error):
        return math.nan
    freedom = np.array([degrees_of_freedom])
    critical = stats.t.isf((1 - level) / 2, freedom)

    def excess(shift: float) -> float:
        shifts = np.array([shift])
        above, below = (_noncentral_sf(critical, freedom, sign * shifts) for sign in (1, -1))
        return float(above[0] + below[0]) - power

    # Far enough: half of the error 1 - power may come from a large estimated spread, half from the mean.
    rest = (1 - power) / 2
    wide = math.sqrt(stats.chi2.isf(rest, degrees_of_freedom) / degrees_of_freedom)
    most = float(critical[0]) * wide + float(stats.norm.isf(rest))
    return float(optimize.brentq(excess, 0, most)) * standard_error


def _inside(
    distances: Numbers, errors: Numbers, freedom: Numbers, critical: tuple[Numbers, Numbers], margin: float
) -> Numbers:
    """Return the probability of "equivalent": the interval is within the margin, and no difference is found.

    `critical` are Student's quantiles of the tests of difference and of equivalence, (comparisons,) each.
    The width of the interval depends on a standard error that is yet to be estimated, so the probability is
    averaged over quantiles of its distribution.
    """
    levels = (np.arange(GRID) + 0.5) / GRID
    estimated = errors[:, None] * np.sqrt(stats.chi2.ppf(levels, freedom[:, None]) / freedom[:, None])
    different, equivalent = (quantile[:, None] * estimated for quantile in critical)
    room = np.clip(np.minimum(margin - equivalent, different), 0, None)
    high, low = ((sign * room - distances[:, None]) / errors[:, None] for sign in (1, -1))
    within: Numbers = (stats.norm.cdf(high) - stats.norm.cdf(low)).mean(axis=1)
    return within


def _noncentral_sf(critical: Numbers, freedom: Numbers, shift: Numbers) -> Numbers:
    """Return P(T > critical) of the noncentral t distribution; 0 or 1 far out, as SciPy fails there."""
    far = np.abs(shift - critical) > 30
    near = stats.nct.sf(critical, freedom, np.where(far, 0.0, shift))
    result: Numbers = np.where(far, (shift > critical).astype(float), near)
    return result
