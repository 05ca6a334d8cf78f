"""Trials that were not computed alike: no table or mean of them stands without a sentence that says so."""

from collections.abc import Sequence

import pandas as pd

from sweep.errors import TrialsError

# What no mean may run over, and no two cells that are compared may differ in without being asked for.
NEVER_MIXED = {"data.digest": "data", "numerics": "numerics versions"}
# What can differ among the trials of a cell; all else that changes a result makes another cell.
COMPUTED_BY = ["engine", "engine_version", "engine_numerics"]


def mixture(trials: pd.DataFrame) -> str | None:
    """A sentence if trials come from several engines, whose last digits differ; None for a single engine.

    Versions of an engine, and of its numerics, count as several engines.
    """
    if not set(COMPUTED_BY) <= set(trials):
        return None
    kinds = trials.groupby(COMPUTED_BY, dropna=False, sort=False).size()
    if len(kinds) < 2:
        return None
    names = [
        "an unknown engine (records of schema 1)"
        if engine != engine
        else f"{engine} ({version}, numerics {numerics:.0f})"
        for engine, version, numerics in kinds.index
    ]
    parts = "; ".join(f"{count} by {name}" for name, count in zip(names, kinds, strict=True))
    return f"trials of different engines stand in this table: {parts}"


def mixture_in_means(trials: pd.DataFrame) -> str | None:
    """The sentence of `mixture` for those cells whose own trials come from several engines."""
    kinds = trials[["cell", *COMPUTED_BY]].drop_duplicates()
    mixed = kinds.loc[kinds["cell"].duplicated(), "cell"]
    return mixture(trials[trials["cell"].isin(mixed)])


def check_means(trials: pd.DataFrame, by: Sequence[str]) -> None:
    """Raise TrialsError if a mean over each group of trials would mix what must not be mixed."""
    for column, noun in NEVER_MIXED.items():
        if column in trials:
            values = trials.groupby(list(by), sort=False, dropna=False)[column].nunique(dropna=False)
            if (values > 1).any():
                raise TrialsError(
                    f"{', '.join(by)}={values.idxmax()}: trials of different {noun} in one mean"
                )
