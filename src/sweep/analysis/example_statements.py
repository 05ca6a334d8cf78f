"""The sentences about test examples below the table: other examples, and those that make a difference."""

from collections.abc import Iterator, Sequence

import pandas as pd
from scipy import stats

from sweep.analysis.cell_names import name_of, names_apart
from sweep.analysis.judged_sweep import DigitsOf, JudgedSweep
from sweep.analysis.statistics.comparison import Comparisons
from sweep.analysis.statistics.verdict import Verdict
from sweep.analysis.tables import Measure
from sweep.formats import percent, plural

MOST_NAMED = 5  # cells in one sentence
MOST_CLASSES = 3  # classes in one sentence


def example_statements(judged: JudgedSweep, axes: Sequence[str]) -> Iterator[str]:
    """Which verdicts hold for other test examples too, and which of the two sources of luck is larger."""
    found, measure = judged.comparisons, Measure.of(judged.terms.metric)
    assert found is not None
    if not any(found.sources):
        correct = judged.trials.get("test_correct")
        if judged.terms.metric == "test_accuracy" and correct is not None and correct.isna().any():
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
        yield _which(judged.digits, judged.summary, axes, measure, judged.terms.level)


def _closest(
    found: Comparisons, summary: pd.DataFrame, axes: Sequence[str], measure: Measure
) -> Iterator[str]:
    """Where the uncertainty of the smallest difference comes from."""
    known = [
        (source, str(cell))
        for source, cell in zip(found.sources, found.table["cell"], strict=True)
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
    distance = max(abs(source.difference), found.terms.margin - abs(source.difference))
    critical = float(stats.norm.isf((1 - found.terms.level) / 2))
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
