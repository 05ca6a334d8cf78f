"""Mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sweep.analysis.mixture import check_means
from sweep.training.result import Status

METRICS = (
    "test_accuracy",
    "validation_accuracy",
    "train_accuracy",
    "test_loss",
    "validation_loss",
    "train_loss",
)


def drop_diverged(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of trials that did not diverge."""
    return rows[rows["status"] != Status.DIVERGED.value]


def summarise(trials: pd.DataFrame, by: Sequence[str] = ("cell",)) -> pd.DataFrame:
    """One row a group of trials (see `sweep.load`), in the order of their first appearance.

    `n` trials of a group did not diverge. Of these, each metric has its mean and its standard deviation over
    seeds (ddof 1; missing for a single seed). `diverged` counts the other trials, and `dead` those of the
    `n` whose network gives one output for all inputs. Epochs and seconds are means over the `n`; seconds are
    those of one trial on one core, training and evaluation together. `engine` names the engines that ran
    the trials, each once. Raises TrialsError if a group has trials of different data or numerics versions.
    """
    check_means(trials, by)
    groups = drop_diverged(trials).groupby(list(by), sort=False, dropna=False)
    columns: dict[str, pd.Series[Any]] = {"n": groups.size()}
    for metric in METRICS:
        columns[f"{metric}_mean"] = groups[metric].mean()
        columns[f"{metric}_std"] = groups[metric].std(ddof=1)
    columns["epochs_run"] = groups["epochs_run"].mean()
    columns["kept_epoch"] = groups["kept_epoch"].mean()
    columns["seconds"] = groups["train_seconds"].mean() + groups["evaluation_seconds"].mean()
    everything = trials.groupby(list(by), sort=False, dropna=False)
    summary = pd.DataFrame(columns).reindex(everything.size().index)
    summary["n"] = summary["n"].fillna(0).astype(int)
    summary.insert(1, "diverged", everything.size() - summary["n"])
    dead = trials.assign(dead=trials["status"] == Status.DEAD.value)
    summary.insert(2, "dead", dead.groupby(list(by), sort=False, dropna=False)["dead"].sum())
    summary["engine"] = everything["engine"].agg(engines)
    return summary.reset_index()


def engines(names: pd.Series[Any]) -> str:
    """The engines of some trials, each once; "unknown" where it is missing, as in records of schema 1."""
    return ", ".join(sorted(set(names.fillna("unknown"))))
