"""The best cell, chosen on validation, and how much of its lead is the luck of being chosen."""

import math

import pandas as pd
from scipy import stats

# A cell is chosen by the first of these that was evaluated; never by a test result.
CHOSEN_BY = ("validation_accuracy", "validation_loss")


def higher_is_better(metric: str) -> bool:
    """Whether more of a measure is an improvement: of accuracies, and of nothing else that is measured."""
    return metric.endswith("accuracy")


def best(trials: pd.DataFrame, metric: str = "test_accuracy") -> tuple[str, str] | None:
    """The cell with the best mean on validation, and the measure; None where nothing was validated.

    `trials` are those of `sweep.load` without diverged ones. For a loss it is the validation loss, for
    everything else the validation accuracy.
    """
    order = CHOSEN_BY if not metric.endswith("loss") else CHOSEN_BY[::-1]
    for measure in order:
        if measure in trials and trials[measure].notna().any():
            means = trials.groupby("cell", sort=False)[measure].mean().dropna()
            return str(means.idxmax() if higher_is_better(measure) else means.idxmin()), measure
    return None


def luck_of_best(trials: pd.DataFrame, measure: str) -> float:
    """By how much the best of so many cells would lead their mean if all were equal: luck alone.

    The expected maximum of k standard normals times the standard error of a cell's mean, pooled over cells;
    nan for a single cell or single seeds.
    """
    groups = trials.groupby("cell")[measure]
    counts, variances = groups.count(), groups.var(ddof=1)
    variances = variances[counts > 1]
    if len(counts) < 2 or variances.empty:
        return math.nan
    error = math.sqrt(float((variances / counts[variances.index]).mean()))
    return error * expected_maximum(len(counts))


def expected_maximum(count: int) -> float:
    """The expected largest of `count` independent standard normals."""
    return float(stats.order_statistic(stats.Normal(), r=count, n=count).mean())
