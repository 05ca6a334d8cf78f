"""The table of a sweep: a row a cell, and the words for cells, numbers and lists that sentences share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sweep.core.formats import Format, percent, seed_count, setting_value
from sweep.report.page import Column, setting_columns
from sweep.stats.contrast import Method
from sweep.stats.judge import Criteria

TESTED = (Method.PAIRED.value, Method.WELCH.value)  # methods that give a verdict
CAPTION = "Mean ± standard deviation over seeds"
EPOCHS, SECONDS = Format(spec=".4g"), Format(spec=".1f")
CHOSEN, CHOSEN_SHORT = "best on validation", "best"  # in place of a verdict


@dataclass(frozen=True)
class Measure(Format):
    """The way in which the values of a metric are written, and the metric's name."""

    name: str = ""

    @staticmethod
    def of(metric: str) -> "Measure":
        """Return the measure of a metric: accuracies in percent, everything else as it is."""
        name = metric.replace("_", " ").replace("train ", "training ")
        return Measure(100.0, ".2f", name) if metric.endswith("accuracy") else Measure(1.0, ".4f", name)

    @property
    def heading(self) -> str:
        """Return the name with its unit: test accuracy (%)."""
        return f"{self.name} (%)" if self.factor == 100 else self.name

    def amount(self, value: float) -> str:
        """Return a distance between two values with its unit: 0.17 points."""
        return f"{self.number(value)} points" if self.factor == 100 else self.number(value)

    def with_unit(self, mean: float, std: float) -> str:
        """Return a mean and its standard deviation with the unit: 98.02 ± 0.10 %."""
        return f"{self.spread(mean, std)} %" if self.factor == 100 else self.spread(mean, std)


def columns(
    summary: pd.DataFrame,
    axes: Sequence[str],
    criteria: Criteria,
    *,
    baseline: str = "the best",
    chosen: bool = True,
) -> list[Column]:
    """Return the columns: the settings that vary, the mean, its interval, the verdict, and what is spare.

    `summary` is that of `JudgedSweep`. `baseline` is what the heading of the differences calls it; it was
    `chosen` on validation, or named. The best cell and those that cannot be told from it are in bold. The
    number of seeds is a column only if it is not the same in all rows, or if seeds diverged or died.
    """
    rows, metric = summary.to_dict("records"), criteria.metric
    measure = Measure.of(metric)
    counts = [seed_count(row["n"], diverged=row["diverged"], dead=row["dead"]) for row in rows]
    means = [measure.spread(row[f"{metric}_mean"], row[f"{metric}_std"]) for row in rows]
    strong = [row.get("among_best") is True for row in rows]
    table = setting_columns(axes, rows, spare=0)
    if len(set(counts)) > 1 or not all(count.isdecimal() for count in counts):
        table.append(Column("seeds", counts, right=True))
    table.append(Column(measure.heading.removeprefix("test "), means, right=True, strong=strong))
    if f"{metric}_low" in summary:
        intervals = [measure.interval(row[f"{metric}_low"], row[f"{metric}_high"]) for row in rows]
        table.append(Column(f"{percent(criteria.level)} CI", intervals, right=True, spare=1))
    if "verdict" in summary:
        table += _verdicts(rows, measure, baseline, CHOSEN if chosen else "baseline")
    return [*table, *_spare(rows, metric)]


def _spare(rows: Sequence[Mapping[Any, Any]], metric: str) -> list[Column]:
    """Return what is shown only if there is room: validation accuracy, epochs and seconds."""
    columns = []
    if metric != "validation_accuracy":
        measure = Measure.of("validation_accuracy")
        means = [
            measure.spread(row["validation_accuracy_mean"], row["validation_accuracy_std"]) for row in rows
        ]
        columns.append(Column("validation (%)", means, right=True, spare=2))
    epochs = [EPOCHS.number(row["epochs_run"]) for row in rows]
    seconds = [SECONDS.number(row["seconds"]) for row in rows]
    columns.append(Column("epochs", epochs, right=True, spare=3))
    return [*columns, Column("seconds", seconds, right=True, spare=4)]


def _verdicts(rows: Sequence[Mapping[Any, Any]], measure: Measure, baseline: str, word: str) -> list[Column]:
    """Return the columns of the difference from the baseline and of the verdict; `word` is the baseline's."""
    differences, short, verdicts = [], [], []
    for row in rows:
        if row["verdict"] == "baseline":
            differences.append("")
            verdicts.append(word)
        else:
            limits = row["difference_low"], row["difference_high"]
            differences.append(measure.difference(row["difference"], *limits))
            verdicts.append(verdict(row) if isinstance(row["verdict"], str) else "")
        short.append(differences[-1].partition(" [")[0])
    return [
        Column(f"difference from {baseline}", differences, right=True, short=short),
        Column("verdict", verdicts, short=[CHOSEN_SHORT if text == CHOSEN else text for text in verdicts]),
    ]


def verdict(row: Mapping[Any, Any]) -> str:
    """Return the verdict of a comparison, or the words that say why it has none."""
    return "too few seeds" if row["method"] == Method.TOO_FEW.value else str(row["verdict"])


def in_order(summary: pd.DataFrame, sort: str | None) -> pd.DataFrame:
    """Return the rows sorted by a column, best first: high accuracies, low losses and seconds; gaps last."""
    if sort is None:
        return summary
    column = sort if sort in summary else f"{sort}_mean"
    return summary.sort_values(column, ascending=not sort.endswith("accuracy"), kind="stable")


MOST_NAMED = 4  # cells in one sentence

Fact = tuple[str, str]  # a word that says what it is about, and a text


@dataclass(frozen=True)
class CellNames:
    """The names of the cells of a `summary`, by the settings `axes` in which they differ."""

    summary: pd.DataFrame
    axes: Sequence[str]

    def full(self, cell: str) -> str:
        """Return the settings of a cell that vary, as they are typed: hidden=256 momentum=0.9."""
        return self._typed(cell, self.axes)

    def beside(self, cell: str, other: str) -> str:
        """Return a cell as `apart` does; with a single setting that is its value alone, such as 256."""
        name = self.apart(cell, other)
        return name.removeprefix(f"{self.axes[0]}=") if len(self.axes) == 1 else name

    def apart(self, cell: str, other: str) -> str:
        """Return a cell by the settings in which it differs from another, as they are typed."""
        rows = self.summary[self.summary["cell"].isin([cell, other])].drop_duplicates("cell")
        differing = [axis for axis in self.axes if len(set(map(str, rows[axis]))) > 1]
        return self._typed(cell, differing)

    def _typed(self, cell: str, axes: Sequence[str]) -> str:
        row = self.summary[self.summary["cell"] == cell].iloc[0]
        return " ".join(f"{axis}={setting_value(row[axis])}" for axis in axes) or cell


def listed(texts: Sequence[str], word: str = "and", *, most: int = MOST_NAMED) -> str:
    """Return texts as a list in a sentence: a, b and c; at most so many, then how many more there are."""
    shown = list(texts[:most])
    if len(texts) > most:
        shown.append(f"{len(texts) - most} more")
    *others, last = shown
    return f"{', '.join(others)} {word} {last}" if others else last


def examples_noun(trials: pd.DataFrame) -> str:
    """Return what test examples are called: digits if all trials are of a set of digits."""
    labels = set(trials["data_label"]) if "data_label" in trials else set()
    return "digits" if labels and labels <= {"MNIST", "EMNIST digits"} else "examples"
