"""What a paper's tables can be: published against reproduced, or a general function picked in paper.yaml.

A new kind of table is one function here and its entry in `TABLES`. Each gets the paper's records; the table's
`settings` are its keyword arguments.

[comparison] Published against reproduced: the rows of a paper's tables.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
import pandas as pd

from sweep.core.errors import nearest
from sweep.core.rules import AtLeast
from sweep.papers import examples
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.findings import Parts
from sweep.papers.rules import Format
from sweep.papers.specification import UNITS, Digits, Experiment, MeasurementName, Row, Table, Unit
from sweep.report import latex, markdown
from sweep.report.page import text_columns
from sweep.stats.trials import drop_diverged

HEADINGS = ("", "published", "ours", "n", "difference", "epochs")


@dataclass(frozen=True)
class Comparison:
    """A published number beside ours: mean and standard deviation (ddof 1) over `n` seeds, in `row.unit`."""

    row: Row
    published: float | None
    mean: float
    std: float
    n: int
    diverged: int
    epochs: float

    def texts(self) -> list[str]:
        """The line of a table, in the order of `HEADINGS`."""
        digits, unit = self.row.digits, UNITS[self.row.unit]
        label = f"{self.row.label} ({unit})" if unit else self.row.label
        ours = f"{self.mean:.{digits}f}"
        if self.std > 0:
            ours += f" ± {self.std:.{digits}f}"
        difference = "–"
        if self.published is not None:
            difference = f"{self.mean - self.published:+.{digits}f}"
        count = str(self.n) + (f" ({self.diverged} diverged)" if self.diverged else "")
        published = "–" if self.published is None else f"{self.published:.{digits}f}"
        if not self.n:
            ours = difference = "–"
        return [label, published, ours, count, difference, f"{self.epochs:.3g}"]

    def parts(self) -> dict[str, str]:
        """What a finding may name: ours as in the table under "", and its parts by name."""
        digits, texts = self.row.digits, dict(zip(HEADINGS, self.texts(), strict=True))
        numbers = {"mean": self.mean, "std": self.std, "epochs": self.epochs}
        return {
            "": texts["ours"],
            **{name: f"{value:.{digits}f}" for name, value in numbers.items()},
            **{name: texts[name] for name in ("published", "difference")},
            "n": str(self.n),
        }


def compare(row: Row, collection: Collection) -> Comparison:
    """One row: ours from the stored trials, in the unit of the row."""
    trials = collection.trials(row.experiment, row.where)
    rows = trials
    if row.iteration is not None:
        curves = collection.curves(row.experiment, row.where)
        rows = curves[curves["iteration"] == row.iteration]
    counted = drop_diverged(rows)
    # A part that was not evaluated has no value.
    values = _numbers(counted, row.column).dropna() * row.factor
    scale = 100 if row.unit == "percent" else 1
    return Comparison(
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


def frame(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Comparisons as numbers, one row each."""
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


COMPARED = " Difference: ours less published."


@dataclass(frozen=True)
class Tabulated:
    """A table as texts, one list a line, and as numbers; `note` says how to read it."""

    headings: Sequence[str]
    lines: list[list[str]]
    frame: pd.DataFrame
    note: str
    parts: Mapping[str, Parts] = field(default_factory=dict)  # what findings may name, by label

    def markdown(self) -> str:
        """The table in Markdown."""
        return markdown.table(text_columns(self.headings, self.lines))

    def latex(self, caption: str) -> str:
        """The table in LaTeX, for the package booktabs."""
        return latex.table(text_columns(self.headings, self.lines), caption)

    def csv(self) -> str:
        """The numbers as CSV."""
        return self.frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


Make = Callable[..., Tabulated]


def tabulate(table: Table, collection: Collection) -> Tabulated:
    """The table from the stored trials and measurements."""
    if table.make is not None:
        return TABLES[table.make](collection, **table.settings)
    comparisons = [compare(row, collection) for row in table.rows]
    return _compared(("",), [item.texts()[:1] for item in comparisons], comparisons)


def _compared(
    headings: Sequence[str], labels: Sequence[list[str]], comparisons: Sequence[Comparison]
) -> Tabulated:
    """Comparisons, each behind its labels; where nothing was published, without the columns for it."""
    published = any(item.published is not None for item in comparisons)
    columns = [
        index
        for index, heading in enumerate(HEADINGS)
        if heading and (published or heading not in ("published", "difference"))
    ]
    return Tabulated(
        (*headings, *(HEADINGS[index] for index in columns)),
        [
            [*label, *(item.texts()[index] for index in columns)]
            for label, item in zip(labels, comparisons, strict=True)
        ],
        frame(comparisons),
        "Mean ± standard deviation over n seeds." + (COMPARED if published else ""),
        {", ".join(label): item.parts() for label, item in zip(labels, comparisons, strict=True)},
    )


def cells(
    collection: Collection,
    experiment: Experiment,
    axes: Sequence[str],
    column: str = "test_accuracy",
    unit: Unit = "percent",
    published: float | None = None,
    digits: Digits = 2,
) -> Tabulated:
    """One line a cell of an experiment, in its order; `axes` are the settings that tell cells apart."""
    trials = collection.trials(experiment, lines=axes)
    labels, comparisons = [], []
    for row in trials.drop_duplicates("cell").to_dict("records"):
        label, where = str({axis: row[axis] for axis in axes}), {"cell": row["cell"]}
        compared = compare(
            Row(label, experiment, column, published, where, unit=unit, digits=digits), collection
        )
        labels.append([str(row[axis]) for axis in axes])
        comparisons.append(compared)
    tabulated = _compared(axes, labels, comparisons)
    # As numbers, too, each setting has a column of its own.
    frame = tabulated.frame.drop(columns="label")
    named = pd.DataFrame(labels, columns=list(axes))
    return replace(tabulated, frame=pd.concat([named, frame], axis=1))


def confused_pairs(
    collection: Collection,
    experiment: Experiment,
    where: Mapping[str, Any] | None = None,
    count: Annotated[int, AtLeast(1)] = 5,
) -> Tabulated:
    """The pairs of classes that are most often taken for each other, of the test part."""
    counts = collection.confusions(experiment, where)
    both_ways = counts + counts.swapaxes(1, 2)
    first, second = np.triu_indices(counts.shape[1], 1)
    each = both_ways[:, first, second]
    order = np.argsort(-each.mean(axis=0), kind="stable")[:count]
    named = examples.classes(collection, experiment, where)
    # How many seeds have this pair on top, alone or with others.
    top = (each == each.max(axis=1, keepdims=True)).sum(axis=0)
    spread = each.std(axis=0, ddof=1) if len(each) > 1 else np.full(each.shape[1], np.nan)
    frame = pd.DataFrame(
        {
            "pair": [f"{named.tick(first[index])} and {named.tick(second[index])}" for index in order],
            "mean": each.mean(axis=0)[order],
            "std": spread[order],
            "n": len(each),
            "seeds_on_top": top[order],
            "epochs": float(collection.trials(experiment, where)["epochs_run"].mean()),
        }
    )
    lines = [
        [
            row["pair"],
            f"{row['mean']:.1f}" + ("" if np.isnan(row["std"]) else f" ± {row['std']:.1f}"),
            f"{row['n']}",
            f"{row['seeds_on_top']}",
            f"{row['epochs']:.3g}",
        ]
        for row in frame.to_dict("records")
    ]
    note = "Test examples of either class taken for the other, mean ± standard deviation over n seeds;"
    headings = ("pair", "confusions", "n", "most confused in", "epochs")
    names = ("", "n", "seeds_on_top")
    parts = {line[0]: dict(zip(names, line[1:], strict=False)) for line in lines}
    ranks = {f"rank {rank}": {"": line[0]} for rank, line in enumerate(lines, 1)}
    note += " in how many of them no pair has more."
    return Tabulated(headings, lines, frame, note, {**parts, **ranks})


def measured_columns(
    collection: Collection,
    measurement: MeasurementName,
    columns: Mapping[str, Annotated[str, Format()]],
    headings: Sequence[str],
    note: str,
) -> Tabulated:
    """Columns of a measurement, each with the format of its numbers, under `headings`."""
    if len(headings) != len(columns):
        raise SelectionError(f"headings: must be {len(columns)}, one for each of the columns")
    frame = collection.measurement(measurement, columns)
    texts = [_formatted(frame[column], column, style) for column, style in columns.items()]
    lines = [list(line) for line in zip(*texts, strict=True)]
    parts = {line[0]: dict(zip(columns, line, strict=True)) for line in lines if line}
    return Tabulated(headings, lines, frame, note, parts)


def _formatted(values: "pd.Series[Any]", column: str, style: str) -> list[str]:
    """The values of a column as texts; a dash for one that is missing."""
    try:
        return [
            "–" if value is None else format(value, style)
            for value in values.astype(object).where(values.notna(), None)
        ]
    except ValueError as error:
        raise SelectionError(f"columns.{column}={style}: {error}") from error


TABLES: dict[str, Make] = {"cells": cells, "confused_pairs": confused_pairs, "measured": measured_columns}
