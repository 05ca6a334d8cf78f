"""`decide`: false alarms over all looks, and the seeds that it takes."""

from collections.abc import Iterator

import numpy as np
from benchmarks.statistics.cases import DRAWS, Case, Values, generator, rate

from sweep.stats.judge import Criteria, Verdict
from sweep.stats.sequential import Looks, decide

BUDGET, FIRST = 100, 5


def alarms(simulations: int) -> Iterator[Case]:
    """Equal cells, looked at until the budget ends, and one or eleven comparisons with a baseline."""
    for comparisons, times in ((1, simulations), (11, simulations // 10)):
        for name, draw in DRAWS.items():
            for ratio in (1.0, 2.0):
                rng = generator("looks", comparisons, name, ratio)
                looks = Looks.until(BUDGET, FIRST, comparisons)
                spreads = np.append(np.full(comparisons, ratio), 1.0)
                sweeps = (draw(rng, (BUDGET, comparisons + 1), 0.0) * spreads for _ in range(times))
                found = (any(_decided(values, looks)) for values in sweeps)
                measure = "sweeps with a false verdict at any look, %"
                method = f"decide, {comparisons} comparison{'s' if comparisons > 1 else ''}"
                n = f"{FIRST} to {BUDGET}"
                yield rate("looks", method, f"{name}, spread {ratio:g}", n, measure, found, 0, 5)


def _decided(values: Values, looks: Looks) -> Iterator[bool]:
    """Whether each cell gets a verdict against the last one, (seeds, cells), at a margin of 0."""
    return (
        verdict_at(values[:, [cell, -1]], looks, 0.0)[0] is not Verdict.UNDECIDED
        for cell in range(values.shape[1] - 1)
    )


def verdict_at(values: Values, looks: Looks, margin: float) -> tuple[Verdict, int]:
    """The verdict on (seeds, 2) and after how many seeds it came, or the budget."""
    for seeds in looks.seeds:
        decision = decide(values[:seeds], looks, Criteria(margin=margin, paired=True))
        if decision.decided:
            break
    return decision.verdict, decision.seeds


def costs(simulations: int) -> Iterator[Case]:
    """Seeds until decided, and how often a verdict comes within the budget; in spreads of a difference."""
    looks = Looks.until(BUDGET, FIRST, 1)
    for difference, margin in ((0.25, 0.0), (0.5, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 0.5), (0.0, 1.0)):
        rng = generator("costs", difference, margin)
        values = DRAWS["normal"](rng, (simulations, BUDGET, 2), 0.0) / np.sqrt(2)
        values[..., 0] += difference
        found = [verdict_at(pair, looks, margin) for pair in values]
        seeds = f"normal, difference {difference:g} of its spread, margin {margin:g}"
        n = f"{FIRST} to {BUDGET}"
        average = float(np.mean([count for _, count in found]))
        yield Case("looks", "decide, 1 comparison", seeds, n, "mean number of seeds", simulations, average)
        decided = (verdict is not Verdict.UNDECIDED for verdict, _ in found)
        yield rate("looks", "decide, 1 comparison", seeds, n, "decided within the budget, %", decided)
