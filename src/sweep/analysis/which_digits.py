"""Which test examples make the difference of two cells: the classes, and single digits."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweep.analysis import examples
from sweep.analysis.aggregate import drop_diverged
from sweep.analysis.examples import Examples
from sweep.analysis.statistics import digits
from sweep.errors import TrialsError


@dataclass(frozen=True)
class WhichDigits:
    """Where two cells differ: in which classes, and in which single examples.

    `classes` is the table of `digits.by_class` with a column `class` of names, `decisive` that of
    `digits.decisive`. `expected_by_luck` is how many decisive examples there would be for the cell, and
    against it, if the two cells were one. `seeds` and `baseline_seeds` are how many were compared.
    """

    classes: pd.DataFrame
    decisive: pd.DataFrame
    expected_by_luck: tuple[float, float]
    seeds: int
    baseline_seeds: int
    examples: Examples

    @property
    def gained(self) -> pd.DataFrame:
        """The decisive examples that the cell gets right and the baseline does not."""
        return self.decisive[self._shares > 0]

    @property
    def lost(self) -> pd.DataFrame:
        """The decisive examples that the baseline gets right and the cell does not."""
        return self.decisive[self._shares < 0]

    @property
    def _shares(self) -> "pd.Series[float]":
        return self.decisive["right"] / self.seeds - self.decisive["baseline_right"] / self.baseline_seeds

    @property
    def not_drawn(self) -> str | None:
        """Why no figure of the single examples can be drawn; None where it can."""
        noun = self.examples.noun
        if self.examples.images is None:
            return f"the {noun}s that make the difference: are no images"
        return (
            None
            if len(self.decisive)
            else f"the {noun}s that make the difference: no single one of them does"
        )


def which_digits(
    trials: pd.DataFrame, cell: str, baseline: str, paired: bool, root: str | None = None, level: float = 0.95
) -> WhichDigits:
    """What `cell` gets right and `baseline` does not, and the other way round, among trials with `bits`.

    Paired, only the seeds that both have are compared. `root` is the folder of the data's files, needed where
    they are not MNIST's. Raises TrialsError where the records do not say which test examples are right, or
    the examples are not at hand, and SettingError for fewer than two seeds.
    """
    trials = drop_diverged(trials)
    cells = trials[trials["cell"].isin([cell, baseline])]
    if "test_correct" not in cells or cells["test_correct"].isna().any():
        raise TrialsError(
            "which digits make the difference: records of schema 1 do not say, train them again"
        )
    first, second = (_by_seed(cells, name) for name in (cell, baseline))
    common = sorted(first.keys() & second.keys())
    if paired:
        first, second = ({seed: bits[seed] for seed in common} for bits in (first, second))
    if not first or not second:
        raise TrialsError(f"cells {cell} and {baseline}: no seeds to compare")
    correct, others = (np.stack(list(bits.values())) for bits in (first, second))
    found = examples.of_trials(cells, root)
    classes = digits.by_class(correct, others, found.labels, paired, level)
    classes.insert(0, "class", [found.class_names[label] for label in classes["label"]])
    return WhichDigits(
        classes,
        digits.decisive(correct, others, found.labels),
        digits.expected_by_luck(correct, others),
        len(correct),
        len(others),
        found,
    )


def _by_seed(trials: pd.DataFrame, cell: str) -> Mapping[int, NDArray[np.bool_]]:
    own = trials[trials["cell"] == cell]
    return dict(zip(own["seed"], own["test_correct"], strict=True))
