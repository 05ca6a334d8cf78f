"""A contrast: a weighted sum of cells' means over seeds, such as a difference, and its standard error.

The mean of a single cell has its interval here as well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]  # of one measure, (seeds, cells); nan where a trial is missing

FEWEST_PAIRED = 3  # seeds; with fewer, no simulation supports any verdict
FEWEST_UNPAIRED = 10  # seeds of each cell; with fewer, Welch's test errs in less than 4 or more than 6 %
SHARED = 0.75  # cells are paired when they have this fraction of the largest cell's seeds in common


class Method(StrEnum):
    """The way in which the error of a contrast was computed; the text is what tables show."""

    PAIRED = "paired t"
    WELCH = "Welch's t"
    NO_SPREAD = "no spread between seeds"
    TOO_FEW = "too few seeds to say"


@dataclass(frozen=True)
class Contrast:
    """A contrast of cells: its estimate, its standard error, and Student's degrees of freedom.

    `counts` are the seeds of each cell that it uses. If the seeds give no usable error, `standard_error` and
    `degrees_of_freedom` are nan, and so are p and the interval.
    """

    estimate: float
    standard_error: float
    degrees_of_freedom: float
    counts: tuple[int, ...]
    paired: bool
    method: Method


@dataclass(frozen=True)
class Errors:
    """Student's tests and intervals of several contrasts at once, (contrasts,) each."""

    estimates: Values
    standard_errors: Values
    degrees_of_freedom: Values

    @staticmethod
    def of(contrasts: Sequence[Contrast]) -> "Errors":
        """Return the errors of these contrasts; nan for one without a usable error."""
        rows = [(one.estimate, one.standard_error, one.degrees_of_freedom) for one in contrasts]
        return Errors(*np.array(rows, float).reshape(-1, 3).T)

    @property
    def p(self) -> Values:
        """Return the two-sided p values of no difference."""
        values: Values = 2 * stats.t.sf(
            np.abs(self.estimates) / self.standard_errors, self.degrees_of_freedom
        )
        return values

    def p_equivalent(self, margin: float) -> Values:
        """Return the p values of a difference of `margin` or more: two one-sided tests (Schuirmann, 1987)."""
        # The larger p value of the two tests is that of the bound that lies nearer to the estimate.
        distances = (margin - np.abs(self.estimates)) / self.standard_errors
        values: Values = stats.t.sf(distances, self.degrees_of_freedom)
        return values

    def intervals(self, level: float) -> tuple[Values, Values]:
        """Return Student's confidence intervals, low and high."""
        half = self.standard_errors * stats.t.isf((1 - level) / 2, self.degrees_of_freedom)
        return self.estimates - half, self.estimates + half


def contrast(values: Values, weights: Values, *, paired: bool | None = None) -> Contrast:
    """Return the weighted sum of the cells' means, for (seeds, cells) `values` and (cells,) `weights`.

    Rows of `values` are seed indices: a row has what the same random streams gave in each cell. Paired, the
    weighted sum of each row is one observation of Student's t test, whatever the correlation and variances
    of the cells. Unpaired, each cell has its own variance, with the degrees of freedom of Welch (1947) and
    Satterthwaite (1946). If `paired` is None, `shares_seeds` decides from which trials exist, not from their
    values.
    """
    present = ~np.isnan(values)
    if shares_seeds(present) if paired is None else paired:
        return _paired(values[present.all(axis=1)] @ weights, len(weights))
    counts = present.sum(axis=0)
    if counts.min() < 1:
        return _without_error(math.nan, counts, Method.TOO_FEW, paired=False)
    estimate = float(np.nanmean(values, axis=0) @ weights)
    if counts.min() < FEWEST_UNPAIRED:
        return _without_error(estimate, counts, Method.TOO_FEW, paired=False)
    parts = weights**2 * np.nanvar(values, axis=0, ddof=1) / counts
    if _vanishes(math.sqrt(parts.sum()), values[present]):
        return _without_error(estimate, counts, Method.NO_SPREAD, paired=False)
    freedom = parts.sum() ** 2 / (parts**2 / (counts - 1)).sum()
    return Contrast(
        estimate, math.sqrt(parts.sum()), float(freedom), tuple(map(int, counts)), False, Method.WELCH
    )


def shares_seeds(present: NDArray[np.bool_]) -> bool:
    """Return True if cells are to be paired: if nearly all their trials, (seeds, cells), share their seeds.

    Also if a cell has too few seeds for an unpaired test, but enough common ones for a paired one.
    """
    common, counts = present.all(axis=1).sum(), present.sum(axis=0)
    lacking = counts.min() < FEWEST_UNPAIRED and common >= FEWEST_PAIRED
    return bool(lacking or common >= SHARED * counts.max())


def _paired(observations: Values, cells: int) -> Contrast:
    """Return the contrast of `cells` whose weighted sums, one a seed, are these `observations`."""
    count = len(observations)
    counts = np.full(cells, count)
    if count < FEWEST_PAIRED:
        mean = float(observations.mean()) if count else math.nan
        return _without_error(mean, counts, Method.TOO_FEW, paired=True)
    error = float(observations.std(ddof=1)) / math.sqrt(count)
    if _vanishes(error, observations):
        return _without_error(float(observations.mean()), counts, Method.NO_SPREAD, paired=True)
    return Contrast(float(observations.mean()), error, count - 1.0, (count,) * cells, True, Method.PAIRED)


def _vanishes(error: float, observations: Values) -> bool:
    """Return True if an error is only rounding: a mean of equal numbers can differ in its last digit."""
    return bool(error <= 1e-12 * np.abs(observations).max())


def _without_error(estimate: float, counts: NDArray[np.int64], method: Method, *, paired: bool) -> Contrast:
    return Contrast(estimate, math.nan, math.nan, tuple(map(int, counts)), paired, method)


def mean_intervals(trials: pd.DataFrame, metric: str, level: float) -> pd.DataFrame:
    """Return one row a cell, its index: `low` and `high` of Student's interval about the mean over seeds.

    They are missing with fewer than three seeds, or if the seeds do not differ at all.
    """
    groups = trials.groupby("cell", sort=False)[metric]
    counts, means = groups.count(), groups.mean()
    errors: pd.Series[float] = groups.std(ddof=1) / np.sqrt(counts)
    # A single seed has no degrees of freedom; its limits are removed below.
    half = errors * stats.t.isf((1 - level) / 2, (counts - 1).clip(lower=1))
    half = half.where((counts >= FEWEST_PAIRED) & (errors > 0))
    return pd.DataFrame({"low": means - half, "high": means + half})
