"""All cells against one of them: which differences are real."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sweep.analysis.aggregate import drop_diverged
from sweep.analysis.matching import matching
from sweep.analysis.statistics.contrast import Contrast
from sweep.analysis.statistics.judgement import verdict_table
from sweep.analysis.statistics.observations import Observations
from sweep.analysis.statistics.selection import best
from sweep.analysis.statistics.sources import Correct, on_new_digits
from sweep.analysis.statistics.terms import Pairing, Terms
from sweep.analysis.statistics.two_way import TwoWay
from sweep.errors import TrialsError
from sweep.records.table import load

MOST_PAIRS = 5000  # of which all p values are computed, for a smaller correction
MOST_CROSSED = 25  # cells all of whose pairs are also looked at example by example
Baseline = str | Mapping[str, Any] | None


@dataclass(frozen=True)
class Comparisons:
    """The `table` of `compare`, and what must be said with it.

    `baseline` is the cell that all others stand against; `chosen_by` the measure by which the data chose it,
    None where it was `named` or is merely the first; `family` the number of tests that p is corrected for;
    `sources` the two sources of luck in each row, where records say which examples are right.
    """

    table: pd.DataFrame
    terms: Terms
    baseline: str
    chosen_by: str | None
    named: bool
    family: int
    sources: Sequence[TwoWay | None] = field(default=(), repr=False)


def compare(
    trials: str | Path | pd.DataFrame,
    baseline: Baseline = None,
    metric: str = "test_accuracy",
    paired: Pairing = "auto",
    margin: float = 0.002,
    level: float = 0.95,
) -> pd.DataFrame:
    """Every cell against a baseline: one row a comparison. See `sweep.compare`."""
    return compare_cells(loaded(trials, metric), baseline, Terms(metric, margin, level, paired)).table


def loaded(trials: str | Path | pd.DataFrame, metric: str) -> pd.DataFrame:
    """The trials of a store, with what each gets right where that is compared; a table as it is."""
    if isinstance(trials, pd.DataFrame):
        return trials
    if not isinstance(trials, str | Path):
        kind = type(trials).__name__
        raise TrialsError(f"trials={kind}: must be a folder or file of records, or a table of sweep.load()")
    return load(trials, bits=metric == "test_accuracy")


def compare_cells(trials: pd.DataFrame, baseline: Baseline, terms: Terms) -> Comparisons:
    """Every cell of the trials against the baseline, or against the best on validation, or the first."""
    check_comparable(trials, terms.metric)
    counted = drop_diverged(trials) if "status" in trials else trials
    if counted.empty:
        raise TrialsError(
            "no trials to compare: every one diverged" if len(trials) else "no trials to compare"
        )
    observed = Observations.of(counted, terms.metric)
    chosen = best(counted, terms.metric) if baseline is None else None
    against = (
        _named(counted, baseline) if baseline is not None else chosen[0] if chosen else observed.cells[0]
    )
    position = observed.cells.index(against)
    others = [index for index in range(len(observed.cells)) if index != position]
    found = [observed.contrast(other, position, terms.pairing) for other in others]
    # Any pair might have been the one that is looked at, where the data chooses one of the two.
    pairs = _all_pairs(observed, terms) if chosen else {}
    family = len(others) * len(observed.cells) // 2 if chosen else len(others)
    beside = {pair: one for pair, one in pairs.items() if position not in pair}
    table = verdict_table(found, terms, family, list(beside.values()))
    sources: list[TwoWay | None] = []
    if correct := Correct.of(counted, terms.metric):
        names = observed.cells
        sources = [
            correct.two_way(names[other], against, one) for other, one in zip(others, found, strict=True)
        ]
        rest = [
            correct.two_way(names[second], names[first], one)
            for (first, second), one in (beside.items() if len(names) <= MOST_CROSSED else ())
        ]
        table = table.join(on_new_digits(sources, terms, family, rest))
    table.insert(0, "cell", [observed.cells[other] for other in others])
    table.insert(1, "baseline", against)
    return Comparisons(
        table, terms, against, chosen[1] if chosen else None, baseline is not None, family, sources
    )


def compare_pairs(trials: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    """Every cell against every other, in the order of the cells: the second of two against the first."""
    observed = Observations.of(drop_diverged(trials) if "status" in trials else trials, terms.metric)
    pairs = _all_pairs(observed, terms)
    table = verdict_table(list(pairs.values()), terms, len(pairs))
    table.insert(0, "cell", [observed.cells[second] for _, second in pairs])
    table.insert(1, "baseline", [observed.cells[first] for first, _ in pairs])
    return table


def _all_pairs(observed: Observations, terms: Terms) -> dict[tuple[int, int], Contrast]:
    """All pairs of cells, by positions, or none where they are too many to look at."""
    count = len(observed.cells)
    if count * (count - 1) // 2 > MOST_PAIRS:
        return {}
    return {
        pair: observed.contrast(*pair[::-1], terms.pairing)
        for pair in itertools.combinations(range(count), 2)
    }


def _named(trials: pd.DataFrame, baseline: str | Mapping[str, Any]) -> str:
    """The cell that a baseline names: by its id, or by settings that one cell alone has."""
    where = baseline if isinstance(baseline, Mapping) else {"cell": baseline}
    found = matching(trials, {str(key): [value] for key, value in where.items()})["cell"].unique()
    if len(found) > 1:
        raise TrialsError(f"baseline={dict(where)}: {len(found)} cells have these settings; must be one")
    return str(found[0])


def check_comparable(trials: pd.DataFrame, metric: str) -> None:
    """Raise TrialsError where trials were tested on different examples, whose accuracies do not compare."""
    if "data.digest" in trials and len(set(trials["data.digest"])) > 1:
        labels = list(trials["data_label"]) if "data_label" in trials else []
        names = ", ".join(dict.fromkeys(map(str, labels))) or "unnamed"
        raise TrialsError(
            f"trials of different data ({names}): not compared; choose one, as by data_label=..."
        )
    known = trials["test_examples_sha256"].dropna() if "test_examples_sha256" in trials else ()
    if metric.startswith("test") and len(set(known)) > 1:
        raise TrialsError(
            "trials with different test examples: not compared; choose some, as by data.test_size=..."
        )
