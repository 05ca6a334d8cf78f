"""stats.variance: against SciPy, hand arithmetic, and simulated seeds whose shares are known."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from sweep.stats.variance import LEAST, Decomposition, deviation, jackknife, share

Numbers = NDArray[np.float64]
RUNS = 900  # of a simulation; its standard error at 95 % is 0.7 points, of a third of them 1.3
SHARES = (0.05, 0.15, 0.5)  # main effects of init, order and split; the rest is interaction


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    return rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    """Draw seeds of mean 0, variance 1, skewness -1.33, excess kurtosis 2.67."""
    return -(rng.gamma(2.25, size=shape) - 2.25) / 1.5


Draw = Callable[[np.random.Generator, tuple[int, ...]], Numbers]


def trials(draw: Draw, rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """Draw n seeds: main effects that are shared between columns, and interaction that is not."""
    left = 1 - sum(SHARES)
    effects = [np.sqrt(part) * draw(rng, (n,)) for part in SHARES]
    luck = np.sqrt(left) * draw(rng, (n, 4))
    alone = {name: effects[k] + luck[:, k] for k, name in enumerate(("init", "order", "split"))}
    return pd.DataFrame(alone), pd.Series(sum(effects) + luck[:, 3])


@pytest.mark.part(1)
@pytest.mark.covering(1)
@pytest.mark.parametrize(("draw", "low", "high"), [(normal, 0.92, 0.98), (skewed, 0.90, 0.98)])
@pytest.mark.parametrize("n", [LEAST, 29])
def test_decomposition_covers_truth(draw: Draw, low: float, high: float, n: int) -> None:
    """Intervals of shares, main effects and interaction hold the truth as often as promised."""
    rng, decomposition, left = np.random.default_rng(n), Decomposition(), 1 - sum(SHARES)
    names = ["init", "order", "split"]
    main, total = np.array(SHARES), np.array(SHARES) + left
    hits = []
    for _ in range(RUNS // 3):
        alone, together = trials(draw, rng, n)
        table = decomposition(alone, together).loc[names]
        rest = decomposition.interaction(alone, together)
        hits.append(
            [
                np.mean((table["main_effect_low"] < main) & (main < table["main_effect_high"])),
                np.mean((table["share_low"] < total) & (total < table["share_high"])),
                rest["main_effect_low"] < left < rest["main_effect_high"],
                rest["share_low"] < 1 - total.sum() < rest["share_high"],
            ]
        )
    assert np.all(np.mean(hits, axis=0) > low)
    assert np.all(np.mean(hits, axis=0) < high)


@pytest.mark.covering(1)
@pytest.mark.parametrize(("draw", "low", "high"), [(normal, 0.93, 0.975), (skewed, 0.89, 0.95)])
@pytest.mark.parametrize("n", [LEAST, 10, 30])
def test_deviation_covers_truth(draw: Draw, low: float, high: float, n: int) -> None:
    samples = draw(np.random.default_rng(n), (RUNS, n))
    limits = np.array([deviation(sample, 0.95)[1:] for sample in samples])
    assert low < np.mean((limits[:, 0] < 1) & (limits[:, 1] > 1)) < high


def test_deviation_of_many_normal_seeds_is_chi_square() -> None:
    values = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    std, low, high = deviation(values, 0.9)
    assert std == pytest.approx(np.std(values, ddof=1))
    variance = 1999 * std**2 / stats.chi2.ppf([0.95, 0.05], 1999)
    assert (low, high) == pytest.approx(tuple(np.sqrt(variance)), rel=0.01)


def test_share_of_many_normal_seeds_is_pitman_morgan() -> None:
    rng = np.random.default_rng(3)
    first, noise = rng.standard_normal((2, 600))
    second = 0.8 * first + 1.2 * noise
    ratio = np.var(first, ddof=1) / np.var(second, ddof=1)
    r = stats.pearsonr(first, second).statistic
    k = 1 + 2 * (1 - r**2) * stats.t.ppf(0.975, 598) ** 2 / 598
    expected = ratio, ratio * (k - np.sqrt(k**2 - 1)), ratio * (k + np.sqrt(k**2 - 1))
    assert share(first, second, 0.95) == pytest.approx(expected, rel=0.03)


def test_jackknife_of_mean_is_t_interval() -> None:
    """It has one degree of freedom less."""
    values = np.random.default_rng(5).gamma(2.0, size=(12, 1))
    result = jackknife(lambda sample: sample.mean(axis=(-2, -1)), values, 0.9)
    low, high = stats.t.interval(0.9, 10, values.mean(), stats.sem(values[:, 0]))
    assert result == pytest.approx((values.mean(), low, high))


def test_main_effect_is_a_slope() -> None:
    alone, together = trials(normal, np.random.default_rng(7), 40)
    table = Decomposition()(alone, together)
    for name in alone:
        slope = stats.linregress(together, alone[name]).slope
        assert table.loc[name, "main_effect"] == pytest.approx(slope)
        ratio = np.var(alone[name], ddof=1) / np.var(together, ddof=1)
        assert table.loc[name, "share"] == pytest.approx(ratio)
    rest = Decomposition().interaction(alone, together)
    assert rest["share"] == pytest.approx(1 - table["share"].sum())
    assert rest["main_effect"] == pytest.approx(1 - table["main_effect"].sum())
    assert table.loc["all", "std"] == pytest.approx(np.std(together, ddof=1))
    assert np.isnan(table.loc["all", "share"])
    assert table.loc["all", "skewness"] == pytest.approx(stats.skew(together))


def test_source_without_effect_has_no_share() -> None:
    """There is no warning either."""
    _, together = trials(normal, np.random.default_rng(9), 12)
    table = Decomposition()(pd.DataFrame({"init": np.full(12, 0.5)}), together)
    assert table.loc["init", ["std", "share", "main_effect"]].tolist() == [0, 0, 0]
    assert table.loc["init", ["std_low", "share_low", "share_high"]].isna().all()
    assert np.isnan(table.loc["init", "skewness"])
    table = Decomposition()(pd.DataFrame({"init": together}), together * 0)
    assert table.loc["init", ["main_effect_low", "main_effect_high"]].isna().all()


def test_too_few_seeds_have_only_a_deviation() -> None:
    alone, together = trials(normal, np.random.default_rng(11), LEAST - 1)
    table = Decomposition()(alone, together)
    assert table["std"].notna().all()
    assert table.drop(columns=["n", "mean", "skewness", "std"]).isna().all(axis=None)
    assert Decomposition()(alone[:1], together[:1])["std"].isna().all()
