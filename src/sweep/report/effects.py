"""Main effects and interactions: a sentence for each setting, and the rows of their table."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from sweep.report.judged import JudgedSweep
from sweep.report.tables import TESTED, Measure, verdict
from sweep.report.wording import Fact
from sweep.stats.judge import Verdict

Row = Mapping[Any, Any]


def sentences(judged: JudgedSweep) -> list[Fact]:
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


HEADINGS = ("main effect", "compared with", "difference", "verdict")


def rows(effects: pd.DataFrame, metric: str) -> list[list[str]]:
    """Return the rows of a table of main effects, under `HEADINGS`."""
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
