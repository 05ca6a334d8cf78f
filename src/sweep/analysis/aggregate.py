"""Mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sweep.training.result import Status

METRICS = (
    "test_accuracy",
    "validation_accuracy",
    "train_accuracy",
    "test_loss",
    "validation_loss",
    "train_loss",
)


def sound(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of trials that did not diverge."""
    return rows[rows["status"] != Status.DIVERGED.value]


def summarise(trials: pd.DataFrame, by: Sequence[str] = ("cell",)) -> pd.DataFrame:
    """One row a group of trials (see `records.load`), in the order of their first appearance.

    For each metric its mean and standard deviation over seeds (ddof 1; missing for a single seed), over
    the `n` trials that did not diverge; `diverged` counts the others. Epochs and seconds are means;
    seconds are one trial's on one core, training and evaluation together.
    """
    groups = sound(trials).groupby(list(by), sort=False, dropna=False)
    columns: dict[str, pd.Series[Any]] = {"n": groups.size()}
    for metric in METRICS:
        columns[f"{metric}_mean"] = groups[metric].mean()
        columns[f"{metric}_std"] = groups[metric].std(ddof=1)
    columns["epochs"] = groups["epochs"].mean()
    columns["kept_epoch"] = groups["kept_epoch"].mean()
    columns["seconds"] = groups["train_seconds"].mean() + groups["evaluation_seconds"].mean()
    total = trials.groupby(list(by), sort=False, dropna=False).size()
    summary = pd.DataFrame(columns).reindex(total.index)
    summary["n"] = summary["n"].fillna(0).astype(int)
    summary.insert(1, "diverged", total - summary["n"])
    return summary.reset_index()
