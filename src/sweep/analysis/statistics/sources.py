"""Comparisons that also hold for new test examples, from which examples each network gets right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweep.analysis.statistics import new_examples
from sweep.analysis.statistics.contrast import Contrast, Method
from sweep.analysis.statistics.families import holm
from sweep.analysis.statistics.terms import Terms
from sweep.analysis.statistics.two_way import Outcomes, TwoWay, two_way, two_way_of
from sweep.analysis.statistics.verdict import judge

Bits = NDArray[np.bool_]  # (seeds, test examples)
# With fewer examples and fewer seeds than these, intervals for new examples are too narrow in simulations.
FEW_EXAMPLES, FEW_SEEDS = 2000, 10


@dataclass(frozen=True)
class Correct:
    """Which test examples the trials of each cell get right.

    By cell id, `seeds` has its seed indices and `bits` (seeds, examples) whether each is right.
    """

    seeds: Mapping[str, list[int]]
    bits: Mapping[str, Bits]
    _known: dict[str, Outcomes] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(trials: pd.DataFrame, metric: str) -> "Correct | None":
        """From trials with `bits`; None where a trial lacks them, or for a metric but the test accuracy."""
        if metric != "test_accuracy" or "test_correct" not in trials or trials["test_correct"].isna().any():
            return None
        groups = dict(list(trials.groupby("cell", sort=False)))
        return Correct(
            {str(cell): list(own["seed"]) for cell, own in groups.items()},
            {str(cell): np.stack(list(own["test_correct"])) for cell, own in groups.items()},
        )

    def two_way(self, cell: str, baseline: str, contrast: Contrast) -> TwoWay | None:
        """The two sources of luck in a difference; None where its error is unknown."""
        if contrast.method not in (Method.PAIRED, Method.WELCH):
            return None
        if self.bits[cell].shape[1] < FEW_EXAMPLES and min(contrast.counts) < FEW_SEEDS:
            return None
        if not contrast.paired or self.seeds[cell] == self.seeds[baseline]:
            return two_way_of(self._outcomes(cell), self._outcomes(baseline), contrast.paired)
        others = set(self.seeds[baseline])
        common = [seed for seed in self.seeds[cell] if seed in others]
        return two_way(self._rows(cell, common), self._rows(baseline, common), paired=True)

    def _outcomes(self, cell: str) -> Outcomes:
        """Those of a cell, whose sums are taken once for all comparisons."""
        if cell not in self._known:
            self._known[cell] = Outcomes.of(self.bits[cell])
        return self._known[cell]

    def _rows(self, cell: str, seeds: Sequence[int]) -> Bits:
        places = {seed: place for place, seed in enumerate(self.seeds[cell])}
        return self.bits[cell][[places[seed] for seed in seeds]]


def on_new_digits(
    found: Sequence[TwoWay | None], terms: Terms, family: int, beside: Sequence[TwoWay | None] = ()
) -> pd.DataFrame:
    """`low_new_digits`, `high_new_digits` and `verdict_new_digits` of some comparisons, one row each.

    Corrected for a `family` of tests, of which `beside` get no row.
    """
    unknown = (np.nan, np.nan)
    intervals = [unknown if one is None else new_examples.interval(one, terms.level) for one in found]
    every = [*found, *beside]
    p = np.array([np.nan if one is None else new_examples.p_value(one) for one in every])
    equivalent = np.array(
        [np.nan if one is None else new_examples.p_equivalent(one, terms.margin) for one in every]
    )
    gains = np.array([np.nan if one is None else one.difference for one in found])
    count = len(found)
    verdicts = judge(gains, holm(p, family)[:count], holm(equivalent, family)[:count], terms.level)
    return pd.DataFrame(
        {
            "low_new_digits": [low for low, _ in intervals],
            "high_new_digits": [high for _, high in intervals],
            "verdict_new_digits": [
                None if one is None else verdict.value for one, verdict in zip(found, verdicts, strict=True)
            ],
        }
    )
