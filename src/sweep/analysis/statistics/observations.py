"""The values of one metric as an array of seeds and cells."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweep.analysis.statistics.contrast import Contrast, Values, contrast
from sweep.errors import TrialsError, nearest


@dataclass(frozen=True)
class Observations:
    """One metric of the trials that did not diverge: `values` (seeds, cells), nan where there is no trial.

    `cells` are the ids of the columns, in the order in which the trials name them.
    """

    values: Values
    cells: list[str]

    @staticmethod
    def of(trials: pd.DataFrame, metric: str) -> "Observations":
        """The values of `metric`. Raises TrialsError where it is not a column of numbers, one a trial."""
        for name in ("cell", "seed", metric):
            if name not in trials:
                raise TrialsError(f"{name}: no such column of the trials{nearest(name, map(str, trials))}")
        if not pd.api.types.is_numeric_dtype(trials[metric]):
            raise TrialsError(f"metric={metric}: must be a column of numbers")
        if trials.duplicated(["cell", "seed"]).any():
            row = trials[trials.duplicated(["cell", "seed"])].iloc[0]
            raise TrialsError(f"cell {row['cell']}, seed {row['seed']}: stands in the table twice")
        table = trials.pivot_table(index="seed", columns="cell", values=metric, dropna=False)
        table = table[list(dict.fromkeys(trials["cell"]))]
        return Observations(table.to_numpy(float), [str(name) for name in table])

    def contrast(self, first: int, second: int, paired: bool | None) -> Contrast:
        """The difference of the cell at position `first` from that at `second`."""
        return contrast(self.values[:, [first, second]], np.array([1.0, -1.0]), paired)
