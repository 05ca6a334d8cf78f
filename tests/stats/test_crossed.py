"""stats.crossed: components against statsmodels, intervals against simulation and real digits."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from sweep.config.compose import from_settings
from sweep.core.errors import SettingError
from sweep.runner.shared_data import load_seed_data
from sweep.stats import crossed
from sweep.stats.crossed import Bits, Components, TwoWay, two_way
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block


def mean_squares(table: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return those of seeds, examples and residuals of a (seeds, examples) table, by statsmodels."""
    seeds, examples = np.indices(table.shape)
    long = pd.DataFrame({"y": table.ravel(), "seed": seeds.ravel(), "example": examples.ravel()})
    result = anova_lm(ols("y ~ C(seed) + C(example)", long).fit())["mean_sq"]
    return result["C(seed)"], result["C(example)"], result["Residual"]


def test_paired_components_are_anova() -> None:
    rng, (n, count) = np.random.default_rng(0), (6, 12)
    correct, baseline = rng.random((n, count)) < 0.8, rng.random((n, count)) < 0.6
    seeds, examples, residual = mean_squares(correct.astype(float) - baseline)
    assert examples > residual < seeds  # so that nothing is cut off at zero
    result = two_way(correct, baseline, paired=True)
    components = Components((seeds - residual) / count, (examples - residual) / n, residual)
    total = components.seeds / n + components.examples / count + residual / (n * count)
    assert result.difference == pytest.approx(correct.mean() - baseline.mean())
    assert vars(result.components) == pytest.approx(vars(components))
    assert result.shares.seeds == pytest.approx(components.seeds / n / total)
    assert result.shares.examples == pytest.approx(components.examples / count / total)
    assert sum(vars(result.shares).values()) == pytest.approx(1)
    assert result.standard_error == pytest.approx(np.sqrt(seeds / (n * count)))
    assert result.standard_error_new_examples == pytest.approx(np.sqrt(total))
    assert result.standard_error_endless_seeds == pytest.approx(np.sqrt(components.examples / count))
    assert result.one_run == pytest.approx(np.std(correct.mean(axis=1) - baseline.mean(axis=1), ddof=1))
    assert result.degrees_of_freedom == pytest.approx(n - 1)


def test_unpaired_components_are_sums_of_cells() -> None:
    rng, count = np.random.default_rng(1), 9
    hard = rng.random(count)
    correct, baseline = rng.random((4, count)) < hard, rng.random((7, count)) < 1 - hard
    result = two_way(correct, baseline, paired=False)
    cells = [(len(cell), *mean_squares(cell.astype(float))) for cell in (correct, baseline)]
    differences = []
    for example in range(count):
        right, right_baseline = correct[:, example].tolist(), baseline[:, example].tolist()
        differences.append(sum(right) / 4 - sum(right_baseline) / 7)
    interaction = sum(residual / (n * count) for n, _, _, residual in cells)
    examples = np.var(differences, ddof=1) / count - interaction
    assert result.components.interaction == pytest.approx(sum(residual for *_, residual in cells))
    assert result.components.examples == pytest.approx(examples * count)
    seeds = sum((of_seeds - residual) / count for _, of_seeds, _, residual in cells)
    assert result.components.seeds == pytest.approx(max(seeds, 0))
    welch = stats.ttest_ind(correct.mean(axis=1), baseline.mean(axis=1), equal_var=False)
    assert result.degrees_of_freedom == pytest.approx(welch.df)
    assert result.difference / result.standard_error == pytest.approx(welch.statistic)
    expected = np.hypot(result.standard_error, np.sqrt(examples))
    assert result.standard_error_new_examples == pytest.approx(expected)


def test_negative_component_is_zero() -> None:
    rng = np.random.default_rng(2)
    correct = np.stack([rng.permutation(40) < 30 for _ in range(5)])  # each seed has the same accuracy
    baseline = np.stack([np.roll(correct[0], 8 * seed) for seed in range(5)])
    result = two_way(correct, baseline, paired=True)
    assert result.components.seeds == 0
    assert result.standard_error == 0
    assert result.standard_error_new_examples >= result.standard_error


def test_equal_cells_have_no_luck() -> None:
    correct = np.random.default_rng(3).random((4, 50)) < 0.9
    result = two_way(correct, correct, paired=True)
    assert (result.difference, result.standard_error_new_examples, result.shares) == (
        0,
        0,
        Components(0, 0, 0),
    )


def test_examples_needed_leave_requested_error() -> None:
    rng = np.random.default_rng(4)
    hard = rng.random((2, 1, 4000))  # another one for each cell
    correct, baseline = rng.random((2, 30, 4000)) < hard
    result = two_way(correct, baseline, paired=False)
    needed = result.examples_needed(result.standard_error_endless_seeds / 2)
    assert needed == pytest.approx(4 * 4000, abs=1)


@pytest.mark.parametrize(
    ("seeds", "baseline_seeds", "examples", "paired"),
    [(1, 1, 50, True), (3, 1, 50, False), (3, 4, 50, True), (3, 3, 1, True)],
)
def test_two_way_refuses_empty_tables(seeds: int, baseline_seeds: int, examples: int, paired: bool) -> None:
    correct, baseline = np.ones((seeds, examples), bool), np.ones((baseline_seeds, examples), bool)
    with pytest.raises(SettingError, match="runs and test examples of two cells"):
        two_way(correct, baseline, paired=paired)


def simulated(
    rng: np.random.Generator, seeds: int, baseline_seeds: int, examples: int, times: int
) -> Iterator[tuple[Bits, Bits]]:
    """Yield pairs of equally good cells: the examples that one finds hard, the other may not.

    Both have the same distribution of seeds and of examples, so that their true difference is zero.
    """
    for _ in range(times):
        hard = rng.normal(2.5, 2.0, examples)
        cells = []
        for count in (seeds, baseline_seeds):
            logit = hard + rng.normal(0, 0.8, examples) + rng.normal(0, 0.15, (count, 1))
            cells.append(rng.random((count, examples)) < 1 / (1 + np.exp(-logit)))
        yield cells[0], cells[1]


def test_p_value_interval_ends_at_zero() -> None:
    """The interval of level 1 - p ends at zero."""
    for correct, baseline in simulated(np.random.default_rng(5), 4, 4, 200, 20):
        result = two_way(correct, baseline, paired=True)
        low, high = crossed.interval(result, 1 - crossed.p_value(result))
        assert min(abs(low), abs(high)) == pytest.approx(0, abs=1e-9)


def test_interval_of_equal_cells_is_zero() -> None:
    correct = np.random.default_rng(3).random((4, 50)) < 0.9
    result = two_way(correct, correct, paired=True)
    assert crossed.interval(result) == (0, 0)
    assert crossed.p_value(result) == 1


def test_interval_of_one_source_is_student() -> None:
    seeds = _of_mean_squares(0.02, seeds=3e-4, examples=0.0, freedom=4)
    assert crossed.interval(seeds) == pytest.approx(stats.t.interval(0.95, 4, 0.02, np.sqrt(3e-4)))
    assert crossed.p_value(seeds) == pytest.approx(2 * stats.t.sf(0.02 / np.sqrt(3e-4), 4))
    examples = _of_mean_squares(0.02, seeds=0.0, examples=3e-4, freedom=4)
    assert crossed.interval(examples) == pytest.approx(stats.t.interval(0.95, 9999, 0.02, np.sqrt(3e-4)))
    assert crossed.p_value(examples) == pytest.approx(2 * stats.t.sf(0.02 / np.sqrt(3e-4), 9999))


def _of_mean_squares(difference: float, seeds: float, examples: float, freedom: int) -> TwoWay:
    nothing = Components(0.0, 0.0, 0.0)
    total, error = np.sqrt(seeds + examples), np.sqrt(seeds)
    return TwoWay(
        difference, 10_000, nothing, nothing, error, error, total, np.sqrt(examples), float(freedom)
    )


@pytest.mark.parametrize("n", [3, 5, 10, 30])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_interval_covers_normal_seeds_and_examples(n: int, share: float) -> None:
    """Mean squares of normal effects are independent chi-squares; `share` is the examples'."""
    rng, times, count = np.random.default_rng(6), 4000, 10_000
    seeds = (1 - share) * rng.chisquare(n - 1, times) / (n - 1)
    residual = (1 - share) * rng.chisquare((n - 1) * (count - 1), times) / ((n - 1) * (count - 1))
    both = rng.chisquare(count - 1, times) / (count - 1)
    examples = np.maximum(both - residual, 0)
    covered = 0
    for values in zip(rng.normal(size=times), seeds, examples, strict=True):
        low, high = crossed.interval(_of_mean_squares(*values, freedom=n - 1))
        covered += low <= 0 <= high
    assert 0.94 - 0.01 < covered / times < 0.96 + 0.01  # 3 standard errors of the count


@pytest.mark.part(4)
@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("n", "times"), [(3, 1000), (5, 1000), (10, 800), (30, 500)])
def test_interval_covers_simulated_bits(n: int, times: int, paired: bool) -> None:
    """Equal cells differ in one of twenty cases."""
    covered = on_these = 0
    for correct, baseline in simulated(np.random.default_rng([7, n, paired]), n, n, 400, times):
        result = two_way(correct, baseline, paired=paired)
        low, high = crossed.interval(result)
        covered += low <= 0 <= high
        width = stats.t.ppf(0.975, result.degrees_of_freedom) * result.standard_error
        on_these += abs(result.difference) <= width
    error = 3 * np.sqrt(0.05 * 0.95 / times)
    assert 0.94 - error < covered / times < 0.96 + error
    if n == 30:  # the seeds alone answer another question, the more wrongly here the more of them there are
        assert on_these / times < 0.9


def outcomes(hidden: int, seeds: Sequence[int]) -> Bits:
    """Return which of MNIST's 10,000 test digits real networks get right, (seeds, examples)."""
    settings = {"hidden": hidden, "epochs": 3, "data.train_size": 500, "data.validation_size": 0}
    (config,) = from_settings({**settings, "evaluation.parts": ["test"], "parallel.kernels": "numpy"})
    data = load_seed_data(config, 0)
    return np.stack([trial.test.correct for trial in train_block(problem_for(config, data), seeds, data)])


def test_prediction_covers_other_half_of_digits() -> None:
    """By the same networks, of two cells that differ and of two that are one cell with other seeds."""
    few, many = outcomes(6, range(6)), outcomes(16, range(12))
    for cell, baseline in ((few, many[:6]), (few, many[6:]), (many[:6], many[6:])):
        differences = cell.mean(axis=0) - baseline.mean(axis=0)
        rng, times, covered = np.random.default_rng(8), 4000, 0
        for _ in range(times):
            half, other = np.split(rng.permutation(differences), 2)
            low, high = crossed.prediction(half, len(other))
            covered += low <= other.mean() <= high
        assert 0.94 < covered / times < 0.96
