"""The share of comparisons with a verdict: power, equivalence, and the looks of `decide`.

Power is held against the plan of `more_seeds`, equivalence against a difference of exactly the margin, and
`decide` against equal cells over all its looks.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from benchmarks.statistics.cases import DRAWS, Case, Values, generator, rate
from benchmarks.statistics.contrasts import WEIGHTS

from sweep.stats.contrast import Errors, contrast
from sweep.stats.judge import Criteria, Estimates, Verdict, judge, more_seeds
from sweep.stats.sequential import Looks, decide

HAVE = 3  # seeds, before the plan
SPREAD = 0.001  # of the paired difference
BUDGET, FIRST = 100, 5  # seeds of `decide`


def verdicts(values: Values, margin: float) -> list[Verdict]:
    """Return the verdict of each of (simulations, seeds, 2) by itself."""
    errors = Errors.of([contrast(pair, WEIGHTS, paired=True) for pair in values])
    return judge(errors.estimates, errors.p, errors.p_equivalent(margin), level=0.95)


def power(simulations: int) -> Iterator[Case]:
    """Simulate the share of verdicts at the number of seeds that `more_seeds` names."""
    for margin, effects in ((0.0, (0.4, 0.6, 1.0, 2.0)), (0.002, (0.0, 0.4, 0.6, 1.0, 2.0))):
        for effect in effects:
            pilot = (effect * SPREAD, SPREAD / np.sqrt(HAVE), HAVE - 1.0, float(HAVE), 0.05, 0.05)
            estimates = Estimates(*(np.array([value]) for value in pilot))
            (more,) = more_seeds(estimates, margin)
            if more is None:
                raise RuntimeError(f"no plan for a difference of {effect} spreads")
            planned = 100 * float(estimates.power(np.array([float(more)]), margin)[0])
            rng, n = generator("power", margin, effect), HAVE + more
            values = DRAWS["normal"](rng, (simulations, n, 2), 0.0) * SPREAD / np.sqrt(2)
            values[..., 0] += effect * SPREAD
            decided = (verdict is not Verdict.UNDECIDED for verdict in verdicts(values, margin))
            seeds = f"difference {effect:g} of its spread, margin {margin / SPREAD:g}"
            limits = (planned - 5, planned + 5)
            measure = "comparisons with a verdict, %"
            row = rate("power", "paired t", seeds, n=n, measure=measure, outcomes=decided, limits=limits)
            yield replace(row, plan=planned)


def equivalence(simulations: int) -> Iterator[Case]:
    """Simulate a true difference of exactly the margin: at most half of 5 % may be called equivalent."""
    margin = 0.002
    for name, draw in DRAWS.items():
        for ratio in (1.0, 3.0):
            for n in (5, 10, 30):
                for spread in (0.001, 0.003):
                    values = draw(generator("equivalent", name, ratio, n, spread), (simulations, n, 2), 0.0)
                    values *= spread / np.sqrt(1 + ratio**2) * np.array([ratio, 1.0])
                    values[..., 0] += margin
                    equivalent = (verdict is Verdict.EQUIVALENT for verdict in verdicts(values, margin))
                    seeds = f"{name}, spread {ratio:g}, margin {margin / spread:.2g} of the difference's"
                    yield rate(
                        "equivalence",
                        "two one-sided tests",
                        seeds,
                        n=n,
                        measure="called equivalent, %",
                        outcomes=equivalent,
                        limits=(0, 2.5),
                    )


def alarms(simulations: int) -> Iterator[Case]:
    """Simulate equal cells, looked at until the budget ends, in one or eleven comparisons."""
    for comparisons, times in ((1, simulations), (11, simulations // 10)):
        for name, draw in DRAWS.items():
            for ratio in (1.0, 2.0):
                rng = generator("looks", comparisons, name, ratio)
                looks = Looks.until(BUDGET, FIRST, comparisons)
                spreads = np.append(np.full(comparisons, ratio), 1.0)
                sweeps = (draw(rng, (BUDGET, comparisons + 1), 0.0) * spreads for _ in range(times))
                false = (any(_decided(values, looks)) for values in sweeps)
                measure = "sweeps with a false verdict at any look, %"
                method = f"decide, {comparisons} comparison{'s' if comparisons > 1 else ''}"
                n = f"{FIRST} to {BUDGET}"
                seeds = f"{name}, spread {ratio:g}"
                yield rate("looks", method, seeds, n=n, measure=measure, outcomes=false, limits=(0, 5))


def _decided(values: Values, looks: Looks) -> Iterator[bool]:
    """Return, for each of (seeds, cells), whether it gets a verdict against the last, at a margin of 0."""
    return (
        verdict_at(values[:, [cell, -1]], looks, 0.0)[0] is not Verdict.UNDECIDED
        for cell in range(values.shape[1] - 1)
    )


def verdict_at(values: Values, looks: Looks, margin: float) -> tuple[Verdict, int]:
    """Return the verdict on (seeds, 2) and the seeds after which it came, or the budget."""
    for seeds in looks.seeds:
        decision = decide(values[:seeds], looks, Criteria(margin=margin, paired=True))
        if decision.decided:
            break
    return decision.verdict, decision.seeds


def costs(simulations: int) -> Iterator[Case]:
    """Simulate seeds until decided and verdicts within the budget; differences in units of their spread."""
    looks = Looks.until(BUDGET, FIRST, 1)
    for difference, margin in ((0.25, 0.0), (0.5, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 0.5), (0.0, 1.0)):
        rng = generator("costs", difference, margin)
        values = DRAWS["normal"](rng, (simulations, BUDGET, 2), 0.0) / np.sqrt(2)
        values[..., 0] += difference
        results = [verdict_at(pair, looks, margin) for pair in values]
        seeds = f"normal, difference {difference:g} of its spread, margin {margin:g}"
        n = f"{FIRST} to {BUDGET}"
        average = float(np.mean([count for _, count in results]))
        yield Case("looks", "decide, 1 comparison", seeds, n, "mean number of seeds", simulations, average)
        decided = (verdict is not Verdict.UNDECIDED for verdict, _ in results)
        measure = "decided within the budget, %"
        yield rate("looks", "decide, 1 comparison", seeds, n=n, measure=measure, outcomes=decided)
