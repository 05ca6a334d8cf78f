"""Trials and curves of made-up sweeps, as `records` gives them."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from sweep.report.figures import BaselineComparison
from sweep.stats.judge import Criteria

PARTS = ("train", "validation", "test")


def cells_of(**axes: Sequence[Any]) -> list[dict[str, Any]]:
    """Return every combination of the values."""
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def sweep_of(
    cells: Sequence[dict[str, Any]],
    seeds: int = 2,
    epochs: int = 3,
    parts: Sequence[str] = PARTS,
    *,
    stopping: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return plausible trials and curves; with `stopping`, each seed stops an epoch after the last."""
    rng, trials, curves = np.random.default_rng(0), [], []
    for number, cell in enumerate(cells):
        for seed in range(seeds):
            settings = {"cell": f"cell {number}", "seed": seed, "status": "completed", **cell}
            accuracy = rng.uniform(0.9, 0.99)
            trials.append(settings | {f"{part}_accuracy": accuracy for part in parts})
            for epoch in range(1, epochs + (seed if stopping else 0) + 1):
                now = {f"{part}_accuracy": accuracy - 0.1 / epoch for part in parts}
                now |= {f"{part}_loss": 0.1 + 1 / epoch for part in parts}
                curves.append(settings | {"epoch": float(epoch)} | now)
    kinds = dict.fromkeys(cells[0], object)
    return pd.DataFrame(trials).astype(kinds), pd.DataFrame(curves).astype(kinds)


def against_of(trials: pd.DataFrame, metric: str = "test_accuracy") -> BaselineComparison:
    """Compare the cells with the first that has not diverged, with verdicts in turn."""
    cells = list(trials[trials["status"] != "diverged"].drop_duplicates("cell")["cell"])
    numbers = np.linspace(-0.03, 0.004, len(cells[1:]))
    verdicts = ["worse", "undecided", "equivalent", "better"]
    table = pd.DataFrame(
        {
            "cell": cells[1:],
            "baseline": cells[0] if cells else None,
            "difference": numbers,
            "low": numbers - 0.002,
            "high": numbers + 0.003,
            "verdict": [verdicts[position % 4] for position in range(len(numbers))],
            "more_seeds": pd.array(
                [14 if position % 4 == 1 else 0 for position in range(len(numbers))], "Int64"
            ),
            "low_new_digits": numbers - 0.004,
            "high_new_digits": numbers + 0.005,
        }
    )
    return BaselineComparison(table, "the first", Criteria(metric))
