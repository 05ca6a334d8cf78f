"""The sentences below the table of a sweep: what was tested, on what, and corrected for what."""

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from sweep.analysis.aggregate import drop_diverged
from sweep.analysis.cell_names import name_of
from sweep.analysis.example_statements import example_statements
from sweep.analysis.judged_sweep import JudgedSweep
from sweep.analysis.statistics.contrast import FEWEST_PAIRED, Method
from sweep.analysis.statistics.selection import luck_of_best
from sweep.analysis.statistics.sequential import Looks
from sweep.analysis.tables import Measure
from sweep.formats import percent


def baseline_heading(judged: JudgedSweep, axes: Sequence[str]) -> str:
    """What the baseline is called in the heading of its column."""
    if judged.comparisons is None or judged.comparisons.chosen_by:
        return "the best"
    name = name_of(judged.summary, axes, judged.comparisons.baseline)
    return name if len(axes) == 1 else "the baseline"


def statements(judged: JudgedSweep, axes: Sequence[str]) -> Iterator[str]:
    """The sentences below the table, the most important first; none has a line end."""
    most = int(judged.summary["n"].max())
    if most < FEWEST_PAIRED:
        if most:
            yield _too_few(most)
        return
    if judged.comparisons is not None:
        yield from _choice(judged, axes)
        if judged.looks is not None:
            yield _looked(judged, judged.looks)
    elif judged.reason:
        yield judged.reason
    yield _scope(judged)
    if judged.comparisons is not None:
        yield _correction(judged)
        if judged.looks is None:
            yield from example_statements(judged, axes)


def _too_few(count: int) -> str:
    if count < 2:
        return (
            "one seed a cell: no interval and no verdict, as nothing says how far another seed would be away;"
            f" seeds={FEWEST_PAIRED} or more says it"
        )
    return (
        f"{count} seeds a cell: too few seeds to say what differs; from {FEWEST_PAIRED} on there are verdicts"
    )


def _choice(judged: JudgedSweep, axes: Sequence[str]) -> Iterator[str]:
    """The baseline: how it was chosen, and how much of its lead may be the luck of the choice."""
    found, summary = judged.comparisons, judged.summary
    assert found is not None
    name = name_of(summary, axes, found.baseline)
    if found.named:
        yield f"baseline: {name}"
        return
    if judged.looks is not None:
        yield f"compared with the first cell, {name}; compare.baseline names another"
        return
    if found.chosen_by is None:
        yield (
            f"no validation part was measured, so that no cell is chosen: compared with the first, {name};"
            " compare.baseline names another"
        )
        return
    row = summary[summary["cell"] == found.baseline].iloc[0]
    measure, chosen = Measure.of(judged.terms.metric), Measure.of(found.chosen_by)
    by = chosen.spread(row[f"{found.chosen_by}_mean"], row[f"{found.chosen_by}_std"])
    text = f"best on validation: {name} ({chosen.name} {by})"
    if judged.terms.metric.startswith("test"):
        own = measure.spread(row[f"{judged.terms.metric}_mean"], row[f"{judged.terms.metric}_std"])
        text += f"; its {measure.name.removesuffix(' %')} {own} was not used to choose it"
    yield text
    validated = drop_diverged(judged.trials).dropna(subset=found.chosen_by)
    luck = luck_of_best(validated, found.chosen_by)
    if not math.isnan(luck):
        yield (
            f"luck of the choice: the best of {validated['cell'].nunique()} equal cells would lead their mean"
            f" by {chosen.amount(luck)} on validation"
        )


def _scope(judged: JudgedSweep) -> str:
    part = judged.terms.metric.partition("_")[0]
    tested = judged.trials["test_examples"].dropna() if "test_examples" in judged.trials else pd.Series()
    count = f"{int(tested.iloc[0]):,} " if part == "test" and len(set(tested)) == 1 else ""
    parts = {"test": "test", "validation": "validation", "train": "training"}
    fixed = "a number of seeds fixed beforehand" if judged.looks is None else "all looks and cells together"
    return (
        f"intervals: {percent(judged.terms.level)}, over new seeds on these {count}{parts[part]} examples,"
        f" for {fixed}"
    )


def _looked(judged: JudgedSweep, looks: Looks) -> str:
    """Of a sweep with `decide`: how many comparisons were decided, with how many trials."""
    decided = int(judged.summary["decided_after"].notna().sum())
    trained, most = int(judged.summary[["n", "diverged"]].sum().sum()), looks.seeds[-1] * len(judged.summary)
    return (
        f"looks planned after {', '.join(map(str, looks.seeds))} seeds: {decided} of {looks.comparisons}"
        f" decided, with {trained:,} of the budget's {most:,} trials; a difference is over the seeds of its"
        " last look"
    )


def _correction(judged: JudgedSweep) -> str:
    found, terms = judged.comparisons, judged.terms
    assert found is not None
    measure = Measure.of(terms.metric)
    tests = "pairs" if found.chosen_by else "comparisons" if found.family > 1 else "comparison"
    text = f"verdicts: {_methods(found.table)}"
    if judged.looks is not None:
        text += f", corrected for {judged.looks.shares} looks at a comparison (Bonferroni)"
    elif found.family > 1:
        text += f", corrected for {found.family} {tests} (Holm)"
    text += f", with {percent(1 - terms.level, '.3g')} error"
    if found.family > 1 and judged.looks is None:
        text += "; intervals are each their own, not corrected"
    if terms.margin > 0:
        text += f"; equivalent: within ±{measure.amount(terms.margin)}"
    if found.table["more_seeds"].fillna(0).gt(0).any():
        text += "; more seeds: a cell, for a verdict with 80 % probability if all is as measured"
    return text


def _methods(table: pd.DataFrame) -> str:
    names = {
        Method.PAIRED.value: "paired t test of equal seeds",
        Method.WELCH.value: "Welch's t test",
        Method.NO_SPREAD.value: "none where seeds do not differ",
        Method.TOO_FEW.value: "none where seeds are too few",
    }
    return ", ".join(names[method] for method in dict.fromkeys(table["method"]))
