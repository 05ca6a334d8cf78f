"""The comparison of all cells with a baseline, as figures mark it."""

from dataclasses import dataclass

import pandas as pd

from sweep.analysis.statistics.terms import Terms
from sweep.analysis.statistics.verdict import Verdict


@dataclass(frozen=True)
class Against:
    """The cells of a sweep against one of them, the baseline.

    `table` is that of `sweep.compare`, judged by `terms`; it may be empty. `baseline` is what a reader calls
    the baseline: "the best on validation, hidden=256".
    """

    table: pd.DataFrame
    baseline: str
    terms: Terms = Terms()

    @property
    def cell(self) -> str | None:
        """The id of the baseline; None where nothing was compared."""
        return None if self.table.empty else str(self.table["baseline"].iloc[0])

    @property
    def different(self) -> frozenset[str]:
        """The cells that are better or worse than the baseline."""
        return self._with(Verdict.BETTER, Verdict.WORSE)

    @property
    def alike(self) -> frozenset[str]:
        """The cells that cannot be told from the baseline: equivalent to it, or undecided."""
        return self._with(Verdict.EQUIVALENT, Verdict.UNDECIDED)

    def of(self, metric: str) -> "Against | None":
        """This comparison if it is one of `metric` and has any verdicts, else None."""
        return self if metric == self.terms.metric and self.different | self.alike else None

    @property
    def looked(self) -> bool:
        """Whether this is a sweep with `decide`: only differences have valid intervals then, means do not."""
        return "decided_after" in self.table

    def _with(self, *verdicts: Verdict) -> frozenset[str]:
        if self.table.empty:
            return frozenset()
        judged = self.table[self.table["low"].notna() & self.table["verdict"].isin(verdicts)]
        return frozenset(judged["cell"])
