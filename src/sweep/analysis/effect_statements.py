"""Main effects and interactions as people read them: rows of a table, and sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from sweep.analysis.statistics.contrast import Method
from sweep.analysis.tables import Measure

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
