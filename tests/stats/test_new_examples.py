"""Intervals for other test examples: against simulation, and against the other half of real ones."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sweep.config.compose import from_settings
from sweep.runner.shared_data import load_own
from sweep.stats import crossed
from sweep.stats.crossed import Sources, TwoWay, two_way
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block

Bits = NDArray[np.bool_]


def simulated(
    rng: np.random.Generator, seeds: int, baseline_seeds: int, examples: int, times: int
) -> Iterator[tuple[Bits, Bits]]:
    """Pairs of equally good cells on examples of their own: those that one finds hard, the other may not.

    Both have the same distribution of seeds and of examples, so that their true difference is nought.
    """
    for _ in range(times):
        hard = rng.normal(2.5, 2.0, examples)
        cells = []
        for count in (seeds, baseline_seeds):
            logit = hard + rng.normal(0, 0.8, examples) + rng.normal(0, 0.15, (count, 1))
            cells.append(rng.random((count, examples)) < 1 / (1 + np.exp(-logit)))
        yield cells[0], cells[1]


def test_p_value_is_where_the_interval_ends_at_nought() -> None:
    for correct, baseline in simulated(np.random.default_rng(5), 4, 4, 200, 20):
        found = two_way(correct, baseline, paired=True)
        low, high = crossed.interval(found, 1 - crossed.p_value(found))
        assert min(abs(low), abs(high)) == pytest.approx(0, abs=1e-9)


def test_equal_cells_have_no_luck_in_them() -> None:
    correct = np.random.default_rng(3).random((4, 50)) < 0.9
    found = two_way(correct, correct, paired=True)
    assert crossed.interval(found) == (0, 0)
    assert crossed.p_value(found) == 1


def test_intervals_are_students_where_one_source_is_all() -> None:
    seeds = _of_mean_squares(0.02, seeds=3e-4, examples=0.0, freedom=4)
    assert crossed.interval(seeds) == pytest.approx(stats.t.interval(0.95, 4, 0.02, np.sqrt(3e-4)))
    assert crossed.p_value(seeds) == pytest.approx(2 * stats.t.sf(0.02 / np.sqrt(3e-4), 4))
    examples = _of_mean_squares(0.02, seeds=0.0, examples=3e-4, freedom=4)
    assert crossed.interval(examples) == pytest.approx(stats.t.interval(0.95, 9999, 0.02, np.sqrt(3e-4)))
    assert crossed.p_value(examples) == pytest.approx(2 * stats.t.sf(0.02 / np.sqrt(3e-4), 9999))


def _of_mean_squares(difference: float, seeds: float, examples: float, freedom: int) -> TwoWay:
    nothing = Sources(0.0, 0.0, 0.0)
    total, error = np.sqrt(seeds + examples), np.sqrt(seeds)
    return TwoWay(
        difference, 10_000, nothing, nothing, error, error, total, np.sqrt(examples), float(freedom)
    )


@pytest.mark.parametrize("n", [3, 5, 10, 30])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_normal_seeds_and_examples_are_covered(n: int, share: float) -> None:
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


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(("n", "times"), [(3, 1000), (5, 1000), (10, 800), (30, 500)])
def test_bits_are_covered_and_equal_cells_differ_in_one_of_twenty(n: int, times: int, paired: bool) -> None:
    covered = on_these = 0
    for correct, baseline in simulated(np.random.default_rng([7, n, paired]), n, n, 400, times):
        found = two_way(correct, baseline, paired)
        low, high = crossed.interval(found)
        covered += low <= 0 <= high
        width = stats.t.ppf(0.975, found.degrees_of_freedom) * found.standard_error
        on_these += abs(found.difference) <= width
    error = 3 * np.sqrt(0.05 * 0.95 / times)
    assert 0.94 - error < covered / times < 0.96 + error
    if n == 30:  # the seeds alone answer another question, the more wrongly here the more of them there are
        assert on_these / times < 0.9


def trained(hidden: int, seeds: Sequence[int]) -> Bits:
    """Which of MNIST's 10,000 test digits real networks get right, (seeds, examples)."""
    settings = {"hidden": hidden, "epochs": 3, "data.train_size": 500, "data.validation_size": 0}
    (config,) = from_settings({**settings, "evaluation.parts": ["test"], "parallel.kernels": "numpy"})
    data = load_own(config, 0)
    return np.stack([result.test.correct for result in train_block(problem_for(config, data), seeds, data)])


def test_the_other_half_of_the_digits_is_predicted() -> None:
    """By the same networks, of two cells that differ and of two that are one cell with other seeds."""
    few, many = trained(6, range(6)), trained(16, range(12))
    for cell, baseline in ((few, many[:6]), (few, many[6:]), (many[:6], many[6:])):
        differences = cell.mean(axis=0) - baseline.mean(axis=0)
        rng, times, covered = np.random.default_rng(8), 4000, 0
        for _ in range(times):
            half, other = np.split(rng.permutation(differences), 2)
            low, high = crossed.prediction(half, len(other))
            covered += low <= other.mean() <= high
        assert 0.94 < covered / times < 0.96
