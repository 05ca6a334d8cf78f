"""The verdict on a difference."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Verdict(StrEnum):
    """`better` and `worse`: the difference is not zero, however small; `equivalent`: within the margin."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    UNDECIDED = "undecided"


def judge(
    gains: NDArray[np.float64], p: NDArray[np.float64], p_equivalent: NDArray[np.float64], level: float
) -> list[Verdict]:
    """A verdict for each difference, (comparisons,); `gains` are positive where it is an improvement.

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
