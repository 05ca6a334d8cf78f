"""stats.contrast: against SciPy's tests, and contrasts without an error."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sweep.stats.contrast import Contrast, Errors, Method, contrast

DIFFERENCE = np.array([1.0, -1.0])
NAN = math.nan


def p(result: Contrast) -> float:
    return float(Errors.of([result]).p[0])


def interval(result: Contrast, level: float) -> tuple[float, float]:
    low, high = Errors.of([result]).intervals(level)
    return float(low[0]), float(high[0])


def columns(*cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put cells of different numbers of seeds side by side."""
    most = max(map(len, cells))
    return np.column_stack([np.append(cell, [NAN] * (most - len(cell))) for cell in cells])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [3, 5, 30])
def test_equal_seeds_give_paired_t_test(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.normal(0.97, 0.002, n)
    second = first / 2 + rng.normal(0.48, 0.001, n)
    result, expected = contrast(columns(first, second), DIFFERENCE), stats.ttest_rel(first, second)
    assert (result.method, result.paired, result.counts) == (Method.PAIRED, True, (n, n))
    assert p(result) == pytest.approx(expected.pvalue)
    assert result.estimate / result.standard_error == pytest.approx(expected.statistic)
    assert interval(result, 0.9) == pytest.approx(tuple(expected.confidence_interval(0.9)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("n", "other"), [(10, 30), (12, 12), (25, 11)])
def test_different_seeds_give_welch_t_test(n: int, other: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0.97, 0.002, n), rng.normal(0.968, 0.001, other)
    values = np.full((n + other, 2), NAN)
    values[:n, 0], values[n:, 1] = first, second
    result, expected = contrast(values, DIFFERENCE), stats.ttest_ind(first, second, equal_var=False)
    assert (result.method, result.paired, result.counts) == (Method.WELCH, False, (n, other))
    assert p(result) == pytest.approx(expected.pvalue)
    assert result.degrees_of_freedom == pytest.approx(expected.df)
    assert interval(result, 0.95) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_pairing_survives_few_missing_seeds() -> None:
    """Many missing seeds unpair cells, unless too few are left for an unpaired test."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 2))
    for common, paired in ((32, True), (12, False), (9, True)):
        # Below ten seeds there is no test without pairs: those in common are paired.
        values[common:, 1] = NAN
        result = contrast(values, DIFFERENCE)
        assert result.paired == paired
        first, second = values[:common].T
        expected = (
            stats.ttest_rel(first, second)
            if paired
            else stats.ttest_ind(values[:, 0], second, equal_var=False)
        )
        assert p(result) == pytest.approx(expected.pvalue)


def test_pairing_looks_at_no_value() -> None:
    rng = np.random.default_rng(1)
    for correlation in (-0.9, 0.0, 0.9):
        common = rng.normal(size=8)
        other = correlation * common + math.sqrt(1 - correlation**2) * rng.normal(size=8)
        assert contrast(columns(common, other), DIFFERENCE).paired


@pytest.mark.parametrize(
    ("first", "second", "paired", "method"),
    [
        ([0.9], [0.8], None, Method.TOO_FEW),
        ([0.9, 0.91], [0.8, 0.82], None, Method.TOO_FEW),
        ([0.9, 0.91, 0.92], [0.8, 0.82, 0.83], False, Method.TOO_FEW),
        ([0.9] * 5, [0.8] * 5, None, Method.NO_SPREAD),
        ([0.1 + 0.2] * 12, [0.3] * 12, False, Method.NO_SPREAD),
    ],
)
def test_without_spread_or_seeds_has_no_error(
    first: list[float], second: list[float], paired: bool | None, method: Method
) -> None:
    """The difference itself is there."""
    result = contrast(columns(np.array(first), np.array(second)), DIFFERENCE, paired=paired)
    assert result.method is method
    assert result.estimate == pytest.approx(np.mean(first) - np.mean(second))
    assert math.isnan(p(result))
    assert all(map(math.isnan, interval(result, 0.95)))


def test_contrast_of_four_cells_is_t_test_of_sums() -> None:
    values = np.random.default_rng(2).normal(size=(6, 4))
    weights = np.array([1.0, -1.0, -1.0, 1.0])
    result, expected = contrast(values, weights), stats.ttest_1samp(values @ weights, 0)
    assert p(result) == pytest.approx(expected.pvalue)
    assert interval(result, 0.95) == pytest.approx(tuple(expected.confidence_interval(0.95)))
