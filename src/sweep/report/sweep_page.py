"""The page of a judged sweep: its table, its sentences, its effects, and the numbers behind them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sweep.core.errors import TrialsError, nearest
from sweep.core.formats import span
from sweep.report import sentences, tables
from sweep.report.judged import JudgedSweep, judge_sweep
from sweep.report.page import Block, Page, Sentences, Table, text_columns
from sweep.report.tables import TESTED, CellNames, Fact, Measure, verdict
from sweep.stats.compare import Baseline, check_comparable
from sweep.stats.judge import Criteria, Verdict
from sweep.stats.trials import METRICS, axes_of, by_axes, matching, mixture
from sweep.store.load import load


@dataclass(frozen=True)
class SweepReport:
    """A judged sweep with what its page needs: the settings that vary, and what all cells share.

    `settings` names the data and the settings that all cells share. `mixture` says which engines ran the
    trials, if there were several.
    """

    judged: JudgedSweep
    axes: Sequence[str]
    settings: str = ""
    mixture: str | None = None

    def page(self) -> Page:
        """Return the page."""
        judged, names = self.judged, CellNames(self.judged.summary, self.axes)
        blocks: list[Block] = [self._table(names)]
        if paragraphs := list(sentences.conclusion(judged, names)):
            blocks.append(Sentences(paragraphs))
        if facts := effect_sentences(judged):
            blocks += [Sentences.labelled("On average over the other settings", facts), self._effects()]
        if doubts := sentences.doubts(judged, names):
            blocks.append(Sentences.labelled("How sure is that?", doubts))
        if method := [text for text in (sentences.method(judged), self.mixture) if text]:
            blocks.append(Sentences(method))
        digits = judged.digits.which if judged.digits else None
        data = {
            "summary": judged.summary,
            "comparisons": judged.pairs,
            "effects": judged.effects,
            "interactions": judged.interactions,
            "classes": digits.classes if digits else pd.DataFrame(),
            "digits": digits.decisive if digits else pd.DataFrame(),
        }
        return Page(self._title(), blocks, data=data)

    def _title(self) -> str:
        summary = self.judged.summary
        counts = summary["n"] + summary["diverged"]
        seeds = span(int(counts.min()), int(counts.max()))
        plural = "" if seeds == "1" else "s"
        name = Measure.of(self.judged.criteria.metric).name
        what = f"{name}, {seeds} seed{plural} per setting"
        return f"{self.settings}: {what}" if self.settings else f"{what[0].upper()}{what[1:]}"

    def _table(self, names: CellNames) -> Table:
        judged, comparisons = self.judged, self.judged.comparisons
        chosen = comparisons is not None and comparisons.chosen_by is not None
        baseline = "the best" if chosen else "the baseline"
        if comparisons is not None and len(self.axes) == 1:
            baseline = names.full(comparisons.baseline).removeprefix(f"{self.axes[0]}=")
        columns = tables.columns(judged.summary, self.axes, judged.criteria, baseline=baseline, chosen=chosen)
        caption = f"{tables.CAPTION}; bold: the best, and what is not told from it"
        bold = "among_best" in judged.summary
        return Table(columns, caption=f"{caption if bold else tables.CAPTION}.", file="summary.csv")

    def _effects(self) -> Table:
        table = self.judged.effects
        correction = f", Holm-corrected for {len(table)}" if len(table) > 1 else ""
        return Table(
            text_columns(EFFECT_HEADINGS, effect_rows(table, self.judged.criteria.metric), names=2),
            caption=f"Main effects: mean differences over all other settings of the sweep{correction}.",
            file="csv",
            in_terminal=False,
        )


def report_on_store(
    results: Path, where: Mapping[str, Sequence[Any]], criteria: Criteria, *, baseline: Baseline = None
) -> SweepReport:
    """Judge the stored cells whose settings are among those of `where` against the baseline.

    Raises SweepError if nothing is stored, no cell has these settings, or they do not compare.
    """
    if criteria.metric not in METRICS:
        names = ", ".join(METRICS)
        raise TrialsError(
            f"metric={criteria.metric}: must be one of {names}{nearest(str(criteria.metric), METRICS)}"
        )
    trials = load(results, bits=criteria.metric == "test_accuracy")
    if trials.empty:
        raise TrialsError(f"{results}: no records; sweep -m hidden=16,128 trains some")
    trials = matching(trials, where)
    check_comparable(trials, criteria.metric)
    axes = axes_of(trials, [str(name) for name in trials.columns[2 : list(trials).index("status")]])
    cells = by_axes(trials[["cell", *axes]].drop_duplicates(), axes)
    trials = trials.set_index("cell").loc[cells["cell"].unique()].reset_index()
    label = ", ".join(dict.fromkeys(str(name) for name in trials["data_label"].dropna()))
    judged = judge_sweep(trials, cells, axes, criteria=criteria, baseline=baseline)
    if judged.reason:
        raise TrialsError(judged.reason)
    return SweepReport(judged, axes, label, mixture(trials))


Row = Mapping[Any, Any]


def effect_sentences(judged: JudgedSweep) -> list[Fact]:
    """Return a sentence for each setting that varies, averaged over the others, then the interactions."""
    measure = Measure.of(judged.criteria.metric)
    facts = []
    effects: list[Row] = list(judged.effects.to_dict("records"))
    for setting in dict.fromkeys(str(row["setting"]) for row in effects):
        texts = [_effect(row, measure) for row in effects if row["setting"] == setting]
        facts.append((setting, "; ".join(texts)))
    return [*facts, *_interactions(judged, measure)]


def _effect(row: Row, measure: Measure) -> str:
    """Return a main effect: relu is better than tanh by 0.30 points [0.10, 0.50]."""
    pair = f"{row['value']} and {row['against']}"
    if row["method"] not in TESTED:
        return f"{pair}: {row['method']}"
    size = measure.difference(row["difference"], row["low"], row["high"])
    undecided = row["verdict"] == Verdict.UNDECIDED
    if row["verdict"] in (Verdict.BETTER, Verdict.WORSE):
        return f"{row['value']} is {row['verdict']} than {row['against']}, {size}"
    joined = f"{row['value']} against {row['against']} is" if undecided else f"{pair} are"
    return f"{joined} {row['verdict']}, {size}"


def _interactions(judged: JudgedSweep, measure: Measure) -> Iterator[Fact]:
    """Yield a sentence for each interaction that is real, and how many others are not told from none."""
    rows = judged.interactions.to_dict("records")
    decided = [row for row in rows if row["verdict"] in (Verdict.BETTER.value, Verdict.WORSE.value)]
    for row in decided:
        sign = 1 if row["difference"] > 0 else -1
        low, high = sorted((sign * row["low"], sign * row["high"]))
        size = measure.estimate(abs(row["difference"]), low, high)
        yield (
            "together",
            f"the difference of {row['setting']}={row['value']} from {row['against']} is {size}"
            f" {'higher' if sign > 0 else 'lower'} with {row['with_setting']}={row['with_value']} than with"
            f" {row['with_against']}",
        )
    if rows and not decided:
        yield "together", f"no interaction is clear ({len(rows)} tested)"
    elif len(decided) < len(rows):
        rest = len(rows) - len(decided)
        yield "together", f"{rest} of {len(rows)} interactions cannot be told from none"


EFFECT_HEADINGS = ("main effect", "compared with", "difference", "verdict")


def effect_rows(effects: pd.DataFrame, metric: str) -> list[list[str]]:
    """Return the rows of a table of main effects, under `EFFECT_HEADINGS`."""
    measure = Measure.of(metric)
    return [
        [
            f"{row['setting']}={row['value']}",
            str(row["against"]),
            measure.difference(row["difference"], row["low"], row["high"]),
            verdict(row),
        ]
        for row in effects.to_dict("records")
    ]
