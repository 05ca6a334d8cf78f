"""Shares of the variance against SciPy, hand arithmetic, and networks of dice whose shares are known."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from sweep.stats.variance import LEAST, Components, deviation, jackknife, share

Numbers = NDArray[np.float64]
RUNS = 900  # of a simulation; its standard error at 95 % is 0.7 points, of a third of them 1.3
SHARES = (0.05, 0.15, 0.5)  # main effects of init, order and split; the rest is interaction


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    return rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    """Mean 0, variance 1, skewness -1.33, excess kurtosis 2.67."""
    return -(rng.gamma(2.25, size=shape) - 2.25) / 1.5


Draw = Callable[[np.random.Generator, tuple[int, ...]], Numbers]


def trials(draw: Draw, rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """Accuracies of n seeds: main effects that seeds share between rows, and interaction that they do not."""
    left = 1 - sum(SHARES)
    effects = [np.sqrt(part) * draw(rng, (n,)) for part in SHARES]
    luck = np.sqrt(left) * draw(rng, (n, 4))
    alone = {name: effects[k] + luck[:, k] for k, name in enumerate(("init", "order", "split"))}
    return pd.DataFrame(alone), pd.Series(sum(effects) + luck[:, 3])


@pytest.mark.parametrize(("draw", "low", "high"), [(normal, 0.92, 0.98), (skewed, 0.90, 0.98)])
@pytest.mark.parametrize("n", [LEAST, 29])
def test_shares_and_main_effects_cover_the_truth(draw: Draw, low: float, high: float, n: int) -> None:
    rng, components, left = np.random.default_rng(n), Components(), 1 - sum(SHARES)
    names = ["init", "order", "split"]
    main, total = np.array(SHARES), np.array(SHARES) + left
    hits = []
    for _ in range(RUNS // 3):
        alone, together = trials(draw, rng, n)
        table = components(alone, together).loc[names]
        rest = components.interaction(alone, together)
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


@pytest.mark.parametrize(("draw", "low", "high"), [(normal, 0.93, 0.975), (skewed, 0.89, 0.95)])
@pytest.mark.parametrize("n", [LEAST, 10, 30])
def test_the_deviation_covers_the_truth(draw: Draw, low: float, high: float, n: int) -> None:
    samples = draw(np.random.default_rng(n), (RUNS, n))
    limits = np.array([deviation(sample, 0.95)[1:] for sample in samples])
    assert low < np.mean((limits[:, 0] < 1) & (limits[:, 1] > 1)) < high


def test_the_interval_of_a_deviation_is_near_the_chi_square_one_for_many_normal_seeds() -> None:
    values = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    std, low, high = deviation(values, 0.9)
    assert std == pytest.approx(np.std(values, ddof=1))
    variance = 1999 * std**2 / stats.chi2.ppf([0.95, 0.05], 1999)
    assert (low, high) == pytest.approx(tuple(np.sqrt(variance)), rel=0.01)


def test_a_share_is_near_pitmans_and_morgans_for_many_normal_seeds() -> None:
    rng = np.random.default_rng(3)
    first, noise = rng.standard_normal((2, 600))
    second = 0.8 * first + 1.2 * noise
    ratio = np.var(first, ddof=1) / np.var(second, ddof=1)
    r = stats.pearsonr(first, second).statistic
    k = 1 + 2 * (1 - r**2) * stats.t.ppf(0.975, 598) ** 2 / 598
    expected = ratio, ratio * (k - np.sqrt(k**2 - 1)), ratio * (k + np.sqrt(k**2 - 1))
    assert share(first, second, 0.95) == pytest.approx(expected, rel=0.03)


def test_the_jackknife_of_a_mean_is_the_t_interval_but_for_its_degrees_of_freedom() -> None:
    values = np.random.default_rng(5).gamma(2.0, size=(12, 1))
    found = jackknife(lambda own: own.mean(axis=(-2, -1)), values, 0.9)
    low, high = stats.t.interval(0.9, 10, values.mean(), stats.sem(values[:, 0]))
    assert found == pytest.approx((values.mean(), low, high))


def test_a_main_effect_is_a_slope() -> None:
    alone, together = trials(normal, np.random.default_rng(7), 40)
    table = Components()(alone, together)
    for name in alone:
        slope = stats.linregress(together, alone[name]).slope
        assert table.loc[name, "main_effect"] == pytest.approx(slope)
        ratio = np.var(alone[name], ddof=1) / np.var(together, ddof=1)
        assert table.loc[name, "share"] == pytest.approx(ratio)
    rest = Components().interaction(alone, together)
    assert rest["share"] == pytest.approx(1 - table["share"].sum())
    assert rest["main_effect"] == pytest.approx(1 - table["main_effect"].sum())
    assert table.loc["all", "std"] == pytest.approx(np.std(together, ddof=1))
    assert np.isnan(table.loc["all", "share"])
    assert table.loc["all", "skewness"] == pytest.approx(stats.skew(together))


def test_a_source_without_effect_has_no_share_and_no_warning() -> None:
    _, together = trials(normal, np.random.default_rng(9), 12)
    table = Components()(pd.DataFrame({"init": np.full(12, 0.5)}), together)
    assert table.loc["init", ["std", "share", "main_effect"]].tolist() == [0, 0, 0]
    assert table.loc["init", ["std_low", "share_low", "share_high"]].isna().all()
    assert np.isnan(table.loc["init", "skewness"])
    table = Components()(pd.DataFrame({"init": together}), together * 0)
    assert table.loc["init", ["main_effect_low", "main_effect_high"]].isna().all()


def test_too_few_seeds_have_a_deviation_alone() -> None:
    alone, together = trials(normal, np.random.default_rng(11), LEAST - 1)
    table = Components()(alone, together)
    assert table["std"].notna().all()
    assert table.drop(columns=["n", "mean", "skewness", "std"]).isna().all(axis=None)
    assert Components()(alone[:1], together[:1])["std"].isna().all()
