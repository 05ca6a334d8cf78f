"""The terms by which differences are judged: metric, margin, level, pairing."""

import math
from dataclasses import dataclass
from typing import Literal

from sweep.errors import TrialsError

Pairing = Literal["auto"] | bool


@dataclass(frozen=True)
class Terms:
    """How differences are judged: fixed before any is looked at.

    `margin`: a difference below it does not matter, in the unit of the metric. `level`: of intervals, and 1 -
    the error of verdicts.
    """

    metric: str = "test_accuracy"
    margin: float = 0.002
    level: float = 0.95
    paired: Pairing = "auto"

    def __post_init__(self) -> None:
        if not (_is_number(self.level) and 0.5 <= self.level < 1):
            raise TrialsError(f"level={self.level}: must be a number, at least 0.5, below 1")
        if not (_is_number(self.margin) and 0 <= self.margin < math.inf):
            raise TrialsError(f"margin={self.margin}: must be a number, at least 0")
        if self.paired not in ("auto", True, False):
            raise TrialsError(f"paired={self.paired}: must be 'auto', True or False")

    @property
    def pairing(self) -> bool | None:
        """Whether cells are paired; None lets `contrast` decide it from the seeds that they have."""
        return None if self.paired == "auto" else bool(self.paired)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
