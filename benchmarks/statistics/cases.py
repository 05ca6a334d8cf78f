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
    """One row of the table: a simulation, its number of repetitions, and its result.

    `percent` is a share of `simulations` in percent, or what `measure` says; `low` and `high` are the
    limits that it must keep, nan if there are none. `plan` is what the package itself expects.
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
        """Return the simulation's own standard error of `percent`; nan if that is not a share."""
        if "%" not in self.measure or self.simulations == 0:
            return math.nan
        share = self.percent / 100
        return 100 * math.sqrt(share * (1 - share) / self.simulations)

    @property
    def holds(self) -> str:
        """Return "yes" if the limits are kept; a bound on one side has two standard errors for noise."""
        if math.isnan(self.percent):
            return "not offered"
        if math.isnan(self.high):
            return ""
        noise = 2 * math.sqrt(self.high * (100 - self.high) / self.simulations) if self.low == 0 else 0.0
        return "yes" if self.low <= self.percent <= self.high + noise else "no"


def rate(
    part: str,
    method: str,
    seeds: str,
    *,
    n: int | str,
    measure: str,
    outcomes: Iterable[bool],
    limits: tuple[float, float] = (math.nan, math.nan),
) -> Case:
    """Return the row of the share of `outcomes` that are true, with its limits in percent."""
    values = np.fromiter(outcomes, bool)
    percent = 100 * float(values.mean()) if len(values) else math.nan
    return Case(part, method, seeds, str(n), measure, len(values), percent, *limits)


def generator(*labels: object) -> np.random.Generator:
    """Return the random numbers of one row, the same whatever else is simulated."""
    return np.random.default_rng(zlib.crc32(repr(labels).encode()))


def normal(rng: np.random.Generator, shape: tuple[int, ...], correlation: float = 0.0) -> Values:
    """Draw standard normal seeds, (..., cells), with this correlation between cells."""
    common = rng.standard_normal((*shape[:-1], 1))
    return math.sqrt(correlation) * common + math.sqrt(1 - correlation) * rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...], correlation: float = 0.0) -> Values:
    """Draw the same with a skewness of -1.33: a few seeds do much worse."""
    # A sum of gammas of one scale is a gamma; the common part gives the correlation.
    common = rng.gamma(SKEW_SHAPE * correlation, size=(*shape[:-1], 1)) if correlation else 0.0
    separate = rng.gamma(SKEW_SHAPE * (1 - correlation), size=shape) if correlation < 1 else np.zeros(shape)
    return np.asarray((SKEW_SHAPE - common - separate) / math.sqrt(SKEW_SHAPE))


Draw = Callable[[np.random.Generator, tuple[int, ...], float], Values]
DRAWS: dict[str, Draw] = {"normal": normal, "skewed": skewed}
