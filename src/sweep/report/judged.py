"""A sweep judged: the summary of its cells, and which of their differences are real."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from sweep.core.errors import SweepError, TrialsError
from sweep.stats.compare import Baseline, Comparable, Comparisons, Observations
from sweep.stats.contrast import FEWEST_PAIRED, mean_intervals
from sweep.stats.digits import WhichDigits, which_digits
from sweep.stats.effects import interactions, main_effects
from sweep.stats.judge import Criteria, Verdict
from sweep.stats.sequential import Looks
from sweep.stats.trials import drop_diverged, factors, summarise

MOST_COMPARED = 100  # cells that are all compared with each other


@dataclass(frozen=True)
class JudgedSweep:
    """The summary of a sweep's cells and the verdicts on their differences.

    `summary` has a row a cell (see `trials.summarise`), with the interval of its mean in `<metric>_low` and
    `<metric>_high`, and its comparison with the baseline. `comparisons` is None if there is a single cell or
    nothing to compare; `reason` says why if a reader could not tell. `pairs` compares every cell with every
    other. `effects` and `interactions` are empty if only one setting varies. `looks` are those of a sweep
    with `decide`. `digits` are the test examples behind the smallest difference that is better or worse; None
    if there is no such difference, or if records or data do not say which examples they are.
    """

    criteria: Criteria
    summary: pd.DataFrame
    trials: pd.DataFrame
    comparisons: Comparisons | None
    pairs: pd.DataFrame
    effects: pd.DataFrame
    interactions: pd.DataFrame
    reason: str = ""
    looks: Looks | None = None
    digits: "DigitsOf | None" = None


@dataclass(frozen=True)
class DigitsOf:
    """The test examples that make the difference of a cell from the baseline."""

    cell: str
    baseline: str
    which: WhichDigits


def judge_sweep(
    trials: pd.DataFrame,
    cells: pd.DataFrame,
    axes: Sequence[str],
    *,
    criteria: Criteria,
    baseline: Baseline = None,
    root: str | None = None,
) -> JudgedSweep:
    """Judge the trials of a sweep, whose `cells` have a row each: `cell`, and its values of the `axes`.

    `root` is the folder of the data's files, if they are not MNIST's; images are read from there.
    """
    summary = cells.merge(summarise(trials), on="cell", sort=False)
    trials = _in_order(trials, cells)
    counted, enough = drop_diverged(trials), summary["n"].max() >= FEWEST_PAIRED
    if enough:
        intervals = mean_intervals(counted, criteria.metric, criteria.level)
        summary = summary.join(intervals.add_prefix(f"{criteria.metric}_"), on="cell")
    alone = _without_comparisons(summary, trials, criteria)
    if not (enough and len(set(counted["cell"])) > 1 and counted[criteria.metric].notna().any()):
        return alone
    try:
        comparable = Comparable.of(trials, criteria)
        comparisons = comparable.against(baseline)
    except TrialsError as error:
        return replace(alone, reason=str(error))
    # Whatever is compared, the table shows which cells cannot be told from the best.
    best = comparisons if baseline is None else comparable.against(None)
    judged = replace(
        alone,
        summary=summary.merge(_columns(comparisons, best), on="cell", how="left", sort=False),
        comparisons=comparisons,
        pairs=comparable.every_pair() if cells["cell"].nunique() <= MOST_COMPARED else comparisons.table,
        digits=_digits(trials, comparisons, root),
    )
    named = comparisons.baseline if comparisons.named else None
    return _with_effects(judged, comparable.observed, cells, axes, named)


def _in_order(trials: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the trials in the order of the cells; a cell that is listed twice keeps its first position."""
    positions = {cell: index for index, cell in reversed(list(enumerate(cells["cell"])))}
    return trials.sort_values("cell", key=lambda names: names.map(positions), kind="stable")


def _with_effects(
    judged: JudgedSweep, observed: Observations, cells: pd.DataFrame, axes: Sequence[str], named: str | None
) -> JudgedSweep:
    """Add main effects and interactions, if several settings vary independently of each other."""
    if len(factors(cells, axes)) < 2:
        return judged
    effects, crossed = (
        table(observed, cells, axes, criteria=judged.criteria, baseline=named)
        for table in (main_effects, interactions)
    )
    return replace(judged, effects=effects, interactions=crossed)


def _without_comparisons(summary: pd.DataFrame, trials: pd.DataFrame, criteria: Criteria) -> JudgedSweep:
    nothing = pd.DataFrame()
    return JudgedSweep(criteria, summary, trials, None, nothing, nothing, nothing)


def _digits(trials: pd.DataFrame, comparisons: Comparisons, root: str | None) -> DigitsOf | None:
    table = comparisons.table
    different = table[table["verdict"].isin([Verdict.BETTER.value, Verdict.WORSE.value])]
    if different.empty or not any(comparisons.two_way):
        return None
    row = min(different.to_dict("records"), key=lambda one: abs(one["difference"]))
    level = comparisons.criteria.level
    try:
        which = which_digits(
            trials, row["cell"], row["baseline"], paired=bool(row["paired"]), root=root, level=level
        )
    except SweepError:  # the data's files are not here; nothing else depends on them
        return None
    return DigitsOf(row["cell"], row["baseline"], which)


def judge_decided(
    trials: pd.DataFrame, cells: pd.DataFrame, decided: Comparisons, *, looks: Looks
) -> JudgedSweep:
    """Judge a sweep with `decide` by the decisions that were taken while it was trained.

    There are no effects and no intervals of means: they assume a number of seeds that was fixed beforehand.
    """
    summary = cells.merge(summarise(trials), on="cell", sort=False)
    alone = _without_comparisons(summary, trials, decided.criteria)
    if decided.table.empty:
        return replace(alone, reason="no verdicts: the sweep ended before its first look", looks=looks)
    summary = summary.merge(_columns(decided), on="cell", how="left", sort=False)
    return replace(alone, summary=summary, comparisons=decided, pairs=decided.table, looks=looks)


def _columns(comparisons: Comparisons, best: Comparisons | None = None) -> pd.DataFrame:
    """Return the columns of the summary about the comparisons; the baseline has a row without numbers.

    `best` are comparisons with the best cell: `among_best` are that cell and those that are not worse.
    """
    renamed = {"low": "difference_low", "high": "difference_high"}
    names = ["cell", "difference", *renamed.values(), "p_adjusted", "verdict", "method", "more_seeds"]
    names += [name for name in map(str, comparisons.table) if name.endswith(("_new_digits", "_after"))]
    table = comparisons.table.rename(columns=renamed)[names]
    base = pd.DataFrame([{"cell": comparisons.baseline, "verdict": "baseline"}])
    table = pd.concat([table, base], ignore_index=True)
    table.insert(1, "baseline", comparisons.baseline)
    if best is not None and best.chosen_by:
        apart = best.table["verdict"].eq(Verdict.WORSE.value) | best.table["p"].isna()
        table["among_best"] = ~table["cell"].isin(best.table.loc[apart, "cell"])
    return table
