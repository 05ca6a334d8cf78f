"""Names and lists in sentences and figures: what cells, settings and test examples are called."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sweep.core.formats import setting_value

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
