"""Two sources of luck: accuracy as seeds crossed with test examples.

Y[i, d] = mean + seed[i] + example[d] + interaction[i, d] says whether run i is right on example d, or how
two runs differ there. Variance of a crossed mean: Owen 2007, "The pigeonhole bootstrap", Annals of Applied
Statistics 1(2); the components by the moments of the analysis of variance.

`Correct` has which examples the runs of each cell get right, and `two_way` what luck there is in the
difference of two cells. From it follow intervals and verdicts that hold for new seeds on new test examples.
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

Bits = NDArray[np.bool_]  # (seeds, test examples)


@dataclass(frozen=True)
class Components:
    """A number for each component of variance; the interaction is that of a seed with single examples."""

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
    components: Components
    shares: Components
    one_run: float
    standard_error: float
    standard_error_new_examples: float
    standard_error_endless_seeds: float
    degrees_of_freedom: float

    def examples_needed(self, standard_error: float) -> int:
        """Return how many test examples leave at most this standard error, with endless seeds."""
        return ceil(self.components.examples / standard_error**2)


@dataclass(frozen=True)
class Outcomes:
    """The test examples that the runs of a cell get right, and the sums that every comparison needs.

    `packed` (seeds, words of 64 examples) has one bit an example; `by_run` (seeds,) and `by_example`
    (examples,) count what is right.
    """

    packed: NDArray[np.uint64]
    by_run: NDArray[np.int64]
    by_example: NDArray[np.int64]

    @staticmethod
    def of(correct: NDArray[np.bool_]) -> "Outcomes":
        """Return the outcomes of `correct`, (seeds, examples)."""
        # Pad to whole words of 64 bits; the padding is zero in all cells and never counts as a difference.
        octets = np.packbits(correct, axis=1)
        padded = np.pad(octets, [(0, 0), (0, -octets.shape[1] % 8)])
        by_example = correct.sum(axis=0, dtype=np.int32).astype(np.int64)
        words = np.ascontiguousarray(padded).view(np.uint64)
        return Outcomes(words, correct.sum(axis=1, dtype=np.int64), by_example)


# With fewer examples and fewer seeds than these, intervals for new examples are too narrow in simulations.
FEW_EXAMPLES, FEW_SEEDS = 2000, 10


@dataclass(frozen=True)
class Correct:
    """The test examples that the trials of each cell get right.

    By cell id, `seeds` has its seed indices and `bits` (seeds, examples) whether each is right.
    """

    seeds: Mapping[str, list[int]]
    bits: Mapping[str, Bits]
    _cache: dict[str, Outcomes] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(trials: pd.DataFrame, metric: str) -> "Correct | None":
        """Collect them from trials with `bits`; None if a trial lacks them, or for another metric."""
        if metric != "test_accuracy" or "test_correct" not in trials or trials["test_correct"].isna().any():
            return None
        groups = {str(cell): rows for cell, rows in trials.groupby("cell", sort=False)}
        return Correct(
            {cell: list(rows["seed"]) for cell, rows in groups.items()},
            {cell: np.stack(list(rows["test_correct"])) for cell, rows in groups.items()},
        )

    def two_way(self, cell: str, baseline: str, contrast: Contrast) -> TwoWay | None:
        """Return the two sources of luck in a difference; None if its error is unknown."""
        if contrast.method not in (Method.PAIRED, Method.WELCH):
            return None
        if self.bits[cell].shape[1] < FEW_EXAMPLES and min(contrast.counts) < FEW_SEEDS:
            return None
        if not contrast.paired or self.seeds[cell] == self.seeds[baseline]:
            return two_way_of(self._outcomes(cell), self._outcomes(baseline), paired=contrast.paired)
        others = set(self.seeds[baseline])
        common = [seed for seed in self.seeds[cell] if seed in others]
        return two_way(self._rows(cell, common), self._rows(baseline, common), paired=True)

    def _outcomes(self, cell: str) -> Outcomes:
        """Return the outcomes of a cell; its sums are taken once for all comparisons."""
        if cell not in self._cache:
            self._cache[cell] = Outcomes.of(self.bits[cell])
        return self._cache[cell]

    def _rows(self, cell: str, seeds: Sequence[int]) -> Bits:
        positions = {seed: position for position, seed in enumerate(self.seeds[cell])}
        return self.bits[cell][[positions[seed] for seed in seeds]]


def on_new_digits(
    two_ways: Sequence[TwoWay | None],
    criteria: Criteria,
    *,
    family: int,
    others: Sequence[TwoWay | None] = (),
) -> pd.DataFrame:
    """Return `low_new_digits`, `high_new_digits` and `verdict_new_digits` of some comparisons, one row each.

    Corrected for a `family` of tests, of which `others` get no row.
    """
    unknown = (np.nan, np.nan)
    intervals = [unknown if one is None else interval(one, criteria.level) for one in two_ways]
    tests = [*two_ways, *others]
    p = np.array([np.nan if one is None else p_value(one) for one in tests])
    equivalent = np.array([np.nan if one is None else p_equivalent(one, criteria.margin) for one in tests])
    gains = np.array([np.nan if one is None else one.difference for one in two_ways])
    count = len(two_ways)
    verdicts = judge(gains, holm(p, family)[:count], holm(equivalent, family)[:count], level=criteria.level)
    return pd.DataFrame(
        {
            "low_new_digits": [low for low, _ in intervals],
            "high_new_digits": [high for _, high in intervals],
            "verdict_new_digits": [
                None if one is None else verdict.value
                for one, verdict in zip(two_ways, verdicts, strict=True)
            ],
        }
    )


def two_way(correct: Bits, baseline: Bits, *, paired: bool) -> TwoWay:
    """Return the difference `correct` - `baseline`, each (seeds, examples) of bool on the same examples.

    Paired: row i of both is the same seed. Raises SettingError for fewer than two seeds or examples, and for
    shapes that do not fit.
    """
    return two_way_of(Outcomes.of(correct), Outcomes.of(baseline), paired=paired)


def two_way_of(correct: Outcomes, baseline: Outcomes, *, paired: bool) -> TwoWay:
    """Do the same as `two_way` with outcomes: a cell's sums then serve all pairs that it belongs to."""
    _check(correct, baseline, paired=paired)
    samples = [_difference(correct, baseline)] if paired else [_alone(correct), _alone(baseline)]
    by_example = samples[0].columns if paired else samples[0].columns - samples[1].columns
    count = len(by_example)
    n = np.array([sample.seeds for sample in samples])
    rows = np.array([sample.rows for sample in samples])
    residuals = np.array([sample.residual for sample in samples])
    # Variances of the mean over seeds and examples; that of the seeds includes the interaction.
    seeds, interaction = float((rows / n).sum()), float((residuals / n).sum()) / count
    examples = max(float(by_example.var(ddof=1)) / count - interaction, 0.0)
    of_seeds = max(float((rows - residuals / count).sum()), 0.0)
    return TwoWay(
        difference=float(by_example.mean()),
        examples=count,
        components=Components(of_seeds, examples * count, float(residuals.sum())),
        shares=_shares(max(seeds - interaction, 0.0), examples, interaction),
        one_run=sqrt(rows.sum()),
        standard_error=sqrt(seeds),
        standard_error_new_examples=sqrt(seeds + examples),
        standard_error_endless_seeds=sqrt(examples),
        degrees_of_freedom=_degrees_of_freedom(rows / n, n - 1),
    )


@dataclass(frozen=True)
class _Sample:
    """Statistics of one (seeds, examples) array.

    `rows` is the variance of row means, `columns` (examples,) the column means, `residual` the residual mean
    square of the two-way analysis of variance.
    """

    seeds: int
    rows: float
    columns: NDArray[np.float64]
    residual: float


def _difference(correct: Outcomes, baseline: Outcomes) -> _Sample:
    """Return the statistics of the differences of two cells' runs, each -1, 0 or 1."""
    # The square of a difference of bits is 1 if they are unequal.
    unequal = int(np.bitwise_count(correct.packed ^ baseline.packed).sum(dtype=np.int64))
    by_run, by_example = correct.by_run - baseline.by_run, correct.by_example - baseline.by_example
    return _sample(by_run, by_example, unequal)


def _alone(runs: Outcomes) -> _Sample:
    """Return the statistics of one cell's runs, whose values 0 and 1 are their own squares."""
    return _sample(runs.by_run, runs.by_example, int(runs.by_run.sum()))


def _sample(rows: NDArray[np.int64], columns: NDArray[np.int64], squares: int) -> _Sample:
    """Return the statistics of values of -1, 0 or 1 with these sums, all of them exact whole numbers.

    `rows` (seeds,) and `columns` (examples,) are sums of the values, `squares` that of their squares.
    """
    n, count = len(rows), len(columns)
    total, of_rows, of_columns = int(rows.sum()), int(rows @ rows), int(columns @ columns)
    between = n * of_rows - total**2
    within = n * count * squares - n * of_rows - count * of_columns + total**2
    return _Sample(
        seeds=n,
        rows=between / (n * (n - 1) * count**2),
        columns=columns / n,
        residual=within / (n * count * (n - 1) * (count - 1)),
    )


def _degrees_of_freedom(variances: NDArray[np.float64], freedoms: NDArray[np.int64]) -> float:
    """Return the degrees of freedom of a sum of variances that have these (Satterthwaite; of two, Welch)."""
    total = variances.sum()
    return float(total**2 / (variances**2 / freedoms).sum()) if total else float(freedoms.min())


def _shares(*variances: float) -> Components:
    total = sum(variances)
    return Components(*(variance / total if total else 0.0 for variance in variances))


def _check(correct: Outcomes, baseline: Outcomes, *, paired: bool) -> None:
    """Raise SettingError unless the shapes of two cells fit each other and are large enough."""
    runs, examples = (len(correct.by_run), len(baseline.by_run)), len(correct.by_example)
    shapes = f"{(runs[0], examples)} and {(runs[1], len(baseline.by_example))}"
    if examples != len(baseline.by_example) or (paired and runs[0] != runs[1]):
        raise SettingError(f"runs and test examples of two cells: {shapes}; must fit each other")
    if min(*runs, examples) < 2:
        raise SettingError(f"runs and test examples of two cells: {shapes}; must be at least 2 of each")


_SMALLEST = 1e-300  # for p values below this, Student's quantile overflows


def interval(result: TwoWay, level: float = 0.95) -> tuple[float, float]:
    """Return the confidence interval of the difference for new seeds and new test examples."""
    width = _critical(result, 1 - level) * result.standard_error_new_examples
    return result.difference - width, result.difference + width


def p_value(result: TwoWay) -> float:
    """Return the two-sided p value of no difference, for new seeds and new test examples."""
    return _two_sided(result, abs(result.difference))


def p_equivalent(result: TwoWay, margin: float) -> float:
    """Return the p value of a difference of `margin` or more: two one-sided tests (Schuirmann, 1987)."""
    distance = margin - abs(result.difference)
    one_sided = _two_sided(result, abs(distance)) / 2
    return one_sided if distance > 0 else 1 - one_sided


def _two_sided(result: TwoWay, distance: float) -> float:
    """Return the probability that luck alone moves the difference by `distance` or more, either way."""
    if result.standard_error_new_examples == 0:
        return float(distance == 0)
    t = distance / result.standard_error_new_examples
    # The p value lies between those with the degrees of freedom of the examples and of the seeds.
    ends = (2 * float(stdtr(freedom, -t)) for freedom in (result.examples - 1, result.degrees_of_freedom))
    low, high = sorted(max(end, _SMALLEST) for end in ends)

    def excess(logarithm: float) -> float:
        return _critical(result, exp(logarithm)) - t

    if excess(log(low)) * excess(log(high)) >= 0:  # the solution is one of the ends, up to rounding
        return min(low, high, key=lambda end: abs(excess(log(end))))
    return exp(brentq(excess, log(low), log(high)))


def prediction(by_example: NDArray[np.float64], examples: int, level: float = 0.95) -> tuple[float, float]:
    """Return limits that hold the same networks' difference on other `examples` with probability `level`.

    `by_example` (examples,) is the difference of two cells, mean over seeds, on each of these examples.
    """
    count, middle = len(by_example), float(by_example.mean())
    spread = sqrt(float(by_example.var(ddof=1)) * (1 / count + 1 / examples))
    width = float(stdtrit(count - 1, (1 + level) / 2)) * spread
    return middle - width, middle + width


def _critical(result: TwoWay, alpha: float) -> float:
    """Return how many standard errors a difference is off by luck with probability `alpha`.

    The square of Student's quantile is to first order linear in 1 / degrees of freedom, and a sum of
    variances has the seeds' / share², where `share` is the seeds' part of the sum (Welch 1947,
    Biometrika 34). The line goes through the exact quantiles of the seeds alone and of the examples alone.
    In simulation it covers 94 to 96 % from 3 seeds on; Satterthwaite's t, with the same degrees of
    freedom, as little as 92.2 %.
    """
    seeds = float(stdtrit(result.degrees_of_freedom, alpha / 2)) ** 2
    examples = float(stdtrit(result.examples - 1, alpha / 2)) ** 2
    total = result.standard_error_new_examples
    share = (result.standard_error / total) ** 2 if total else 1.0
    between = examples + (seeds - examples) * share**2
    # New examples only add variance, so the interval is never narrower than for these examples.
    return sqrt(max(between, seeds * share))
