"""The classes and the single test examples in which two cells differ.

`which_digits` compares two cells of stored trials; its classes come from `by_class`, its single examples from
`decisive` and `expected_by_luck`. `examples_of` finds the labels and images that the records speak of.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from sweep.config.columns import settings_of_row
from sweep.config.compose import from_settings
from sweep.core.errors import TrialsError
from sweep.data import datasets, labels
from sweep.data.preprocessing import split
from sweep.data.settings import DATASETS, GENERATED
from sweep.stats.compare import check_comparable
from sweep.stats.crossed import Bits, two_way
from sweep.stats.judge import holm
from sweep.stats.trials import drop_diverged
from sweep.training.evaluation import examples_sha256
from sweep.training.problem import Stream, generator


@dataclass(frozen=True)
class Examples:
    """The test part: `labels` (examples,), `images` (examples, height, width) or None, names of the classes.

    `noun` is what one of them is called: digit, image, student.
    """

    labels: NDArray[np.int64]
    images: NDArray[Any] | None = field(repr=False)
    class_names: tuple[str, ...]
    noun: str


@dataclass(frozen=True)
class WhichDigits:
    """The differences of two cells: in which classes, and in which single examples.

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
        """Return the decisive examples that the cell gets right and the baseline does not."""
        return self.decisive[self._shares > 0]

    @property
    def lost(self) -> pd.DataFrame:
        """Return the decisive examples that the baseline gets right and the cell does not."""
        return self.decisive[self._shares < 0]

    @property
    def beyond_chance(self) -> bool:
        """Return True if there are clearly more decisive examples than chance gives (Poisson, 0.1 %)."""
        return bool(stats.poisson.sf(len(self.decisive) - 1, sum(self.expected_by_luck)) < 0.001)

    @property
    def _shares(self) -> "pd.Series[float]":
        """Return the share of seeds of the cell that are right, less that of the baseline, by example."""
        return self.decisive["right"] / self.seeds - self.decisive["baseline_right"] / self.baseline_seeds

    @property
    def not_drawn(self) -> str | None:
        """Return why no figure of the single examples can be drawn; None if it can."""
        noun = self.examples.noun
        if self.examples.images is None:
            return f"the {noun}s that make the difference: are no images"
        if not self.beyond_chance:
            return f"the {noun}s that make the difference: no more of them than chance gives"
        return None


def which_digits(
    trials: pd.DataFrame,
    cell: str,
    baseline: str,
    *,
    paired: bool,
    root: str | None = None,
    level: float = 0.95,
) -> WhichDigits:
    """Return what `cell` gets right and `baseline` does not, and the reverse, among trials with `bits`.

    Paired, only the seeds that both have are compared. `root` is the folder of the data's files, needed if
    they are not MNIST's. Raises TrialsError if the records do not say which test examples are right, or the
    examples are not at hand, and SettingError for fewer than two seeds.
    """
    trials = drop_diverged(trials)
    cells = trials[trials["cell"].isin([cell, baseline])]
    if "test_correct" not in cells or cells["test_correct"].isna().any():
        raise TrialsError(
            "which digits make the difference: records of schema 1 do not say, train them again"
        )
    first, second = (_by_seed(cells, name) for name in (cell, baseline))
    common = sorted(first.keys() & second.keys())
    # Pairs share their streams of random numbers; a seed that only one cell has would unbalance them.
    if paired:
        first, second = ({seed: bits[seed] for seed in common} for bits in (first, second))
    if not first or not second:
        raise TrialsError(f"cells {cell} and {baseline}: no seeds to compare")
    correct, others = (np.stack(list(bits.values())) for bits in (first, second))
    examples = examples_of(cells, root)
    classes = by_class(correct, others, examples.labels, paired=paired, level=level)
    classes.insert(0, "class", [examples.class_names[label] for label in classes["label"]])
    return WhichDigits(
        classes,
        decisive(correct, others, examples.labels),
        expected_by_luck(correct, others),
        len(correct),
        len(others),
        examples,
    )


def _by_seed(trials: pd.DataFrame, cell: str) -> Mapping[int, Bits]:
    rows = trials[trials["cell"] == cell]
    return dict(zip(rows["seed"], rows["test_correct"], strict=True))


# An example is decisive if one cell is right in at least MOST of its seeds, the other in at most FEW.
MOST, FEW = 0.8, 0.2
COLUMNS = ["label", "examples", "accuracy", "baseline", "difference", "low", "high", "p"]


def by_class(
    correct: Bits,
    baseline: Bits,
    labels: NDArray[np.int64],
    *,
    paired: bool,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return one row a class: `label`, `examples`, `accuracy` and `baseline` (fractions), and `difference`.

    `correct` and `baseline` are (seeds, examples), `labels` (examples,). The difference has an interval,
    `low` to `high`, for new seeds on these examples (Student's, paired or Welch's), and `p`; `p_adjusted` is
    Holm's over the classes. They are missing if no seed differs from another. A class with a single example
    is left out. Raises SettingError like `two_way`.
    """
    classes, counts = np.unique(labels, return_counts=True)
    rows = []
    for label in classes[counts > 1]:
        members = labels == label
        result = two_way(correct[:, members], baseline[:, members], paired=paired)
        # Without any spread there is no error to divide by, and neither p nor interval.
        error = result.standard_error or np.nan
        low, high = stats.t.interval(level, result.degrees_of_freedom, result.difference, error)
        rows.append(
            {
                "label": int(label),
                "examples": result.examples,
                "accuracy": correct[:, members].mean(),
                "baseline": baseline[:, members].mean(),
                "difference": result.difference,
                "low": low,
                "high": high,
                "p": 2 * stats.t.sf(abs(result.difference) / error, result.degrees_of_freedom),
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(p_adjusted=holm(table["p"].to_numpy(float), int(table["p"].notna().sum())))


def decisive(correct: Bits, baseline: Bits, labels: NDArray[np.int64]) -> pd.DataFrame:
    """Return the examples that one cell gets right in most seeds and the other in few, strongest first.

    `correct` and `baseline` are (seeds, examples), `labels` (examples,). One row an example: its position
    among them as `example`, its `label`, and how many seeds of each cell are `right` and `baseline_right`.
    """
    right, right_baseline = correct.sum(axis=0), baseline.sum(axis=0)
    shares, shares_baseline = right / len(correct), right_baseline / len(baseline)
    gained, lost = _decided(shares, shares_baseline), _decided(shares_baseline, shares)
    chosen = np.flatnonzero(gained | lost)
    chosen = chosen[np.argsort(-np.abs(shares - shares_baseline)[chosen], kind="stable")]
    columns = {"example": chosen, "label": labels[chosen]}
    return pd.DataFrame(columns | {"right": right[chosen], "baseline_right": right_baseline[chosen]})


def expected_by_luck(correct: Bits, baseline: Bits) -> tuple[float, float]:
    """Return how many examples would be `decisive` for the cell, and against it, if the cells were one.

    `correct` and `baseline` are (seeds, examples). If the cells were one, their seeds would be dealt to the
    two at random; how many of those that are right go to the first cell then has the hypergeometric
    distribution.
    """
    seeds, seeds_baseline = len(correct), len(baseline)
    both = seeds + seeds_baseline
    examples = np.bincount(correct.sum(axis=0) + baseline.sum(axis=0), minlength=both + 1)
    right, total = np.arange(seeds + 1)[:, None], np.arange(both + 1)
    chance = stats.hypergeom.pmf(right, both, total, seeds)
    # Rows are how many seeds of the cell are right, columns how many of both; impossible pairs have chance 0.
    shares, shares_baseline = right / seeds, (total - right) / seeds_baseline
    gained = (chance * _decided(shares, shares_baseline)).sum(axis=0) @ examples
    lost = (chance * _decided(shares_baseline, shares)).sum(axis=0) @ examples
    return float(gained), float(lost)


def _decided(shares: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    decided: NDArray[np.bool_] = (shares >= MOST) & (others <= FEW)
    return decided


def examples_of(trials: pd.DataFrame, root: str | None = None) -> Examples:
    """Return the test examples of all these trials, in the order of their `test_correct`.

    `root` is the folder of their files, which records of data other than MNIST do not name. Raises
    TrialsError if the trials were tested on different examples, or on others than those at hand, DataError
    and SettingError if their data cannot be read.
    """
    row = trials.iloc[0]
    check_comparable(trials, "test_accuracy")
    digest = row["data.digest"]
    located = row.get("data") in GENERATED or DATASETS.registered
    if root is None and digest != datasets.MNIST_DIGEST and not located:
        raise TrialsError(f"{row['data_label']}: its records do not say where its files lie (data.root)")
    # The records name the settings of the data; reading it again must give the same digest and split.
    columns = {str(name): value for name, value in row.items()}
    (config,) = from_settings(settings_of_row(columns | ({} if root is None else {"data.root": root})))
    if datasets.contents_digest(config.data) != digest:
        raise TrialsError(f"{row['data_label']}: the files at hand are not those of its records ({digest})")
    raw = datasets.load(config.data)
    _, _, test = split(raw, config.data, generator(config, int(row["seed"]), Stream.SPLIT))
    if examples_sha256(test) != row["test_examples_sha256"]:
        raise TrialsError(f"{row['data_label']}: the test examples at hand are not those of its records")
    images = None if config.data.generated else _images(raw.test_features[test])
    names = labels.class_names(config.data) if row["class_names"] is None else row["class_names"].split(", ")
    return Examples(raw.test_labels[test], images, tuple(names), labels.example(config.data))


def _images(features: NDArray[Any]) -> NDArray[Any] | None:
    """Return features as square images, of which a data set keeps only the pixels; None if none fit."""
    edge = math.isqrt(features.shape[1])
    return features.reshape(-1, edge, edge) if edge**2 == features.shape[1] else None
