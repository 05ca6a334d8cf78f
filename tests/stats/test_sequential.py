"""Intervals under repeated looks: by hand, by SciPy, and by simulation of seeds whose truth is known."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sweep.stats.sequential import GROWTH, SKEWNESS, Looks, critical_value

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Values]


@pytest.mark.parametrize(
    ("budget", "first", "seeds"),
    [
        (100, 5, (5, 8, 12, 18, 27, 41, 62, 100)),  # not 93, which lies close before the last
        (12, 3, (3, 5, 8, 12)),
        (4, 3, (3, 4)),
        (5, 5, (5,)),
    ],
)
def test_looks_grow_by_half_up_to_the_budget(budget: int, first: int, seeds: tuple[int, ...]) -> None:
    assert Looks.until(budget, first, comparisons=2).seeds == seeds


def test_looks_are_never_far_apart() -> None:
    for first in range(3, 12):
        for budget in range(first, 300):
            seeds = Looks.until(budget, first, comparisons=1).seeds
            assert seeds[-1] == budget
            assert all(a < b <= np.ceil(GROWTH**1.5 * a) for a, b in pairwise(seeds))


@pytest.mark.parametrize("count", [3, 5, 18, 100])
def test_an_interval_ends_where_the_error_of_one_look_does(count: int) -> None:
    rng = np.random.default_rng(count)
    cell, baseline = rng.normal(0.97, 0.002, count), rng.normal(0.968, 0.001, count)
    looks = Looks.until(100, 3, comparisons=4, level=0.9)
    differences = cell - baseline
    half = looks.half_width(float(stats.sem(differences)), count)
    for bound in (differences.mean() - half, differences.mean() + half):
        student = stats.ttest_rel(cell - bound, baseline)
        residuals = differences - bound
        ratio = abs(residuals.sum()) / np.sqrt((residuals**2).sum())
        skewed = np.cosh(SKEWNESS * ratio**3 / (3 * np.sqrt(count)))
        assert student.pvalue * skewed == pytest.approx(0.1 / (4 * len(looks.seeds)))
    # Slightly wider than Student's at the same error.
    level = 1 - 0.1 / (4 * len(looks.seeds))
    student = stats.ttest_rel(cell, baseline).confidence_interval(level)
    assert 1 < 2 * half / (student.high - student.low) < 1.2


@pytest.mark.parametrize("count", [3, 10, 1000])
@pytest.mark.parametrize("error", [0.05, 1e-4, 1e-12])
def test_the_critical_value_is_found_however_small_the_error(count: int, error: float) -> None:
    students = stats.t.isf(error / 2, count - 1)
    assert students < critical_value(count, error) < 1.3 * students


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    return rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """Standardised, with a skewness of -1.33: a few seeds do much worse."""
    return (2.25 - rng.standard_gamma(2.25, shape)) / 1.5


def false_alarms(draw: Draw, ratio: float, comparisons: int, looks: Looks, sweeps: int) -> float:
    """The share of sweeps in which any interval at any look misses the truth; all cells are equal."""
    rng = np.random.default_rng(13)
    most = looks.seeds[-1]
    baseline = draw(rng, (sweeps, 1, most))
    differences = ratio * draw(rng, (sweeps, comparisons, most)) - baseline
    missed = np.zeros(sweeps, bool)
    for seeds in looks.seeds:
        sample = differences[..., :seeds]
        half = np.vectorize(looks.half_width)(1.0, seeds) * stats.sem(sample, axis=-1)
        missed |= (np.abs(sample.mean(axis=-1)) > half).any(axis=1)
    return float(missed.mean())


@pytest.mark.parametrize("comparisons", [1, 11])
@pytest.mark.parametrize("draw", [normal, skewed])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_false_alarms_over_all_looks_and_comparisons_are_at_most_five_percent(
    draw: Draw, ratio: float, comparisons: int
) -> None:
    looks = Looks.until(60, 3, comparisons)
    assert 0.005 < false_alarms(draw, ratio, comparisons, looks, sweeps=6000) <= 0.05
