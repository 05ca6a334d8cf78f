"""From contrasts to verdicts: a tidy table, corrected for the family of its tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sweep.analysis.statistics.contrast import Contrast, Errors, Method
from sweep.analysis.statistics.families import holm
from sweep.analysis.statistics.planning import Estimates, more_seeds
from sweep.analysis.statistics.selection import higher_is_better
from sweep.analysis.statistics.terms import Terms
from sweep.analysis.statistics.verdict import Verdict, judge


def verdict_table(
    found: Sequence[Contrast], terms: Terms, family: int, beside: Sequence[Contrast] = ()
) -> pd.DataFrame:
    """One row a contrast: difference, interval, p values, verdict; corrected for a `family` of tests.

    `beside` are contrasts that belong to the family but get no row. The columns are those of `sweep.compare`
    without the cells' names.
    """
    errors, rest = Errors.of(found), Errors.of(beside)
    low, high = errors.intervals(terms.level)
    p, equivalent = errors.p, errors.p_equivalent(terms.margin)
    every = holm(np.append(p, rest.p), family)
    equivalences = holm(np.append(equivalent, rest.p_equivalent(terms.margin)), family)
    adjusted, equivalence = every[: len(p)], equivalences[: len(p)]
    error = 1 - terms.level
    # Holm's procedure divides the level of its next test by the number of tests not yet rejected.
    still_open = family - int((every <= error).sum()), family - int((equivalences <= error / 2).sum())
    sign = 1 if higher_is_better(terms.metric) else -1
    verdicts = judge(sign * errors.estimates, adjusted, equivalence, terms.level)
    return pd.DataFrame(
        {
            "difference": errors.estimates,
            "low": low,
            "high": high,
            "standard_error": errors.standard_errors,
            "n": [one.counts[0] for one in found],
            "n_baseline": [one.counts[-1] for one in found],
            "paired": [one.paired for one in found],
            "method": [one.method.value for one in found],
            "p": p,
            "p_adjusted": adjusted,
            "verdict": [verdict.value for verdict in verdicts],
            "more_seeds": _more_seeds(found, verdicts, still_open, terms),
        }
    )


def _more_seeds(
    found: Sequence[Contrast], verdicts: Sequence[Verdict], still_open: tuple[int, int], terms: Terms
) -> "pd.Series[Any]":
    """Seeds that would decide what is undecided; 0 for what is decided, missing where nothing is known.

    `still_open` are the tests of a difference and of equivalence that are not rejected.
    """
    seeds = [None if verdict is Verdict.UNDECIDED else 0 for verdict in verdicts]
    known = [
        index
        for index, verdict in enumerate(verdicts)
        if verdict is Verdict.UNDECIDED and found[index].method in (Method.PAIRED, Method.WELCH)
    ]
    ones = np.ones(len(known))
    different, equivalent = ((1 - terms.level) / max(count, 1) * ones for count in still_open)
    estimates = Estimates(
        np.array([found[index].estimate for index in known]),
        np.array([found[index].standard_error for index in known]),
        np.array([found[index].degrees_of_freedom for index in known]),
        np.array([float(min(found[index].counts)) for index in known]),
        different,
        equivalent,
    )
    for index, count in zip(known, more_seeds(estimates, terms.margin), strict=True):
        seeds[index] = count
    return pd.Series(seeds, dtype="Int64")
