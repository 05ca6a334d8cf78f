"""Corrections for several tests at once."""

import numpy as np
from numpy.typing import NDArray


def holm(p: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """p values, (tests,), corrected by Holm's step-down procedure for `total` tests; nan stays nan.

    Tests of the family that are not among `p` count as if each had p = 1, which never makes another's
    smaller. Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known])]
    tests = max(total, len(order)) - np.arange(len(order))  # those not rejected before it
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * tests), 1)
    return adjusted
