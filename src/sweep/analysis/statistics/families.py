"""Corrections for several tests at once."""

import numpy as np
from numpy.typing import NDArray


def holm(p: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """p values, (tests,), corrected by Holm's step-down procedure for `total` tests; nan stays nan.

    Tests of the family that are not among `p` count as if each had p = 1, which never makes another's
    smaller. Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    # Imported here because it takes half a second, which a sweep of one cell saves.
    from statsmodels.stats.multitest import multipletests

    known = ~np.isnan(p)
    adjusted = np.full(len(p), np.nan)
    if known.any():
        family = np.ones(max(total, int(known.sum())))
        family[: known.sum()] = p[known]
        adjusted[known] = multipletests(family, method="holm")[1][: known.sum()]
    return adjusted
