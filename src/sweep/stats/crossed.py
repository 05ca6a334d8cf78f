"""Two sources of luck: accuracy as seeds crossed with test examples.

Y[i, d] = mean + seed[i] + example[d] + interaction[i, d] says whether run i is right on example d, or how
two runs differ there. Variance of a crossed mean: Owen 2007, "The pigeonhole bootstrap", Annals of Applied
Statistics 1(2); the components by the moments of the analysis of variance.

[new_examples] What a difference would be on other test examples: with new seeds, or with the same networks.

[sources] Comparisons that also hold for new test examples, from which examples each network gets right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, exp, log, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from sweep.core.errors import SettingError
from sweep.stats.contrast import Contrast, Method
from sweep.stats.judge import Criteria, holm, judge


@dataclass(frozen=True)
class Sources:
    """A number for each source of luck; the interaction is that of a seed with single examples."""

    seeds: float
    examples: float
    interaction: float


@dataclass(frozen=True)
class TwoWay:
    """The difference in accuracy of two cells, a fraction, on `examples` test examples, and the luck in it.

    `components` are the variances of one run of each cell on one example; `shares` are fractions of the
    variance of the difference for new seeds and new examples. `one_run` is the standard deviation over seeds
    of the difference of one run of each cell. The standard errors hold for new seeds on these examples, for
    new seeds and as many new examples, and for new examples with endless seeds. `degrees_of_freedom` are
    those of the first.
    """

    difference: float
    examples: int
    components: Sources
    shares: Sources
    one_run: float
    standard_error: float
    standard_error_new_examples: float
    standard_error_endless_seeds: float
    degrees_of_freedom: float

    def examples_needed(self, standard_error: float) -> int:
        """How many test examples leave at most this standard error, with endless seeds."""
        return ceil(self.components.examples / standard_error**2)


@dataclass(frozen=True)
class Outcomes:
    """Which test examples the runs of a cell get right, and the sums that every comparison of them needs.

    `packed` (seeds, words of 64 examples) has one bit an example; `by_run` (seeds,) and `by_example`
    (examples,) count what is right.
    """

    packed: NDArray[np.uint64]
    by_run: NDArray[np.int64]
    by_example: NDArray[np.int64]

    @staticmethod
    def of(correct: NDArray[np.bool_]) -> "Outcomes":
        """The outcomes `correct`, (seeds, examples)."""
        octets = np.packbits(correct, axis=1)
        padded = np.pad(octets, [(0, 0), (0, -octets.shape[1] % 8)])
        by_example = correct.sum(axis=0, dtype=np.int32).astype(np.int64)
        words = np.ascontiguousarray(padded).view(np.uint64)
        return Outcomes(words, correct.sum(axis=1, dtype=np.int64), by_example)


def two_way(correct: NDArray[np.bool_], baseline: NDArray[np.bool_], paired: bool) -> TwoWay:
    """The difference `correct` - `baseline`, each (seeds, examples) of bool on the same examples.

    Paired: row i of both is the same seed. Raises SettingError for fewer than two seeds or examples, and for
    shapes that do not fit.
    """
    return two_way_of(Outcomes.of(correct), Outcomes.of(baseline), paired)


def two_way_of(correct: Outcomes, baseline: Outcomes, paired: bool) -> TwoWay:
    """The same from outcomes whose sums are known: many pairs of cells share those of their cells."""
    _check(correct, baseline, paired)
    tables = [_difference(correct, baseline)] if paired else [_alone(correct), _alone(baseline)]
    by_example = tables[0].columns if paired else tables[0].columns - tables[1].columns
    count = len(by_example)
    n = np.array([table.seeds for table in tables])
    rows = np.array([table.rows for table in tables])
    residuals = np.array([table.residual for table in tables])
    # Variances of the mean over seeds and examples; that of the seeds includes the interaction.
    seeds, interaction = float((rows / n).sum()), float((residuals / n).sum()) / count
    examples = max(float(by_example.var(ddof=1)) / count - interaction, 0.0)
    of_seeds = max(float((rows - residuals / count).sum()), 0.0)
    return TwoWay(
        difference=float(by_example.mean()),
        examples=count,
        components=Sources(of_seeds, examples * count, float(residuals.sum())),
        shares=_shares(max(seeds - interaction, 0.0), examples, interaction),
        one_run=sqrt(rows.sum()),
        standard_error=sqrt(seeds),
        standard_error_new_examples=sqrt(seeds + examples),
        standard_error_endless_seeds=sqrt(examples),
        degrees_of_freedom=_degrees_of_freedom(rows / n, n - 1),
    )


@dataclass(frozen=True)
class _Table:
    """Statistics of one (seeds, examples) array.

    `rows` is the variance of row means, `columns` (examples,) the column means, `residual` the residual mean
    square of the two-way analysis of variance.
    """

    seeds: int
    rows: float
    columns: NDArray[np.float64]
    residual: float


def _difference(correct: Outcomes, baseline: Outcomes) -> _Table:
    """The statistics of the differences of two cells' runs, each -1, 0 or 1."""
    unequal = int(np.bitwise_count(correct.packed ^ baseline.packed).sum(dtype=np.int64))
    by_run, by_example = correct.by_run - baseline.by_run, correct.by_example - baseline.by_example
    return _table(by_run, by_example, unequal)


def _alone(runs: Outcomes) -> _Table:
    return _table(runs.by_run, runs.by_example, int(runs.by_run.sum()))


def _table(rows: NDArray[np.int64], columns: NDArray[np.int64], squares: int) -> _Table:
    """The statistics of values of -1, 0 or 1 with these sums, all of them exact whole numbers.

    `rows` (seeds,) and `columns` (examples,) are sums of the values, `squares` that of their squares.
    """
    n, count = len(rows), len(columns)
    total, of_rows, of_columns = int(rows.sum()), int(rows @ rows), int(columns @ columns)
    between = n * of_rows - total**2
    within = n * count * squares - n * of_rows - count * of_columns + total**2
    return _Table(
        seeds=n,
        rows=between / (n * (n - 1) * count**2),
        columns=columns / n,
        residual=within / (n * count * (n - 1) * (count - 1)),
    )


def _degrees_of_freedom(variances: NDArray[np.float64], own: NDArray[np.int64]) -> float:
    """The degrees of freedom of a sum of variances that have their `own` (Satterthwaite; of two, Welch)."""
    total = variances.sum()
    return float(total**2 / (variances**2 / own).sum()) if total else float(own.min())


def _shares(*variances: float) -> Sources:
    total = sum(variances)
    return Sources(*(variance / total if total else 0.0 for variance in variances))


def _check(correct: Outcomes, baseline: Outcomes, paired: bool) -> None:
    runs, examples = (len(correct.by_run), len(baseline.by_run)), len(correct.by_example)
    shapes = f"{(runs[0], examples)} and {(runs[1], len(baseline.by_example))}"
    if examples != len(baseline.by_example) or (paired and runs[0] != runs[1]):
        raise SettingError(f"runs and test examples of two cells: {shapes}; must fit each other")
    if min(*runs, examples) < 2:
        raise SettingError(f"runs and test examples of two cells: {shapes}; must be at least 2 of each")


_SMALLEST = 1e-300  # for p values below this, Student's quantile overflows


def interval(found: TwoWay, level: float = 0.95) -> tuple[float, float]:
    """The confidence interval of the difference for new seeds and new test examples."""
    width = _critical(found, 1 - level) * found.standard_error_new_examples
    return found.difference - width, found.difference + width


def p_value(found: TwoWay) -> float:
    """The two-sided p value of no difference, for new seeds and new test examples."""
    return _two_sided(found, abs(found.difference))


def p_equivalent(found: TwoWay, margin: float) -> float:
    """The p value of a difference of `margin` or more: two one-sided tests (Schuirmann, 1987)."""
    distance = margin - abs(found.difference)
    one_sided = _two_sided(found, abs(distance)) / 2
    return one_sided if distance > 0 else 1 - one_sided


def _two_sided(found: TwoWay, distance: float) -> float:
    """The probability that luck alone moves the difference by `distance` or more, either way."""
    if found.standard_error_new_examples == 0:
        return float(distance == 0)
    t = distance / found.standard_error_new_examples
    # The p value lies between those with the degrees of freedom of the examples and of the seeds.
    ends = (2 * float(stdtr(freedom, -t)) for freedom in (found.examples - 1, found.degrees_of_freedom))
    low, high = sorted(max(end, _SMALLEST) for end in ends)

    def excess(logarithm: float) -> float:
        return _critical(found, exp(logarithm)) - t

    if excess(log(low)) * excess(log(high)) >= 0:  # the solution is one of the ends, up to rounding
        return min(low, high, key=lambda end: abs(excess(log(end))))
    return exp(brentq(excess, log(low), log(high)))


def prediction(by_example: NDArray[np.float64], examples: int, level: float = 0.95) -> tuple[float, float]:
    """Where the same networks' difference lies on other `examples`, with probability `level`.

    `by_example` (examples,) is the difference of two cells, mean over seeds, on each of these examples.
    """
    count, middle = len(by_example), float(by_example.mean())
    spread = sqrt(float(by_example.var(ddof=1)) * (1 / count + 1 / examples))
    width = float(stdtrit(count - 1, (1 + level) / 2)) * spread
    return middle - width, middle + width


def _critical(found: TwoWay, alpha: float) -> float:
    """How many standard errors a difference is off by luck with probability `alpha`.

    The square of Student's quantile is to first order linear in 1 / degrees of freedom, and a sum of
    variances has the seeds' / share², where `share` is the seeds' part of the sum (Welch 1947,
    Biometrika 34). The line goes through the exact quantiles of the seeds alone and of the examples alone.
    In simulation it covers 94 to 96 % from 3 seeds on; Satterthwaite's t, with the same degrees of
    freedom, as little as 92.2 %.
    """
    seeds = float(stdtrit(found.degrees_of_freedom, alpha / 2)) ** 2
    examples = float(stdtrit(found.examples - 1, alpha / 2)) ** 2
    total = found.standard_error_new_examples
    share = (found.standard_error / total) ** 2 if total else 1.0
    between = examples + (seeds - examples) * share**2
    # New examples only add variance, so the interval is never narrower than for these examples.
    return sqrt(max(between, seeds * share))


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
    found: Sequence[TwoWay | None], criteria: Criteria, family: int, beside: Sequence[TwoWay | None] = ()
) -> pd.DataFrame:
    """`low_new_digits`, `high_new_digits` and `verdict_new_digits` of some comparisons, one row each.

    Corrected for a `family` of tests, of which `beside` get no row.
    """
    unknown = (np.nan, np.nan)
    intervals = [unknown if one is None else interval(one, criteria.level) for one in found]
    every = [*found, *beside]
    p = np.array([np.nan if one is None else p_value(one) for one in every])
    equivalent = np.array([np.nan if one is None else p_equivalent(one, criteria.margin) for one in every])
    gains = np.array([np.nan if one is None else one.difference for one in found])
    count = len(found)
    verdicts = judge(gains, holm(p, family)[:count], holm(equivalent, family)[:count], criteria.level)
    return pd.DataFrame(
        {
            "low_new_digits": [low for low, _ in intervals],
            "high_new_digits": [high for _, high in intervals],
            "verdict_new_digits": [
                None if one is None else verdict.value for one, verdict in zip(found, verdicts, strict=True)
            ],
        }
    )
