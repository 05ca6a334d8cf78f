"""A false verdict anywhere in a sweep of equal cells."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from benchmarks.statistics.cases import DRAWS, Case, Values, generator, rate
from numpy.typing import NDArray
from scipy import stats

from sweep.stats.compare import Observations
from sweep.stats.contrast import Errors
from sweep.stats.judge import Verdict, best, holm, judge

CELLS = 12


def sweeps(simulations: int) -> Iterator[Case]:
    """Simulate twelve equal cells, against the best on validation and against a named one."""
    for name in DRAWS:
        for n in (5, 10):
            for luck in (0.0, 0.5, 1.0):
                yield _sweep(name, n, luck, simulations)
            yield _sweep(name, n, None, simulations)


def _sweep(name: str, n: int, luck: float | None, simulations: int) -> Case:
    """Simulate sweeps whose validation and test accuracies correlate by `luck`; None: a named baseline."""
    rng = generator("family", name, n, luck)
    shape = (simulations, n, CELLS, 2)
    parts = 0.97 + 0.002 * DRAWS[name](rng, shape, 0.0 if luck is None else luck)
    method = "against a named cell" if luck is None else f"against the best on validation, luck {luck:g}"
    chosen = luck is not None
    false = (
        maybe and false_verdict(trials_of(values), chosen=chosen)
        for maybe, values in zip(possible(parts[..., 1], chosen=chosen), parts, strict=True)
    )
    measure = "sweeps with a false verdict, %"
    return rate("family of 12 cells", method, name, n=n, measure=measure, outcomes=false, limits=(0, 5))


def possible(values: Values, *, chosen: bool) -> NDArray[np.bool_]:
    """Return whether Holm's first step could reject anything, for (simulations, seeds, cells), by SciPy.

    Nothing that `false_verdict` would find is passed over, and nine sweeps of ten need no closer look.
    """
    pairs = np.array(pairs_of(chosen=chosen))
    p = stats.ttest_rel(values[..., pairs[:, 0]], values[..., pairs[:, 1]], axis=1).pvalue
    some: NDArray[np.bool_] = p.min(axis=1) <= 1.001 * 0.05 / len(pairs)
    return some


def pairs_of(*, chosen: bool) -> list[tuple[int, int]]:
    """Return the family: all pairs if the data chose the baseline, else each cell with the first."""
    return [(one, two) for one in range(CELLS) for two in range(one) if chosen or two == 0]


def trials_of(values: Values) -> pd.DataFrame:
    """Return one row a trial of (seeds, cells, 2) validation and test accuracies."""
    n, cells, _ = values.shape
    names = [f"{cell:02}" for cell in range(cells)]
    return pd.DataFrame(
        {
            "cell": names * n,
            "seed": np.repeat(np.arange(n), cells),
            "validation_accuracy": values[..., 0].ravel(),
            "test_accuracy": values[..., 1].ravel(),
        }
    )


def false_verdict(trials: pd.DataFrame, *, chosen: bool) -> bool:
    """Return True if `sweep.compare` would call any cell better or worse than the best, or the first.

    The steps of `Comparable.against`, without counting the seeds that would decide, which takes most time.
    """
    observed = Observations.of(trials, "test_accuracy")
    choice = best(trials)
    against = observed.cells.index(choice[0]) if chosen and choice else 0
    pairs = pairs_of(chosen=chosen)
    errors = Errors.of([observed.difference(one, two, None) for one, two in pairs])
    adjusted = holm(errors.p, len(pairs))
    verdicts = judge(errors.estimates, adjusted, np.ones(len(pairs)), level=0.95)
    shown = [verdict for pair, verdict in zip(pairs, verdicts, strict=True) if against in pair]
    return any(verdict is not Verdict.UNDECIDED for verdict in shown)
