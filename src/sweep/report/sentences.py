"""The sentences below the table of a sweep: the conclusion, the doubts by name, then the method.

Each function says one thing. A function that has nothing to say yields nothing, and what chance explains is
not said at all.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from scipy import stats

from sweep.core.formats import percent, plural
from sweep.report.judged import JudgedSweep
from sweep.report.tables import MOST_NAMED, TESTED, CellNames, Fact, Measure, examples_noun, listed
from sweep.stats.compare import Comparisons
from sweep.stats.contrast import FEWEST_PAIRED, Method
from sweep.stats.judge import Verdict, higher_is_better, luck_of_best, smallest_difference
from sweep.stats.single_runs import beats
from sweep.stats.trials import drop_diverged

MOST_CLASSES = 3  # classes in one sentence
CLEAR = 5  # a decided comparison with p above a fifth of the error rate is called narrow
DOCS = "docs/statistics.md"

Row = Mapping[Any, Any]


def conclusion(judged: JudgedSweep, names: CellNames) -> Iterator[str]:
    """Yield what the sweep found, a paragraph each."""
    most = int(judged.summary["n"].max())
    if most < FEWEST_PAIRED:
        if most:
            yield _too_few_seeds(most)
    elif judged.comparisons is None:
        if judged.reason:
            yield judged.reason
    else:
        yield " ".join([_baseline(judged, names), *_verdicts(judged, names)])
        if judged.looks is not None:
            yield _looks(judged)


def _too_few_seeds(count: int) -> str:
    if count == 1:
        return (
            "One seed per setting says nothing about spread; use seeds=3 or more for intervals and verdicts."
        )
    return (
        f"{count} seeds per setting are too few to tell a difference from luck; use seeds=3 or more for"
        " intervals and verdicts."
    )


def _baseline(judged: JudgedSweep, names: CellNames) -> str:
    """Return the sentence that says what the other cells are compared with, and why."""
    comparisons, summary = judged.comparisons, judged.summary
    assert comparisons is not None
    name = names.full(comparisons.baseline)
    if comparisons.named:
        return f"All settings are compared with {name}, as you asked."
    if comparisons.chosen_by is None:
        why = "" if judged.looks else "No validation part was measured, so no setting was chosen as best. "
        return f"{why}All settings are compared with the first, {name}; compare.baseline names another."
    row = summary[summary["cell"] == comparisons.baseline].iloc[0]
    measure = Measure.of(comparisons.chosen_by)
    size = measure.with_unit(*(row[f"{comparisons.chosen_by}_{part}"] for part in ("mean", "std")))
    return f"{name} did best on validation ({size})."


def _verdicts(judged: JudgedSweep, names: CellNames) -> Iterator[str]:
    """Yield a sentence for each kind of verdict that some cells have."""
    comparisons = judged.comparisons
    assert comparisons is not None
    measure = Measure.of(judged.criteria.metric)
    labels: dict[str, list[str]] = {}
    sizes: dict[str, list[str]] = {}
    rows = comparisons.table.to_dict("records")
    for row in sorted(rows, key=lambda row: abs(row["difference"])):
        kind = row["verdict"] if row["method"] in TESTED else row["method"]
        label = names.beside(row["cell"], comparisons.baseline)
        labels.setdefault(kind, []).append(label)
        sizes.setdefault(kind, []).append(f"{label} by {measure.number(abs(row['difference']))}")
    if comparisons.chosen_by is None:
        for kind in (Verdict.BETTER, Verdict.WORSE):
            if kind in sizes:
                yield f"{kind.value.capitalize()}: {_by_size(sizes[kind], measure)}."
    else:
        yield from _leads(judged, sizes.get(Verdict.WORSE, []), measure)
        if Verdict.BETTER in sizes:
            lost = _by_size(sizes[Verdict.BETTER], measure)
            yield f"On the test part it lost to {lost}, but nothing is chosen by that."
    if equivalent := labels.get(Verdict.EQUIVALENT):
        verb = "is" if len(equivalent) == 1 else "are"
        margin = measure.amount(judged.criteria.margin)
        yield f"{listed(equivalent)} {verb} equivalent to it, within ±{margin}."
    if undecided := labels.get(Verdict.UNDECIDED):
        yield f"Whether it differs from {listed(undecided, 'or')} is undecided."
    for reason in (Method.TOO_FEW.value, Method.NO_SPREAD.value):
        if reason in labels:
            yield f"No verdict for {listed(labels[reason])}: {reason}."


def _leads(judged: JudgedSweep, sizes: Sequence[str], measure: Measure) -> Iterator[str]:
    """Yield by how much the chosen cell leads those that are worse, and that luck does not explain it."""
    if not sizes:
        return
    part, _, _ = judged.criteria.metric.partition("_")
    where = {
        "test": f"On the test {examples_noun(judged.trials)}, which were not used to choose it, it",
        "validation": "It",
        "train": "On the training part it",
    }[part]
    yield f"{where} leads {_by_size(sizes, measure)}."
    how_many = {1: "This lead is", 2: "Both leads are"}.get(len(sizes), f"All {len(sizes)} leads are")
    yield f"{how_many} larger than the luck of the seeds."


def _by_size(sizes: Sequence[str], measure: Measure) -> str:
    """Return cells with the sizes of their differences: 128 by 0.21 and 16 by 3.59 points."""
    unit = " points" if measure.factor == 100 else ""
    if len(sizes) <= MOST_NAMED:
        return f"{listed(sizes)}{unit}"
    return f"{len(sizes)} settings, from {sizes[0]} to {sizes[-1]}{unit}"


def _looks(judged: JudgedSweep) -> str:
    """Return how many comparisons of a sweep with `decide` were decided, and with how many trials."""
    looks, summary = judged.looks, judged.summary
    assert looks is not None
    decided = int(summary["decided_after"].notna().sum())
    trained, most = int(summary[["n", "diverged"]].sum().sum()), looks.seeds[-1] * len(summary)
    return (
        f"{decided} of {plural(looks.comparisons, 'comparison')} decided, with {trained:,} of the budget's"
        f" {most:,} trials. Each difference is over the seeds of its last look."
    )


def doubts(judged: JudgedSweep, names: CellNames) -> list[Fact]:
    """Return what may be luck all the same: seeds, test examples, single runs, the choice of the best."""
    facts = [*_failures(judged, names)]
    if judged.comparisons is not None and int(judged.summary["n"].max()) >= FEWEST_PAIRED:
        facts += _narrow(judged, names)
        if judged.looks is None:
            facts += _new_examples(judged, names)
        facts += _single_runs(judged, names)
        facts += _flattery(judged)
        if judged.looks is None:
            facts += _which_examples(judged, names)
    return facts


def _failures(judged: JudgedSweep, names: CellNames) -> Iterator[Fact]:
    """Yield which cells have seeds that diverged or died."""
    for column, what in (
        ("diverged", "left out of the mean"),
        ("dead", "one answer for every input, part of the mean"),
    ):
        rows = judged.summary[judged.summary[column] > 0].to_dict("records")
        texts = [
            f"{row[column]} of {row['n'] + row['diverged']} seeds of {names.full(row['cell'])}"
            for row in rows
        ]
        if texts:
            yield column, f"{listed(texts)} ({what})"


def _narrow(judged: JudgedSweep, names: CellNames) -> Iterator[Fact]:
    """Yield which verdicts hang on few seeds, and what would make them clear."""
    comparisons, criteria = judged.comparisons, judged.criteria
    assert comparisons is not None
    rows = comparisons.table.to_dict("records")
    labels = {row["cell"]: names.beside(row["cell"], comparisons.baseline) for row in rows}
    limit = (1 - criteria.level) / CLEAR
    narrow = [
        f"{labels[row['cell']]} (p = {row['p_adjusted']:.2g})"
        for row in rows
        if row["verdict"] in (Verdict.BETTER, Verdict.WORSE) and row["p_adjusted"] > limit
    ]
    undecided = [row for row in rows if row["verdict"] == Verdict.UNDECIDED and row["method"] in TESTED]
    texts = [f"narrow for {listed(narrow)}"] if narrow else []
    if undecided:
        texts.append(f"too few for {listed([labels[row['cell']] for row in undecided])}")
        texts += _would_have_found(undecided, comparisons)
    if texts and judged.looks is None:
        texts.append(f"decide={criteria.margin or 0.002:g} adds seeds until clear")
    elif undecided:
        texts.append("a larger budget may decide")
    if texts:
        yield "seeds", "; ".join(texts)


def _would_have_found(undecided: Sequence[Row], comparisons: Comparisons) -> Iterator[str]:
    """Yield the smallest difference that the seeds would have found in most sweeps, in the worst case."""
    criteria = comparisons.criteria
    level = 1 - (1 - criteria.level) / max(comparisons.family, 1)
    sizes = [
        smallest_difference(row["standard_error"], min(row["n"], row["n_baseline"]) - 1, level)
        for row in undecided
    ]
    size = Measure.of(criteria.metric).amount(max(sizes))
    yield f"they find a difference of {size} in 8 sweeps of 10"


def _new_examples(judged: JudgedSweep, names: CellNames) -> Iterator[Fact]:
    """Yield which verdicts would hold for other test examples, too."""
    comparisons, measure = judged.comparisons, Measure.of(judged.criteria.metric)
    assert comparisons is not None
    label = f"test {examples_noun(judged.trials)}"
    if not any(comparisons.two_way):
        correct = judged.trials.get("test_correct")
        if judged.criteria.metric == "test_accuracy" and correct is not None and correct.isna().any():
            yield label, "not known for others: records of schema 1 do not say which ones are right"
        return
    count = f"another {_tested(judged):,} {label}"
    rows = [row for row in comparisons.table.to_dict("records") if isinstance(row["verdict_new_digits"], str)]
    changed = [
        f"{names.beside(row['cell'], comparisons.baseline)} {row['verdict_new_digits']}"
        f" ({measure.interval(row['low_new_digits'], row['high_new_digits'])})"
        for row in rows
        if row["verdict_new_digits"] != row["verdict"]
    ]
    if changed:
        yield label, f"on {count}: {listed(changed)}"
    elif any(row["verdict"] != Verdict.UNDECIDED.value for row in rows):
        yield label, f"{count} would give the same verdicts"
    yield from _examples_needed(comparisons, label)


def _examples_needed(comparisons: Comparisons, label: str) -> Iterator[Fact]:
    """Yield how many test examples it would take, if no number of seeds decides the smallest difference."""
    pairs = [
        (source, row)
        for source, row in zip(comparisons.two_way, comparisons.table.to_dict("records"), strict=True)
        if source is not None
    ]
    source, row = min(pairs, key=lambda pair: abs(pair[0].difference))
    distance = max(abs(source.difference), comparisons.criteria.margin - abs(source.difference))
    critical = float(stats.norm.isf((1 - comparisons.criteria.level) / 2))
    undecided = row["verdict_new_digits"] == Verdict.UNDECIDED.value
    if undecided and critical * source.standard_error_endless_seeds > distance:
        needed = source.examples_needed(distance / critical)
        yield label, f"no number of seeds decides that, only more of them: about {needed:,}"


def _tested(judged: JudgedSweep) -> int:
    assert judged.comparisons is not None
    return next(source.examples for source in judged.comparisons.two_way if source is not None)


def _single_runs(judged: JudgedSweep, names: CellNames) -> Iterator[Fact]:
    """Yield how often a new run of one of the two closest cells beats a new run of the other."""
    comparisons = judged.comparisons
    assert comparisons is not None
    rows = comparisons.table[comparisons.table["method"].isin(TESTED)].to_dict("records")
    if not rows:
        return
    closest = min(rows, key=lambda row: abs(row["difference"]))
    trials, metric = drop_diverged(judged.trials), judged.criteria.metric
    sign = 1 if higher_is_better(metric) else -1
    cell, baseline = closest["cell"], comparisons.baseline
    named = [
        (names.beside(first, second), trials.loc[trials["cell"] == first, metric].to_numpy())
        for first, second in ((cell, baseline), (baseline, cell))
    ]
    (worse, fewer), (better, more) = sorted(named, key=lambda pair: sign * pair[1].mean())
    chance = beats(sign * more, sign * fewer, judged.criteria.level)
    if chance is None:
        spread = Measure.of(metric).amount(math.hypot(more.std(ddof=1), fewer.std(ddof=1)))
        yield "single runs", f"a run with {better} and one with {worse} differ by ±{spread} by chance"
    else:
        share, low, high = (f"{100 * number:.0f}" for number in chance)
        yield (
            "single runs",
            f"a run with {better} beats one with {worse} in {share} of 100 [{low}, {high}]",
        )


def _flattery(judged: JudgedSweep) -> Iterator[Fact]:
    """Yield how much choosing the best cell flatters its validation score."""
    comparisons = judged.comparisons
    assert comparisons is not None
    if comparisons.chosen_by is None:
        return
    validated = drop_diverged(judged.trials).dropna(subset=comparisons.chosen_by)
    luck = luck_of_best(validated, comparisons.chosen_by)
    if not math.isnan(luck):
        measure, count = Measure.of(comparisons.chosen_by), validated["cell"].nunique()
        text = f"picking the winner flatters its {measure.name} by about {measure.amount(luck)}"
        yield f"best of {count}", text


def _which_examples(judged: JudgedSweep, names: CellNames) -> Iterator[Fact]:
    """Yield which classes and single examples make the smallest decided difference, if chance does not."""
    if judged.digits is None:
        return
    which, measure = judged.digits.which, Measure.of(judged.criteria.metric)
    cell = names.beside(judged.digits.cell, judged.digits.baseline)
    baseline = names.beside(judged.digits.baseline, judged.digits.cell)
    classes = which.classes[which.classes["p_adjusted"] <= 1 - judged.criteria.level]
    if len(classes):
        order = classes["difference"].abs().sort_values(ascending=False).index[:MOST_CLASSES]
        rows = classes.loc[order].to_dict("records")
        texts = [f"{row['class']} by {measure.signed(row['difference'])}" for row in rows]
        differ = "differs by itself" if len(classes) == 1 else "differ by themselves"
        yield "classes", f"{len(classes)} of {len(which.classes)} {differ}: {listed(texts)} points"
    if which.beyond_chance:
        yield (
            f"single {which.examples.noun}s",
            f"{len(which.lost):,} are right in most runs of {baseline} and few of {cell},"
            f" {len(which.gained):,} the other way round; chance gives {sum(which.expected_by_luck):,.0f}",
        )


def method(judged: JudgedSweep) -> str:
    """Return how the verdicts were found, corrected for what, and what the intervals hold for."""
    if int(judged.summary["n"].max()) < FEWEST_PAIRED:
        return ""
    level = percent(judged.criteria.level)
    where = f"new seeds on these {_examples(judged)}"
    if judged.looks is not None:
        text = f"{level} intervals hold for all looks and settings together, for {where}."
    else:
        text = f"{level} intervals are for {where}, assuming you fixed the number of seeds in advance"
        many = judged.comparisons is not None and judged.comparisons.family > 1
        text += "; they are per row, not corrected." if many else "."
    tests = f"{_tests(judged)} " if judged.comparisons is not None else ""
    return f"{tests}{text} Explained in {DOCS}."


def _tests(judged: JudgedSweep) -> str:
    """Return the tests, the correction and the error rate: Paired t-tests on the same seeds, ..."""
    comparisons, criteria = judged.comparisons, judged.criteria
    assert comparisons is not None
    names = {Method.PAIRED.value: "paired t-tests on the same seeds", Method.WELCH.value: "Welch's t-tests"}
    tests = [names[method] for method in dict.fromkeys(comparisons.table["method"]) if method in names]
    if not tests:
        return ""
    text = f"{listed(tests)}".capitalize().replace("welch", "Welch")
    if judged.looks is not None:
        text += (
            f" after {listed([str(seeds) for seeds in judged.looks.seeds], most=20)} seeds, corrected for"
            f" {judged.looks.shares} looks (Bonferroni)"
        )
    elif comparisons.family > 1:
        text += f", Holm-corrected for {comparisons.family} comparisons"
    text += f", {percent(1 - criteria.level, '.3g')} error rate."
    if comparisons.table["verdict"].eq(Verdict.EQUIVALENT.value).any():
        text += f" Equivalent means within ±{Measure.of(criteria.metric).amount(criteria.margin)}."
    return text


def _examples(judged: JudgedSweep) -> str:
    """Return the examples that accuracies are measured on: 10,000 test digits."""
    part = judged.criteria.metric.partition("_")[0]
    tested = judged.trials["test_examples"].dropna() if "test_examples" in judged.trials else pd.Series()
    count = f"{int(tested.iloc[0]):,} " if part == "test" and len(set(tested)) == 1 else ""
    parts = {"test": "test", "validation": "validation", "train": "training"}
    return f"{count}{parts[part]} {examples_noun(judged.trials)}"
