"""What is said of a difference."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Verdict(StrEnum):
    """`better` and `worse` are about zero, whatever the margin; `equivalent` is about the margin."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


def judge(
    gains: NDArray[np.float64], p: NDArray[np.float64], p_equivalent: NDArray[np.float64], level: float
) -> list[Verdict]:
    """A verdict for each difference, (comparisons,); `gains` are positive where it is an improvement.

    Both kinds of p value are corrected for the family. A difference is equivalent to none where the interval
    of the same `level` would lie inside the margin: each of the two one-sided tests has half the error.
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
