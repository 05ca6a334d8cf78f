"""The note below a figure: how many seeds, and how many trials diverged or died."""

import pandas as pd

from sweep.analysis.aggregate import drop_diverged
from sweep.formats import plural, span
from sweep.training.result import Status


def note(trials: pd.DataFrame) -> str:
    """How many seeds the cells of a figure have, how many trials diverged, and how many networks died.

    `trials` are those of the figure's cells, diverged ones included.
    """
    trials = trials.drop_duplicates(["cell", "seed"])  # a cell may stand in a sweep twice
    counted = drop_diverged(trials)
    diverged = len(trials) - len(counted)
    seeds = counted.groupby("cell")["seed"].nunique()
    most, least = int(seeds.max()) if len(seeds) else 0, int(seeds.min()) if len(seeds) else 0
    count = f"n = {span(least, most)}"
    text = f"mean ± standard deviation over seeds, {count}" if most > 1 else "one seed, no spread"
    text += f"; {plural(diverged, 'diverged trial')} left out" if diverged else ""
    empty = trials["cell"].nunique() - len(seeds)
    if empty:
        text += f", nothing is left of {plural(empty, 'cell')}"
    dead = int((counted["status"] == Status.DEAD.value).sum())
    return text + (f"; {plural(dead, 'dead trial')} (one output for all) in the mean" if dead else "")
