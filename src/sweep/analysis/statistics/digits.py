"""Which test examples make the difference of two cells: by class, and one by one."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from sweep.analysis.statistics.families import holm
from sweep.analysis.statistics.two_way import two_way

# An example is decisive if one cell is right in at least MOST of its seeds, the other in at most FEW.
MOST, FEW = 0.8, 0.2
COLUMNS = ["label", "examples", "accuracy", "baseline", "difference", "low", "high", "p"]


def by_class(
    correct: NDArray[np.bool_],
    baseline: NDArray[np.bool_],
    labels: NDArray[np.int64],
    paired: bool,
    level: float = 0.95,
) -> pd.DataFrame:
    """One row a class: `label`, `examples`, `accuracy` and `baseline`, fractions, and their difference.

    `correct` and `baseline` are (seeds, examples), `labels` (examples,). `difference` has an interval, `low`
    to `high`, for new seeds on these examples (Student's, paired or Welch's), and `p`; `p_adjusted` is
    Holm's over the classes. They are missing where no seed differs from another. A class with a single
    example is left out. Raises SettingError like `two_way`.
    """
    classes, counts = np.unique(labels, return_counts=True)
    rows = []
    for label in classes[counts > 1]:
        own = labels == label
        found = two_way(correct[:, own], baseline[:, own], paired)
        error = found.standard_error or np.nan
        low, high = stats.t.interval(level, found.degrees_of_freedom, found.difference, error)
        rows.append(
            {
                "label": int(label),
                "examples": found.examples,
                "accuracy": correct[:, own].mean(),
                "baseline": baseline[:, own].mean(),
                "difference": found.difference,
                "low": low,
                "high": high,
                "p": 2 * stats.t.sf(abs(found.difference) / error, found.degrees_of_freedom),
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(p_adjusted=holm(table["p"].to_numpy(float), int(table["p"].notna().sum())))


def decisive(
    correct: NDArray[np.bool_], baseline: NDArray[np.bool_], labels: NDArray[np.int64]
) -> pd.DataFrame:
    """The examples that one cell gets right in most of its seeds and the other in few, strongest first.

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


def expected_by_luck(correct: NDArray[np.bool_], baseline: NDArray[np.bool_]) -> tuple[float, float]:
    """How many examples would be `decisive` for the cell, and against it, if the two cells were one.

    `correct` and `baseline` are (seeds, examples). If the cells were one, their seeds would be dealt to the
    two at random; how many of those that are right go to the first cell then has the hypergeometric
    distribution.
    """
    seeds, seeds_baseline = len(correct), len(baseline)
    both = seeds + seeds_baseline
    examples = np.bincount(correct.sum(axis=0) + baseline.sum(axis=0), minlength=both + 1)
    right, total = np.arange(seeds + 1)[:, None], np.arange(both + 1)
    chance = stats.hypergeom.pmf(right, both, total, seeds)
    shares, shares_baseline = right / seeds, (total - right) / seeds_baseline
    gained = (chance * _decided(shares, shares_baseline)).sum(axis=0) @ examples
    lost = (chance * _decided(shares_baseline, shares)).sum(axis=0) @ examples
    return float(gained), float(lost)


def _decided(shares: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    decided: NDArray[np.bool_] = (shares >= MOST) & (others <= FEW)
    return decided
