"""A row of the table, and the simulated seeds."""

import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
SKEW_SHAPE = 2.25  # of a negative gamma distribution: skewness -1.33, the strongest in our own records


@dataclass(frozen=True)
class Case:
    """One row: what was simulated, how often, and what came out.

    `percent` is a share of `simulations` in percent, or what `measure` says; `low` and `high` are the
    limits that it must keep, nan where there are none. `plan` is what the package itself expects.
    """

    part: str
    method: str
    seeds: str
    n: str
    measure: str
    simulations: int
    percent: float
    low: float = math.nan
    high: float = math.nan
    plan: float = math.nan

    @property
    def standard_error(self) -> float:
        """The simulation's own, of `percent`; nan where that is no share."""
        if "%" not in self.measure or self.simulations == 0:
            return math.nan
        share = self.percent / 100
        return 100 * math.sqrt(share * (1 - share) / self.simulations)

    @property
    def holds(self) -> str:
        """Whether the limits are kept; a bound on one side has two standard errors for noise."""
        if math.isnan(self.percent):
            return "not offered"
        if math.isnan(self.high):
            return ""
        noise = 2 * math.sqrt(self.high * (100 - self.high) / self.simulations) if self.low == 0 else 0.0
        return "yes" if self.low <= self.percent <= self.high + noise else "no"


def rate(
    part: str, method: str, seeds: str, n: int | str, measure: str, found: Iterable[bool], *limits: float
) -> Case:
    """The row of a share of simulations, `found`, with its limits in percent."""
    values = np.fromiter(found, bool)
    low, high = limits or (math.nan, math.nan)
    percent = 100 * float(values.mean()) if len(values) else math.nan
    return Case(part, method, seeds, str(n), measure, len(values), percent, low, high)


def generator(*labels: object) -> np.random.Generator:
    """The random numbers of one row: its own, whatever else is simulated."""
    return np.random.default_rng(zlib.crc32(repr(labels).encode()))


def normal(rng: np.random.Generator, shape: tuple[int, ...], correlation: float = 0.0) -> Values:
    """Standard normal seeds, (..., cells), with this correlation between cells."""
    common = rng.standard_normal((*shape[:-1], 1))
    return math.sqrt(correlation) * common + math.sqrt(1 - correlation) * rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...], correlation: float = 0.0) -> Values:
    """The same with a skewness of -1.33: a few seeds do much worse. A sum of gammas is a gamma."""
    common = rng.gamma(SKEW_SHAPE * correlation, size=(*shape[:-1], 1)) if correlation else 0.0
    own = rng.gamma(SKEW_SHAPE * (1 - correlation), size=shape) if correlation < 1 else np.zeros(shape)
    return np.asarray((SKEW_SHAPE - common - own) / math.sqrt(SKEW_SHAPE))


Draw = Callable[[np.random.Generator, tuple[int, ...], float], Values]
DRAWS: dict[str, Draw] = {"normal": normal, "skewed": skewed}
