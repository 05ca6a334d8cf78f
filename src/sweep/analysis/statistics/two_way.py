"""Two sources of luck: accuracy as seeds crossed with test examples.

Y[i, d] = mean + seed[i] + example[d] + interaction[i, d] says whether run i is right on example d, or how
two runs differ there. Variance of a crossed mean: Owen 2007, "The pigeonhole bootstrap", Annals of Applied
Statistics 1(2); the components by the moments of the analysis of variance.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from sweep.errors import SettingError


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
