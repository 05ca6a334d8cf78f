"""Published against reproduced: the rows of a paper's tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sweep.analysis.aggregate import drop_diverged
from sweep.errors import nearest
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.specification import UNITS, Row

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
