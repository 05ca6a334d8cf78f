"""The mean of each cell with its confidence interval over seeds."""

import numpy as np
import pandas as pd
from scipy import stats

from sweep.analysis.statistics.contrast import FEWEST_PAIRED


def mean_intervals(trials: pd.DataFrame, metric: str, level: float) -> pd.DataFrame:
    """One row a cell, its index: `low` and `high` of Student's interval about the mean over seeds.

    Missing with fewer than three seeds, or where they do not differ at all.
    """
    groups = trials.groupby("cell", sort=False)[metric]
    counts, means = groups.count(), groups.mean()
    errors: pd.Series[float] = groups.std(ddof=1) / np.sqrt(counts)
    half = errors * stats.t.isf((1 - level) / 2, (counts - 1).clip(lower=1))
    half = half.where((counts >= FEWEST_PAIRED) & (errors > 0))
    return pd.DataFrame({"low": means - half, "high": means + half})
