"""All cells against one of them, the table of `sweep.compare`.

`compare` loads and checks trials. `Comparable` has their values as an array of seeds and cells, and compares
them with any baseline; `Comparisons` is the table with what must be said about it.
"""

import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweep.core.errors import MixtureWarning, TrialsError, nearest
from sweep.stats.contrast import Contrast, Values, contrast
from sweep.stats.crossed import Correct, TwoWay, on_new_digits
from sweep.stats.judge import Criteria, Pairing, best, verdict_table
from sweep.stats.trials import drop_diverged, mixture, named_cell
from sweep.store.load import load

MOST_PAIRS = 5000  # with more pairs of cells, their p values are not computed and the correction is larger
MOST_CROSSED = 25  # with more cells, their pairs are not compared example by example
Pair = tuple[int, int]  # positions of two cells
Baseline = str | Mapping[str, Any] | None


def compare(
    trials: str | Path | pd.DataFrame = "results",
    baseline: Baseline = None,
    metric: str = "test_accuracy",
    *,
    paired: Pairing = "auto",
    margin: float = 0.002,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare every cell with a baseline: one row a comparison. See `sweep.compare`."""
    criteria, rows = Criteria(metric, margin, level, paired), _loaded(trials, metric)
    table = Comparable.of(rows, criteria).against(baseline).table
    if mixed := mixture(rows):
        warnings.warn(mixed, MixtureWarning, stacklevel=3)
    return table


def _loaded(trials: str | Path | pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the trials of a store, with the examples that each gets right if needed, or a table as it is."""
    if isinstance(trials, pd.DataFrame):
        return trials
    if not isinstance(trials, str | Path):
        kind = type(trials).__name__
        raise TrialsError(f"trials={kind}: must be a folder or file of records, or a table of sweep.load()")
    return load(trials, bits=metric == "test_accuracy")


@dataclass(frozen=True)
class Observations:
    """One metric of the trials that did not diverge: `values` (seeds, cells), nan if there is no trial.

    `cells` are the ids of the columns, in the order in which the trials name them.
    """

    values: Values
    cells: list[str]

    @staticmethod
    def of(trials: pd.DataFrame, metric: str) -> "Observations":
        """Return the values of `metric`. Raises TrialsError unless it is a column of numbers, one a trial."""
        for name in ("cell", "seed", metric):
            if name not in trials:
                raise TrialsError(f"{name}: no such column of the trials{nearest(name, map(str, trials))}")
        if not pd.api.types.is_numeric_dtype(trials[metric]):
            raise TrialsError(f"metric={metric}: must be a column of numbers")
        if trials.duplicated(["cell", "seed"]).any():
            row = trials[trials.duplicated(["cell", "seed"])].iloc[0]
            raise TrialsError(f"cell {row['cell']}, seed {row['seed']}: stands in the table twice")
        table = trials.pivot_table(index="seed", columns="cell", values=metric, dropna=False)
        table = table[list(dict.fromkeys(trials["cell"]))]
        return Observations(table.to_numpy(float), [str(name) for name in table])

    def difference(self, first: int, second: int, pairing: bool | None) -> Contrast:
        """Return the difference of the cell at position `first` from that at `second`."""
        return contrast(self.values[:, [first, second]], np.array([1.0, -1.0]), paired=pairing)


@dataclass(frozen=True)
class Comparisons:
    """Every cell against a baseline: the `table` of `sweep.compare`, and what must be said about it.

    `baseline` is the id of the cell that all others are compared with. It was `named` by the user, or chosen
    by the data on the measure `chosen_by`, or, if neither holds, is merely the first cell. `family` is the
    number of tests that p is corrected for. `two_way` has the two sources of luck in each row; it is empty
    if the records do not say which test examples are right.
    """

    table: pd.DataFrame
    criteria: Criteria
    baseline: str
    chosen_by: str | None
    named: bool
    family: int
    two_way: Sequence[TwoWay | None] = field(default=(), repr=False)


@dataclass(frozen=True)
class Comparable:
    """Trials whose cells can be compared: `counted`, which did not diverge, and their values `observed`.

    All pairs of cells are looked at once, however many comparisons are made of them.
    """

    counted: pd.DataFrame
    observed: Observations
    criteria: Criteria

    @staticmethod
    def of(trials: pd.DataFrame, criteria: Criteria) -> "Comparable":
        """Check the trials. Raises TrialsError if they do not compare, or every one diverged."""
        check_comparable(trials, criteria.metric)
        counted = drop_diverged(trials) if "status" in trials else trials
        if counted.empty:
            reason = ": every one diverged" if len(trials) else ""
            raise TrialsError(f"no trials to compare{reason}")
        return Comparable(counted, Observations.of(counted, criteria.metric), criteria)

    def against(self, baseline: Baseline) -> Comparisons:
        """Compare every cell with the baseline; None stands for the best on validation, or else the first."""
        chosen = best(self.counted, self.criteria.metric) if baseline is None else None
        names = self.observed.cells
        if baseline is not None:
            cell = named_cell(self.counted, baseline)
        else:
            cell = chosen[0] if chosen else names[0]
        position = names.index(cell)
        others = [index for index in range(len(names)) if index != position]
        differences = [self.observed.difference(other, position, self.criteria.pairing) for other in others]
        # If the data chooses the baseline, any pair of cells might have been the one that is looked at.
        family = len(others) * len(names) // 2 if chosen else len(others)
        rest = {pair: one for pair, one in self._pairs.items() if position not in pair} if chosen else {}
        table = verdict_table(differences, self.criteria, family=family, others=list(rest.values()))
        two_way = self._two_way([(position, other) for other in others], differences)
        if two_way:
            # Pairs without the baseline get no row, but they belong to the family that is corrected.
            without_rows = self._two_way_of_rest(rest)
            table = table.join(on_new_digits(two_way, self.criteria, family=family, others=without_rows))
        table.insert(0, "cell", [names[other] for other in others])
        table.insert(1, "baseline", cell)
        by = chosen[1] if chosen else None
        return Comparisons(table, self.criteria, cell, by, baseline is not None, family, two_way)

    def every_pair(self) -> pd.DataFrame:
        """Compare every cell with every other, in the order of the cells: the second with the first."""
        table = verdict_table(list(self._pairs.values()), self.criteria, family=len(self._pairs))
        table.insert(0, "cell", [self.observed.cells[second] for _, second in self._pairs])
        table.insert(1, "baseline", [self.observed.cells[first] for first, _ in self._pairs])
        return table

    @cached_property
    def _pairs(self) -> dict[Pair, Contrast]:
        """Return the difference of the second cell of each pair from the first; none if they are too many."""
        count = len(self.observed.cells)
        if count * (count - 1) // 2 > MOST_PAIRS:
            return {}
        return {
            (first, second): self.observed.difference(second, first, self.criteria.pairing)
            for first, second in itertools.combinations(range(count), 2)
        }

    @cached_property
    def _correct(self) -> Correct | None:
        return Correct.of(self.counted, self.criteria.metric)

    def _two_way(self, pairs: Sequence[Pair], differences: Sequence[Contrast]) -> list[TwoWay | None]:
        """Return the two sources of luck in each difference of the second cell of a pair from the first."""
        if self._correct is None:
            return []
        names, correct = self.observed.cells, self._correct
        return [
            correct.two_way(names[second], names[first], difference)
            for (first, second), difference in zip(pairs, differences, strict=True)
        ]

    def _two_way_of_rest(self, rest: Mapping[Pair, Contrast]) -> list[TwoWay | None]:
        """Return the two sources of luck in pairs without the baseline; none if the cells are too many."""
        if len(self.observed.cells) > MOST_CROSSED:
            return []
        return self._two_way(list(rest), list(rest.values()))


def check_comparable(trials: pd.DataFrame, metric: str) -> None:
    """Raise TrialsError if trials do not compare.

    They do not if they were tested on different examples, or computed by versions of this program that give
    different numbers.
    """
    if "data.digest" in trials and len(set(trials["data.digest"])) > 1:
        labels = list(trials["data_label"]) if "data_label" in trials else []
        names = ", ".join(dict.fromkeys(map(str, labels))) or "unnamed"
        raise TrialsError(
            f"trials of different data ({names}): not compared; choose one, as by data_label=..."
        )
    if "numerics" in trials and len(versions := sorted(set(trials["numerics"]))) > 1:
        names = ", ".join(map(str, versions))
        raise TrialsError(
            f"trials of different numerics versions ({names}): not compared; choose one, as by numerics=..."
        )
    digests = trials["test_examples_sha256"].dropna() if "test_examples_sha256" in trials else ()
    if metric.startswith("test") and len(set(digests)) > 1:
        raise TrialsError(
            "trials with different test examples: not compared; choose some, as by data.test_size=..."
        )
