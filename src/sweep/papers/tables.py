"""The tables of a paper's report: published beside reproduced numbers, or a general function of the records.

A general function is picked in paper.yaml by its name; it gets the paper's records, and the table's
`settings` as keyword arguments. A new kind of table is one function here and its entry in `TABLES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import pandas as pd

from sweep.core.errors import nearest
from sweep.core.formats import MISSING
from sweep.papers.collection import Collection, SelectionError, recorded_class_names
from sweep.papers.findings import Parts
from sweep.papers.specification import (
    UNITS,
    Count,
    DecimalPlaces,
    Experiment,
    Format,
    MeasurementName,
    PaperTable,
    TableRow,
    Unit,
    Where,
)
from sweep.report.page import Table, text_columns
from sweep.stats.trials import drop_diverged

HEADINGS = ("", "published", "ours", "n", "difference", "epochs")
CAPTION = "Mean ± standard deviation over n seeds."
DIFFERENCE = " Difference: ours minus published."


@dataclass(frozen=True)
class ReportTable:
    """A table of a report with the numbers behind it; findings may use its `parts`, by label of the line."""

    table: Table
    numbers: pd.DataFrame
    parts: Mapping[str, Parts]

    def csv(self) -> str:
        """Return the numbers as CSV."""
        return self.numbers.to_csv(index=False, float_format="%.6g", lineterminator="\n")


@dataclass(frozen=True)
class PublishedComparison:
    """A published number beside ours: mean and standard deviation (ddof 1) over `n` seeds, in `row.unit`."""

    row: TableRow
    published: float | None
    mean: float
    std: float
    n: int
    diverged: int
    epochs: float

    def texts(self) -> list[str]:
        """Return the line of a table, in the order of `HEADINGS`."""
        digits, unit = self.row.digits, UNITS[self.row.unit]
        label = f"{self.row.label} ({unit})" if unit else self.row.label
        published = ours = difference = MISSING
        if self.n:
            # Some numbers are the same for every seed: a spread of zero is left out.
            ours = f"{self.mean:.{digits}f}" + (f" ± {self.std:.{digits}f}" if self.std > 0 else "")
        if self.published is not None:
            published = f"{self.published:.{digits}f}"
            difference = f"{self.mean - self.published:+.{digits}f}" if self.n else MISSING
        count = str(self.n) + (f" ({self.diverged} diverged)" if self.diverged else "")
        return [label, published, ours, count, difference, f"{self.epochs:.3g}"]

    def parts(self) -> dict[str, str]:
        """Return the numbers that a finding may use: ours as in the table under "", and its parts by name."""
        digits, texts = self.row.digits, dict(zip(HEADINGS, self.texts(), strict=True))
        numbers = {"mean": self.mean, "std": self.std, "epochs": self.epochs}
        return {
            "": texts["ours"],
            **{name: f"{value:.{digits}f}" for name, value in numbers.items()},
            **{name: texts[name] for name in ("published", "difference")},
            "n": str(self.n),
        }


def compare_published(row: TableRow, collection: Collection) -> PublishedComparison:
    """Compute one row: ours from the stored trials, in the unit of the row."""
    trials = collection.trials(row.experiment, row.where)
    rows = trials
    if row.iteration is not None:
        curves = collection.curves(row.experiment, row.where)
        rows = curves[curves["iteration"] == row.iteration]
    counted = drop_diverged(rows)
    # Parts that were not evaluated have no value and do not count as seeds.
    values = _numbers(counted, row.column).dropna() * row.factor
    scale = 100 if row.unit == "percent" else 1
    return PublishedComparison(
        row=row,
        published=None if row.published is None else scale * row.published,
        mean=scale * float(values.mean()),
        std=scale * float(values.std(ddof=1)),
        n=len(values),
        diverged=len(rows) - len(counted),
        epochs=float(trials["epochs_run"].mean()),
    )


def _numbers(rows: pd.DataFrame, column: str) -> "pd.Series[float]":
    if column not in rows:
        raise SelectionError(f"column={column}: no such column{nearest(column, map(str, rows))}")
    if not pd.api.types.is_numeric_dtype(rows[column]) and not rows[column].isna().all():
        raise SelectionError(f"column={column}: must be a column of numbers")
    return rows[column].astype(float)


def make_table(table: PaperTable, collection: Collection) -> ReportTable:
    """Make a table from the stored trials and measurements."""
    if table.make is not None:
        return TABLES[table.make](collection, **table.settings)
    comparisons = [compare_published(row, collection) for row in table.rows]
    return _comparison_table(("",), [item.texts()[:1] for item in comparisons], comparisons)


def _comparison_table(
    headings: Sequence[str], labels: Sequence[list[str]], comparisons: Sequence[PublishedComparison]
) -> ReportTable:
    """Tabulate comparisons, each behind its labels; if nothing was published, without the columns for it."""
    published = any(item.published is not None for item in comparisons)
    columns = [
        index
        for index, heading in enumerate(HEADINGS)
        if heading and (published or heading not in ("published", "difference"))
    ]
    lines = [
        [*label, *(item.texts()[index] for index in columns)]
        for label, item in zip(labels, comparisons, strict=True)
    ]
    headings = (*headings, *(HEADINGS[index] for index in columns))
    caption = CAPTION + (DIFFERENCE if published else "")
    return ReportTable(
        Table(text_columns(headings, lines), caption=caption),
        _comparison_frame(comparisons),
        {", ".join(label): item.parts() for label, item in zip(labels, comparisons, strict=True)},
    )


def _comparison_frame(comparisons: Sequence[PublishedComparison]) -> pd.DataFrame:
    """Return the comparisons as numbers, one row each."""
    return pd.DataFrame(
        [
            {
                "label": item.row.label,
                "unit": item.row.unit,
                "published": item.published,
                "mean": item.mean,
                "std": item.std,
                "n": item.n,
                "diverged": item.diverged,
                "difference": None if item.published is None else item.mean - item.published,
                "epochs": item.epochs,
            }
            for item in comparisons
        ]
    )


def cells_table(
    collection: Collection,
    experiment: Experiment,
    axes: Sequence[str],
    *,
    column: str = "test_accuracy",
    unit: Unit = "percent",
    published: float | None = None,
    digits: DecimalPlaces = 2,
) -> ReportTable:
    """Tabulate the cells of an experiment, one line each; the settings `axes` must tell them apart."""
    trials = collection.trials(experiment, lines=axes)
    labels, comparisons = [], []
    for row in trials.drop_duplicates("cell").to_dict("records"):
        label, where = str({axis: row[axis] for axis in axes}), {"cell": row["cell"]}
        labels.append([str(row[axis]) for axis in axes])
        table_row = TableRow(label, experiment, column, published, where, unit=unit, digits=digits)
        comparisons.append(compare_published(table_row, collection))
    table = _comparison_table(axes, labels, comparisons)
    # The CSV, too, has a column for each setting in place of one label.
    settings = pd.DataFrame(labels, columns=list(axes))
    return replace(table, numbers=pd.concat([settings, table.numbers.drop(columns="label")], axis=1))


def confused_pairs_table(
    collection: Collection,
    experiment: Experiment,
    where: Where = None,
    *,
    count: Count = 5,
) -> ReportTable:
    """Tabulate the pairs of classes that are confused most often on the test part."""
    numbers = _confused_pairs(collection, experiment, where, count)
    lines = [
        [
            row["pair"],
            f"{row['mean']:.1f}" + ("" if np.isnan(row["std"]) else f" ± {row['std']:.1f}"),
            f"{row['n']}",
            f"{row['seeds_on_top']}",
            f"{row['epochs']:.3g}",
        ]
        for row in numbers.to_dict("records")
    ]
    caption = (
        "Test examples of either class read as the other, mean ± standard deviation over n seeds."
        " Most confused in: the number of seeds in which no other pair has more confusions."
    )
    parts = {line[0]: dict(zip(("", "n", "seeds_on_top"), line[1:4], strict=True)) for line in lines}
    ranks = {f"rank {rank}": {"": line[0]} for rank, line in enumerate(lines, 1)}
    headings = ("pair", "confusions", "n", "most confused in", "epochs")
    return ReportTable(Table(text_columns(headings, lines), caption=caption), numbers, {**parts, **ranks})


def _confused_pairs(collection: Collection, experiment: str, where: Where, count: int) -> pd.DataFrame:
    """Return the `count` pairs of classes with most confusions, one row each, the most confused first."""
    counts = collection.confusions(experiment, where)
    both_ways = counts + counts.swapaxes(1, 2)
    first, second = np.triu_indices(counts.shape[1], 1)
    confusions = both_ways[:, first, second]  # (seeds, pairs)
    order = np.argsort(-confusions.mean(axis=0), kind="stable")[:count]
    names = recorded_class_names(collection, experiment, where)
    # In how many seeds a pair is on top, alone or tied.
    on_top = (confusions == confusions.max(axis=1, keepdims=True)).sum(axis=0)
    several = len(confusions) > 1
    spread = confusions.std(axis=0, ddof=1) if several else np.full(confusions.shape[1], np.nan)
    return pd.DataFrame(
        {
            "pair": [f"{names.tick(first[index])} and {names.tick(second[index])}" for index in order],
            "mean": confusions.mean(axis=0)[order],
            "std": spread[order],
            "n": len(confusions),
            "seeds_on_top": on_top[order],
            "epochs": float(collection.trials(experiment, where)["epochs_run"].mean()),
        }
    )


def measurement_table(
    collection: Collection,
    measurement: MeasurementName,
    columns: Mapping[str, Annotated[str, Format()]],
    *,
    headings: Sequence[str],
    note: str,
) -> ReportTable:
    """Tabulate columns of a measurement under `headings`; `columns` maps each to its number format."""
    if len(headings) != len(columns):
        raise SelectionError(f"headings: must be {len(columns)}, one for each of the columns")
    numbers = collection.measurement(measurement, columns)
    texts = [_formatted(numbers[column], column, style) for column, style in columns.items()]
    lines = [list(line) for line in zip(*texts, strict=True)]
    parts = {line[0]: dict(zip(columns, line, strict=True)) for line in lines if line}
    return ReportTable(Table(text_columns(headings, lines), caption=note), numbers, parts)


def _formatted(values: "pd.Series[Any]", column: str, style: str) -> list[str]:
    """Format the values of a column; a missing one is a dash."""
    try:
        return [
            MISSING if value is None else format(value, style)
            for value in values.astype(object).where(values.notna(), None)
        ]
    except ValueError as error:
        raise SelectionError(f"columns.{column}={style}: {error}") from error


TABLES: dict[str, Callable[..., ReportTable]] = {
    "cells": cells_table,
    "confused_pairs": confused_pairs_table,
    "measured": measurement_table,
}
