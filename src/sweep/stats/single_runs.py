"""The chance that a single new run of one cell beats a single new run of another.

A verdict speaks for means over endless seeds. Somebody who trains each setting once wants to know something
else: how often the better setting also gives the better run. For independent runs X of the one and Y of the
other, that is

    P(X > Y) + P(X = Y) / 2,

the area under the ROC curve, and the Mann-Whitney statistic over the number of pairs estimates it. That needs
no assumption about the shape of the two distributions. A normal model, Phi(difference / sqrt(s1^2 + s2^2))
with the interval of Reiser and Guttman (1986), is narrower but fails for skewed seeds of unequal spread: in
simulation its 95 % intervals miss in up to 57 %.

The interval is that of a binomial share (Clopper and Pearson, 1934) of as many trials as the estimate is
worth, as for shares in complex surveys (Korn and Graubard, 1998, Survey Methodology 24). benchmarks/
statistics.md has its coverage.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

FEWEST_RUNS = 5  # of each cell; with fewer, the interval is nearly the whole range from 0 to 1

Accuracies = NDArray[np.float64]  # of the runs of one cell, (seeds,)
Wins = NDArray[np.float64]  # (seeds of the first cell, seeds of the second): 1 if it wins, 0.5 if they tie


def beats(a: Accuracies, b: Accuracies, level: float = 0.95) -> tuple[float, float, float] | None:
    """Return the probability that a new run of `a` beats a new run of `b`, and its interval.

    The two runs are independent: they do not share a seed. The probability is the share of all pairs of a run
    of `a` and a run of `b` in which `a` is better; a tie counts half.

    Parameters
    ----------
    a, b
        Accuracies over seeds, (seeds,) each; nan marks a missing or diverged run. The numbers of seeds may
        differ. Seeds may be paired: if accuracies of the same seed rise and fall together, the interval is
        wider than it has to be.
    level
        The confidence level of the interval.

    Returns
    -------
    The probability, its lower and its upper limit, or None if a cell has fewer than `FEWEST_RUNS` runs.

    Examples
    --------
    >>> a = np.array([0.9815, 0.9819, 0.9834, 0.9812, 0.9827])
    >>> b = np.array([0.9797, 0.9803, 0.9788, 0.9816, 0.9805])
    >>> [round(number, 2) for number in beats(a, b) or ()]
    [0.92, 0.52, 1.0]
    """
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if min(len(a), len(b)) < FEWEST_RUNS:
        return None
    wins = np.where(a[:, None] == b, 0.5, a[:, None] > b)
    share = float(wins.mean())
    return share, *_limits(share, _effective_trials(wins, share), 1 - level)


def _effective_trials(wins: Wins, share: float) -> float:
    """Return how many independent yes-or-no trials would tell as much as these pairs of runs.

    That is share (1 - share) / variance, with the larger of two estimates of the variance. The first depends
    on the share alone: that of two exponential distributions (Hanley and McNeil, 1982) as in method 5 of
    Newcombe (2006, Statistics in Medicine 25). It serves if one cell wins all pairs. The second comes from
    how the wins differ between runs (DeLong, DeLong and Clarke-Pearson, 1988). It notices if one cell spreads
    much wider.
    """
    rows, columns = wins.shape
    # Newcombe takes the mean of both numbers of runs, which is too bold if the wider cell has fewer of them.
    others = max(rows, columns) - 1
    trials = rows * columns / (1 + others * ((1 - share) / (2 - share) + share / (1 + share)))
    variance = wins.mean(axis=1).var(ddof=1) / rows + wins.mean(axis=0).var(ddof=1) / columns
    # If one cell wins all pairs, its wins do not vary, and only the first estimate means anything.
    return float(min(trials, share * (1 - share) / variance) if variance > 0 else trials)


def _limits(share: float, trials: float, error: float) -> tuple[float, float]:
    """Return the limits of Clopper and Pearson for a share of `trials`, which need not be whole numbers."""
    won, lost = share * trials, (1 - share) * trials
    low = float(betaincinv(won, lost + 1, error / 2)) if won > 0 else 0.0
    high = float(betaincinv(won + 1, lost, 1 - error / 2)) if lost > 0 else 1.0
    return low, high
