"""How often a difference gets a verdict: power against the plan, and what is called equivalent."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from benchmarks.statistics.cases import DRAWS, Case, Values, generator, rate
from benchmarks.statistics.contrasts import WEIGHTS

from sweep.stats.contrast import Errors, contrast
from sweep.stats.judge import Estimates, Verdict, judge, more_seeds

HAVE = 3  # seeds, before the plan
SPREAD = 0.001  # of the paired difference


def verdicts(values: Values, margin: float) -> list[Verdict]:
    """Those of (simulations, seeds, 2), each by itself."""
    errors = Errors.of([contrast(pair, WEIGHTS, True) for pair in values])
    return judge(errors.estimates, errors.p, errors.p_equivalent(margin), 0.95)


def power(simulations: int) -> Iterator[Case]:
    """The seeds that `more_seeds` names, and the share of verdicts at that number."""
    for margin, effects in ((0.0, (0.4, 0.6, 1.0, 2.0)), (0.002, (0.0, 0.4, 0.6, 1.0, 2.0))):
        for effect in effects:
            known = (effect * SPREAD, SPREAD / np.sqrt(HAVE), HAVE - 1.0, float(HAVE), 0.05, 0.05)
            estimates = Estimates(*(np.array([value]) for value in known))
            (more,) = more_seeds(estimates, margin)
            if more is None:
                raise RuntimeError(f"no plan for a difference of {effect} spreads")
            planned = 100 * float(estimates.power(np.array([float(more)]), margin)[0])
            rng, n = generator("power", margin, effect), HAVE + more
            values = DRAWS["normal"](rng, (simulations, n, 2), 0.0) * SPREAD / np.sqrt(2)
            values[..., 0] += effect * SPREAD
            found = (verdict is not Verdict.UNDECIDED for verdict in verdicts(values, margin))
            seeds = f"difference {effect:g} of its spread, margin {margin / SPREAD:g}"
            limits = (planned - 5, planned + 5)
            row = rate("power", "paired t", seeds, n, "comparisons with a verdict, %", found, *limits)
            yield replace(row, plan=planned)


def equivalence(simulations: int) -> Iterator[Case]:
    """A true difference of exactly the margin is not equivalent; at most half of 5 % may say so."""
    margin = 0.002
    for name, draw in DRAWS.items():
        for ratio in (1.0, 3.0):
            for n in (5, 10, 30):
                for spread in (0.001, 0.003):
                    values = draw(generator("equivalent", name, ratio, n, spread), (simulations, n, 2), 0.0)
                    values *= spread / np.sqrt(1 + ratio**2) * np.array([ratio, 1.0])
                    values[..., 0] += margin
                    found = (verdict is Verdict.EQUIVALENT for verdict in verdicts(values, margin))
                    seeds = f"{name}, spread {ratio:g}, margin {margin / spread:.2g} of the difference's"
                    measure = "called equivalent, %"
                    yield rate("equivalence", "two one-sided tests", seeds, n, measure, found, 0, 2.5)
