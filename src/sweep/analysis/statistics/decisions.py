"""Comparisons of a sweep with `decide`: the decision after each look, and the table of all decisions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweep.analysis.statistics.contrast import Contrast, Method, Values, contrast
from sweep.analysis.statistics.planning import Estimates, more_seeds
from sweep.analysis.statistics.selection import higher_is_better
from sweep.analysis.statistics.sequential import Looks
from sweep.analysis.statistics.terms import Terms
from sweep.analysis.statistics.verdict import Verdict

DIFFERENCE = np.array([1.0, -1.0])  # weights of a cell and its baseline


@dataclass(frozen=True)
class Decision:
    """The difference of a cell from its baseline at the look after `seeds` seeds, and its verdict.

    `half_width` is half the interval at this look, corrected for all looks and comparisons; `p` is not
    corrected. Both are nan where the difference has no error.
    """

    difference: Contrast
    half_width: float
    p: float
    verdict: Verdict
    seeds: int

    @property
    def decided(self) -> bool:
        """Whether there is a verdict."""
        return self.verdict is not Verdict.UNDECIDED

    @property
    def known(self) -> bool:
        """Whether the difference has an error: at least three pairs, which are not all the same."""
        return self.difference.method is Method.PAIRED


def decide(values: Values, looks: Looks, terms: Terms) -> Decision:
    """The decision on `values`, (seeds, 2), of a cell and its baseline; nan where a trial diverged.

    Better or worse where the interval excludes zero, else equivalent where it lies within the margin.
    """
    difference = contrast(values, DIFFERENCE, paired=True)
    estimate, error, count = difference.estimate, difference.standard_error, difference.counts[0]
    if difference.method is not Method.PAIRED:
        return Decision(difference, np.nan, np.nan, Verdict.UNDECIDED, len(values))
    half = looks.half_width(error, count)
    verdict = Verdict.UNDECIDED
    if abs(estimate) > half:
        verdict = Verdict.BETTER if (estimate > 0) == higher_is_better(terms.metric) else Verdict.WORSE
    elif abs(estimate) + half <= terms.margin:
        verdict = Verdict.EQUIVALENT
    return Decision(difference, half, looks.p(estimate, error, count), verdict, len(values))


def tabulate(decisions: Mapping[str, Decision], baseline: str, looks: Looks, terms: Terms) -> pd.DataFrame:
    """Decisions by cell, one row each, in the columns of `sweep.compare`, with two more.

    `seeds` is the number of seeds at the last look at a comparison; `decided_after` is the same number where
    that look decided it.
    """
    found = list(decisions.values())
    differences = [each.difference for each in found]
    estimates, halves, p = (
        np.array(numbers, float)
        for numbers in (
            [each.estimate for each in differences],
            [each.half_width for each in found],
            [each.p for each in found],
        )
    )
    return pd.DataFrame(
        {
            "cell": list(decisions),
            "baseline": baseline,
            "difference": estimates,
            "low": estimates - halves,
            "high": estimates + halves,
            "standard_error": [each.standard_error for each in differences],
            "n": [each.counts[0] for each in differences],
            "n_baseline": [each.counts[1] for each in differences],
            "paired": True,
            "method": [each.method.value for each in differences],
            "p": p,
            "p_adjusted": np.minimum(p * looks.shares, 1),
            "verdict": [each.verdict.value for each in found],
            "more_seeds": pd.Series([more(each, looks, terms) for each in found], dtype="Int64"),
            "seeds": [each.seeds for each in found],
            "decided_after": pd.Series(
                [each.seeds if each.decided else None for each in found], dtype="Int64"
            ),
        }
    )


def more(decision: Decision, looks: Looks, terms: Terms) -> int | None:
    """The seeds that an undecided comparison needs beyond those it has; None where nothing can be said."""
    if decision.decided:
        return 0
    if not decision.known:
        return None
    difference = decision.difference
    estimates = Estimates(
        np.array([difference.estimate]),
        np.array([difference.standard_error]),
        np.array([difference.degrees_of_freedom]),
        np.array([float(difference.counts[0])]),
        *(np.array([looks.error]),) * 2,
    )
    return more_seeds(estimates, terms.margin)[0]
