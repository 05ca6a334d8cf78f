"""Rows of a table of trials: selected by their settings, grouped by axes, averaged over seeds.

A table has one row a trial, as `sweep.load` returns it. `matching` and `named_cell` select rows by settings;
`factors` and `axes_of` find the settings that vary; `mixture` and `check_means` watch over trials that were
not computed alike; `summarise` averages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from sweep.config.columns import columns_of, same_value
from sweep.config.unused import needs
from sweep.core.errors import SettingError, TrialsError, nearest
from sweep.runner.plan import Plan
from sweep.training.result import Status


def matching(trials: pd.DataFrame, where: Mapping[str, Sequence[Any]], noun: str = "trial") -> pd.DataFrame:
    """Return the rows whose setting is among the values listed for it, for every setting of `where`.

    `noun` is the word for a row in messages. Raises TrialsError if there is no such column, or no row
    matches.
    """
    for key, values in where.items():
        if key not in trials:
            raise TrialsError(f"{key}: no such setting of the {noun}s{nearest(key, map(str, trials))}")
        # Compare each distinct value once: `same_value` is slow for the rows of a large store.
        matches = {value: any(same_value(value, one) for one in values) for value in trials[key].unique()}
        rows = trials[trials[key].map(matches).astype(bool)]
        if rows.empty and len(trials):
            present = ", ".join(map(str, ordered(trials[key])))
            asked = ",".join(map(str, values))
            raise TrialsError(f"{key}={asked}: no {noun} has it; must be among {_shortened(present)}")
        trials = rows
    return trials


def named_cell(rows: pd.DataFrame, baseline: str | Mapping[str, Any], noun: str = "trial") -> str:
    """Return the id of the cell that a baseline names: by that id, or by settings that only one cell has.

    `rows` are trials or cells, with a column `cell` and one for each setting. Raises TrialsError if no cell
    has these settings, or several have.
    """
    where = baseline if isinstance(baseline, Mapping) else {"cell": baseline}
    cells = matching(rows, {str(key): [value] for key, value in where.items()}, noun)["cell"].unique()
    if len(cells) > 1:
        raise TrialsError(f"baseline={dict(where)}: {len(cells)} cells have these settings; must be one")
    return str(cells[0])


def varying(trials: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return those of the `columns` that have more than one value."""
    return [name for name in columns if name in trials and len(set(map(str, trials[name]))) > 1]


def ordered(values: Iterable[Any]) -> list[Any]:
    """Return each of some values of a setting once: numbers by size, then texts, then missing values."""
    unique = {str(value): value for value in values}.values()
    missing = [value for value in unique if value is None or value != value]
    present = [value for value in unique if not (value is None or value != value)]
    return sorted(present, key=lambda value: (isinstance(value, str), value)) + missing


def _shortened(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[:most].rsplit(",", 1)[0] + ", ..."


def baseline_of(plan: Plan) -> str | None:
    """Return the id of the cell that `compare.baseline` names; None if it names none.

    Raises SettingError unless it is exactly one of the plan's cells.
    """
    baseline = plan.cells[0].config.compare.baseline
    if baseline is None:
        return None
    rows = [{"cell": name, **columns_of(cells[0].settings())} for name, cells in plan.by_id.items()]
    try:
        return named_cell(pd.DataFrame(rows, dtype=object), baseline, noun="cell")
    except TrialsError as error:
        text = str(error)
        named = text if text.startswith("baseline=") else f"baseline: {text}"
        raise SettingError(f"compare.{named}") from error


Factor = tuple[str, ...]  # settings that vary together


def factors(cells: pd.DataFrame, axes: Sequence[str]) -> list[Factor]:
    """Return the swept settings; those that vary together, such as the two of a `zip`, are one factor.

    `cells` has a row for each cell. A setting with a single value among these cells is not a factor.
    """
    values = {axis: list(map(str, cells[axis])) for axis in axes}
    independent: list[Factor] = []
    for axis in axes:
        if len(set(values[axis])) < 2:
            continue
        together = [factor for factor in independent if one_to_one(values[factor[0]], values[axis])]
        if together:
            independent[independent.index(together[0])] = (*together[0], axis)
        else:
            independent.append((axis,))
    return independent


def one_to_one(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return True if two settings vary together: each value of one goes with one value of the other."""
    return len(set(zip(first, second, strict=True))) == len(set(first)) == len(set(second))


# Columns in which cells may differ that are not settings.
_HIDDEN = ("data.digest", "numerics")


def axes_of(rows: pd.DataFrame, settings: Sequence[str]) -> list[str]:
    """Return those of the `settings` in which rows differ, except those that only follow another of them."""
    names = varying(rows, [name for name in settings if name not in _HIDDEN])
    texts = {name: list(map(str, rows[name])) for name in names}
    return [name for name in names if not any(_comes_with(name, other, texts) for other in names)]


def by_axes(rows: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """Return the rows in the order of their settings."""
    return rows.sort_values(list(axes), key=_ranks) if axes else rows


def _comes_with(name: str, other: str, texts: Mapping[str, list[str]]) -> bool:
    """Return True if a setting only has an effect with another one, and their values go one to one."""
    needed = {need.key.removesuffix(".name") for need in needs().get(name, ())}
    return other in needed and one_to_one(texts[name], texts[other])


def _ranks(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the rank of each value of a setting, to sort by."""
    ranks = {str(value): rank for rank, value in enumerate(ordered(column))}
    return column.map(lambda value: ranks[str(value)])


# Columns that no mean may mix, and in which compared cells may differ only if the user asks for it.
NEVER_MIXED = {"data.digest": "data", "numerics": "numerics versions"}
# Columns that may differ among the trials of a cell; all else that changes a result makes another cell.
COMPUTED_BY = ["engine", "engine_version", "engine_numerics"]


def mixture(trials: pd.DataFrame) -> str | None:
    """Return a sentence if trials come from engines whose last decimals differ; None for a single engine.

    Versions of an engine, and of its numerics, count as several engines.
    """
    if not set(COMPUTED_BY) <= set(trials):
        return None
    kinds = trials.groupby(COMPUTED_BY, dropna=False, sort=False).size()
    if len(kinds) < 2:
        return None
    # A missing engine is nan, which differs from itself.
    names = [
        "an unknown engine (records of schema 1)"
        if engine != engine
        else f"{engine} ({version}, numerics {numerics:.0f})"
        for engine, version, numerics in kinds.index
    ]
    parts = "; ".join(f"{count} by {name}" for name, count in zip(names, kinds, strict=True))
    return f"trials of different engines stand in this table: {parts}"


def mixture_in_means(trials: pd.DataFrame) -> str | None:
    """Return the sentence of `mixture` for those cells whose own trials come from several engines."""
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


METRICS = (
    "test_accuracy",
    "validation_accuracy",
    "train_accuracy",
    "test_loss",
    "validation_loss",
    "train_loss",
)


def drop_diverged(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of trials that did not diverge."""
    return rows[rows["status"] != Status.DIVERGED.value]


def summarise(trials: pd.DataFrame, by: Sequence[str] = ("cell",)) -> pd.DataFrame:
    """Return one row a group of trials (see `sweep.load`), in the order of their first appearance.

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
    """Return the engines of some trials, each once; "unknown" if missing, as in records of schema 1."""
    return ", ".join(sorted(set(names.fillna("unknown"))))
