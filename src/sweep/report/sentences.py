"""The sentences below the table of a sweep: what was tested, on what, and corrected for what.

[cell_names] What sentences and figures call a cell: the settings that tell it from the others.

[effect_statements] Main effects and interactions as people read them: rows of a table, and sentences.

[example_statements] The sentences about test examples below the table: other examples, and those that make a
difference.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from scipy import stats

from sweep.core.formats import percent, plural, setting_value
from sweep.report.judged import DigitsOf, JudgedSweep
from sweep.report.tables import Measure
from sweep.stats.compare import Comparisons
from sweep.stats.contrast import FEWEST_PAIRED, Method
from sweep.stats.judge import Verdict, luck_of_best
from sweep.stats.sequential import Looks
from sweep.stats.trials import drop_diverged


def name_of(summary: pd.DataFrame, axes: Sequence[str], cell: str) -> str:
    """A cell by the settings that vary: hidden=256, momentum=0.9."""
    row = summary[summary["cell"] == cell].iloc[0]
    return ", ".join(f"{axis}={setting_value(row[axis])}" for axis in axes) or cell


def names_apart(summary: pd.DataFrame, axes: Sequence[str], cell: str, baseline: str) -> tuple[str, str]:
    """Two cells by the settings in which they differ."""
    rows = summary[summary["cell"].isin([cell, baseline])].drop_duplicates("cell")
    differing = [axis for axis in axes if len(set(map(str, rows[axis]))) > 1]
    return name_of(summary, differing, cell), name_of(summary, differing, baseline)


EFFECT_HEADINGS = ("main effect", "against", "difference", "verdict")


def effect_lines(effects: pd.DataFrame, measure: Measure) -> list[list[str]]:
    """The rows of a table of main effects, under `EFFECT_HEADINGS`."""
    return [
        [
            f"{row['setting']}={row['value']}",
            str(row["against"]),
            measure.difference(row["difference"], row["low"], row["high"]),
            _said(row),
        ]
        for row in effects.to_dict("records")
    ]


def interaction_lines(interactions: pd.DataFrame, measure: Measure) -> Iterator[str]:
    """A sentence for each interaction that is not zero by its test, then how many of them there are."""
    rows = interactions.to_dict("records")
    decided = [row for row in rows if row["verdict"] in ("better", "worse")]
    for row in decided:
        change = "higher" if row["difference"] > 0 else "lower"
        sign = 1 if row["difference"] > 0 else -1
        low, high = sorted((sign * row["low"], sign * row["high"]))
        size = measure.estimate(abs(row["difference"]), low, high)
        yield (
            f"interaction: the difference of {row['setting']}={row['value']} from {row['against']} is {size}"
            f" {change} with {row['with_setting']}={row['with_value']} than with {row['with_against']}"
        )
    if rows:
        rest = len(rows) - len(decided)
        yield f"interactions: {len(decided)} of {len(rows)} told from none (Holm); {rest} not"


def _said(row: Mapping[Any, Any]) -> str:
    return str(row["method"] if row["method"] == Method.TOO_FEW.value else row["verdict"])


MOST_NAMED = 5  # cells in one sentence
MOST_CLASSES = 3  # classes in one sentence


def example_statements(judged: JudgedSweep, axes: Sequence[str]) -> Iterator[str]:
    """Which verdicts hold for other test examples too, and which of the two sources of luck is larger."""
    found, measure = judged.comparisons, Measure.of(judged.criteria.metric)
    assert found is not None
    if not any(found.two_way):
        correct = judged.trials.get("test_correct")
        if judged.criteria.metric == "test_accuracy" and correct is not None and correct.isna().any():
            yield "on new test examples: not known, as records of schema 1 do not say which ones are right"
        return
    other = [
        row
        for row in found.table.to_dict("records")
        if isinstance(row["verdict_new_digits"], str) and row["verdict_new_digits"] != row["verdict"]
    ]
    texts = [
        f"{name_of(judged.summary, axes, row['cell'])} {row['verdict_new_digits']}"
        f" ({measure.interval(row['low_new_digits'], row['high_new_digits'])})"
        for row in other[:MOST_NAMED]
    ]
    texts += [f"and {len(other) - MOST_NAMED} more"] if len(other) > MOST_NAMED else []
    yield f"on new test examples, too: {', '.join(texts) or 'the same verdicts'}"
    yield from _closest(found, judged.summary, axes, measure)
    if judged.digits is not None:
        yield _which(judged.digits, judged.summary, axes, measure, judged.criteria.level)


def _closest(
    found: Comparisons, summary: pd.DataFrame, axes: Sequence[str], measure: Measure
) -> Iterator[str]:
    """Where the uncertainty of the smallest difference comes from."""
    known = [
        (source, str(cell))
        for source, cell in zip(found.two_way, found.table["cell"], strict=True)
        if source is not None
    ]
    source, cell = min(known, key=lambda one: abs(one[0].difference))
    names = " and ".join(names_apart(summary, axes, cell, found.baseline))
    share = source.shares.examples
    yield (
        f"luck between {names}: {percent(1 - share, '.0f')} of its variance is the seeds',"
        f" {percent(share, '.0f')} that of the choice of test examples, which more seeds leave;"
        f" single runs of both differ by ±{measure.amount(source.one_run)} for no other reason"
    )
    verdict = found.table.loc[found.table["cell"] == cell, "verdict_new_digits"].item()
    distance = max(abs(source.difference), found.criteria.margin - abs(source.difference))
    critical = float(stats.norm.isf((1 - found.criteria.level) / 2))
    if verdict == Verdict.UNDECIDED.value and critical * source.standard_error_endless_seeds > distance:
        yield (
            "on new test examples no number of seeds decides that, only more test examples: about"
            f" {source.examples_needed(distance / critical):,}"
        )


def _which(
    digits: DigitsOf, summary: pd.DataFrame, axes: Sequence[str], measure: Measure, level: float
) -> str:
    """The classes and single examples behind the smallest difference that is better or worse."""
    found, noun = digits.found, digits.found.examples.noun
    cell, baseline = names_apart(summary, axes, digits.cell, digits.baseline)
    classes = found.classes[found.classes["p_adjusted"] <= 1 - level]
    largest = classes.loc[classes["difference"].abs().sort_values(ascending=False).index[:MOST_CLASSES]]
    parts = [
        f"{row['class']} {measure.difference(row['difference'], row['low'], row['high'])}"
        for row in largest.to_dict("records")
    ]
    by_class = f"{len(classes)} of {len(found.classes)} classes by themselves, most {', '.join(parts)}"
    gained, lost = found.expected_by_luck
    singles = plural(len(found.lost), f"single {noun}")
    return (
        f"which {noun}s make the difference of {cell} from {baseline}:"
        f" {by_class if parts else 'no class by itself'}; right in most seeds of {baseline} and in few of"
        f" {cell}: {singles} ({lost:.1f} by luck); the other way round: {len(found.gained)}"
        f" ({gained:.1f} by luck)"
    )


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
    measure, chosen = Measure.of(judged.criteria.metric), Measure.of(found.chosen_by)
    by = chosen.spread(row[f"{found.chosen_by}_mean"], row[f"{found.chosen_by}_std"])
    text = f"best on validation: {name} ({chosen.name} {by})"
    if judged.criteria.metric.startswith("test"):
        own = measure.spread(row[f"{judged.criteria.metric}_mean"], row[f"{judged.criteria.metric}_std"])
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
    part = judged.criteria.metric.partition("_")[0]
    tested = judged.trials["test_examples"].dropna() if "test_examples" in judged.trials else pd.Series()
    count = f"{int(tested.iloc[0]):,} " if part == "test" and len(set(tested)) == 1 else ""
    parts = {"test": "test", "validation": "validation", "train": "training"}
    fixed = "a number of seeds fixed beforehand" if judged.looks is None else "all looks and cells together"
    return (
        f"intervals: {percent(judged.criteria.level)}, over new seeds on these {count}{parts[part]} examples,"
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
    found, criteria = judged.comparisons, judged.criteria
    assert found is not None
    measure = Measure.of(criteria.metric)
    tests = "pairs" if found.chosen_by else "comparisons" if found.family > 1 else "comparison"
    text = f"verdicts: {_methods(found.table)}"
    if judged.looks is not None:
        text += f", corrected for {judged.looks.shares} looks at a comparison (Bonferroni)"
    elif found.family > 1:
        text += f", corrected for {found.family} {tests} (Holm)"
    text += f", with {percent(1 - criteria.level, '.3g')} error"
    if found.family > 1 and judged.looks is None:
        text += "; intervals are each their own, not corrected"
    if criteria.margin > 0:
        text += f"; equivalent: within ±{measure.amount(criteria.margin)}"
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
