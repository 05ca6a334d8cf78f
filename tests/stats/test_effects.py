"""stats.effects: against sums by hand, and against statsmodels' factorial analysis."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols

from sweep.stats.compare import Observations
from sweep.stats.effects import interactions, main_effects
from sweep.stats.judge import Criteria

AXES = ["width", "rate", "name"]
GRID = list(itertools.product([16, 32, 64], [0.1, 0.2], ["relu", "tanh"]))


def factorial(n: int = 6, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw trials of a 3 x 2 x 2 design with effects, an interaction and luck that seeds share."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.01, n)
    cells = pd.DataFrame(GRID, columns=AXES)
    cells.insert(0, "cell", [f"c{position}" for position in range(len(cells))])
    rows = [
        {"cell": cell, "seed": index, "test_accuracy": 0.9 + width / 1000 + gain + shared[index] + noise}
        for cell, width, rate, name in cells.itertuples(index=False)
        for gain in [0.02 * (rate == 0.2) + 0.01 * (rate == 0.2 and name == "tanh")]
        for index, noise in enumerate(rng.normal(0, 0.003, n))
    ]
    return pd.DataFrame(rows), cells


def observed(trials: pd.DataFrame) -> Observations:
    return Observations.of(trials, "test_accuracy")


def by_seed(trials: pd.DataFrame, cells: pd.DataFrame, **where: object) -> np.ndarray:
    """Return the mean over the cells that have these values, one number a seed."""
    selected = cells
    for axis, value in where.items():
        selected = selected[selected[axis] == value]
    return trials[trials["cell"].isin(selected["cell"])].groupby("seed")["test_accuracy"].mean().to_numpy()


def test_main_effect_is_mean_over_other_axes() -> None:
    trials, cells = factorial()
    effects = main_effects(observed(trials), cells, AXES, criteria=Criteria())
    assert list(
        zip(effects["setting"], effects["value"], effects["against"], effects["cells"], strict=True)
    ) == [
        ("width", "32", "16", 4),
        ("width", "64", "16", 4),
        ("rate", "0.2", "0.1", 6),
        ("name", "tanh", "relu", 6),
    ]
    expected = [
        (by_seed(trials, cells, width=32), by_seed(trials, cells, width=16)),
        (by_seed(trials, cells, width=64), by_seed(trials, cells, width=16)),
        (by_seed(trials, cells, rate=0.2), by_seed(trials, cells, rate=0.1)),
        (by_seed(trials, cells, name="tanh"), by_seed(trials, cells, name="relu")),
    ]
    for row, (first, second) in zip(effects.to_dict("records"), expected, strict=True):
        test = stats.ttest_rel(first, second)
        assert row["difference"] == pytest.approx((first - second).mean())
        assert row["p"] == pytest.approx(test.pvalue)
        assert (row["low"], row["high"]) == pytest.approx(tuple(test.confidence_interval(0.95)))


def test_effects_are_those_of_full_linear_model() -> None:
    trials, cells = factorial()
    effects = main_effects(observed(trials), cells, AXES, criteria=Criteria())
    crossed = interactions(observed(trials), cells, AXES, criteria=Criteria())
    data = trials.merge(cells, on="cell")
    # Sum coding: half the difference of the two values, averaged over everything else.
    model = ols("test_accuracy ~ C(width, Sum) * C(rate, Sum) * C(name, Sum)", data).fit()
    (rate,) = effects.loc[effects["setting"] == "rate", "difference"]
    assert rate == pytest.approx(-2 * model.params["C(rate, Sum)[S.0.1]"])
    (both,) = crossed.loc[(crossed["setting"] == "rate") & (crossed["with_setting"] == "name"), "difference"]
    assert both == pytest.approx(4 * model.params["C(rate, Sum)[S.0.1]:C(name, Sum)[S.relu]"])


def test_interaction_is_difference_of_differences() -> None:
    trials, cells = factorial()
    effects = interactions(observed(trials), cells, AXES, criteria=Criteria())
    assert len(effects) == 2 * 1 + 2 * 1 + 1 * 1
    row = effects[(effects["setting"] == "rate") & (effects["with_setting"] == "name")].iloc[0]
    values = [
        by_seed(trials, cells, rate=rate, name=name)
        for rate, name in itertools.product([0.2, 0.1], ["tanh", "relu"])
    ]
    change = values[0] - values[1] - values[2] + values[3]
    assert (row["with_value"], row["with_against"], row["cells"]) == ("tanh", "relu", 3)
    assert row["difference"] == pytest.approx(change.mean())
    assert row["p"] == pytest.approx(stats.ttest_1samp(change, 0).pvalue)


def test_effects_of_incomplete_grid() -> None:
    """Cells that are missing or lack a seed are left out of the means."""
    trials, cells = factorial()
    # No cell of 64 units at rate 0.2; one cell lost a seed.
    lost = cells[(cells["width"] == 64) & (cells["rate"] == 0.2)]["cell"]
    broken = cells.loc[(cells["width"] == 16) & (cells["rate"] == 0.1), "cell"].iloc[0]
    trials = trials[~trials["cell"].isin(lost) & ~((trials["cell"] == broken) & (trials["seed"] == 0))]
    effects = main_effects(observed(trials), cells, AXES, criteria=Criteria())
    rate = effects[effects["setting"] == "rate"].iloc[0]
    assert (rate["cells"], rate["n"]) == (3, 6)
    remaining = cells[(cells["width"] == 32) | ((cells["width"] == 16) & (cells["name"] == "tanh"))]
    first, second = (by_seed(trials, remaining, rate=value) for value in (0.2, 0.1))
    assert rate["difference"] == pytest.approx((first - second).mean())


def test_effects_against_named_baseline() -> None:
    trials, cells = factorial()
    base = cells.loc[(cells["width"] == 32) & (cells["name"] == "tanh"), "cell"].iloc[1]
    effects = main_effects(observed(trials), cells, AXES, criteria=Criteria(), baseline=base)
    assert list(zip(effects["value"], effects["against"], strict=True)) == [
        *(("16", "32"), ("64", "32"), ("0.1", "0.2"), ("relu", "tanh"))
    ]
    difference = by_seed(trials, cells, width=16) - by_seed(trials, cells, width=32)
    assert effects["difference"].iloc[0] == pytest.approx(difference.mean())


def test_settings_that_vary_together_are_one_effect() -> None:
    trials, cells = factorial()
    cells = cells.assign(twin=cells["rate"] * 10)
    effects = main_effects(observed(trials), cells, [*AXES, "twin"], criteria=Criteria())
    (row,) = effects[effects["setting"] == "rate, twin"].to_dict("records")
    assert (row["value"], row["against"]) == ("0.2, 2", "0.1, 1")


def test_equal_values_give_few_false_effects() -> None:
    false = 0
    for seed in range(40):
        draws = np.random.default_rng(seed).normal(0.9, 0.01, (len(GRID), 5))
        cells = pd.DataFrame(GRID, columns=AXES).assign(
            cell=[f"c{position}" for position in range(len(GRID))]
        )
        trials = pd.DataFrame(
            {
                "cell": np.repeat(cells["cell"], 5),
                "seed": [*range(5)] * len(GRID),
                "test_accuracy": draws.ravel(),
            }
        )
        effects = main_effects(observed(trials), cells, AXES, criteria=Criteria(margin=0.0))
        false += bool((effects["verdict"] != "undecided").any())
    assert false <= 40 * 0.05 + 3 * np.sqrt(40 * 0.05 * 0.95)
