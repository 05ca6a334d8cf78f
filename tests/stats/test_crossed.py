"""The two sources of luck: components against statsmodels and hand arithmetic."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from sweep.core.errors import SettingError
from sweep.stats.crossed import Sources, two_way


def mean_squares(table: NDArray[np.float64]) -> tuple[float, float, float]:
    """Of seeds, examples and what is left, (seeds, examples), by statsmodels."""
    seeds, examples = np.indices(table.shape)
    long = pd.DataFrame({"y": table.ravel(), "seed": seeds.ravel(), "example": examples.ravel()})
    found = anova_lm(ols("y ~ C(seed) + C(example)", long).fit())["mean_sq"]
    return found["C(seed)"], found["C(example)"], found["Residual"]


def test_paired_components_are_those_of_the_analysis_of_variance() -> None:
    rng, (n, count) = np.random.default_rng(0), (6, 12)
    correct, baseline = rng.random((n, count)) < 0.8, rng.random((n, count)) < 0.6
    seeds, examples, residual = mean_squares(correct.astype(float) - baseline)
    assert examples > residual < seeds  # so that nothing is cut off at nought
    found = two_way(correct, baseline, paired=True)
    components = Sources((seeds - residual) / count, (examples - residual) / n, residual)
    total = components.seeds / n + components.examples / count + residual / (n * count)
    assert found.difference == pytest.approx(correct.mean() - baseline.mean())
    assert vars(found.components) == pytest.approx(vars(components))
    assert found.shares.seeds == pytest.approx(components.seeds / n / total)
    assert found.shares.examples == pytest.approx(components.examples / count / total)
    assert sum(vars(found.shares).values()) == pytest.approx(1)
    assert found.standard_error == pytest.approx(np.sqrt(seeds / (n * count)))
    assert found.standard_error_new_examples == pytest.approx(np.sqrt(total))
    assert found.standard_error_endless_seeds == pytest.approx(np.sqrt(components.examples / count))
    assert found.one_run == pytest.approx(np.std(correct.mean(axis=1) - baseline.mean(axis=1), ddof=1))
    assert found.degrees_of_freedom == pytest.approx(n - 1)


def test_unpaired_components_are_the_sums_of_both_cells() -> None:
    rng, count = np.random.default_rng(1), 9
    hard = rng.random(count)
    correct, baseline = rng.random((4, count)) < hard, rng.random((7, count)) < 1 - hard
    found = two_way(correct, baseline, paired=False)
    cells = [(len(cell), *mean_squares(cell.astype(float))) for cell in (correct, baseline)]
    differences = []
    for example in range(count):
        right, right_baseline = correct[:, example].tolist(), baseline[:, example].tolist()
        differences.append(sum(right) / 4 - sum(right_baseline) / 7)
    interaction = sum(residual / (n * count) for n, _, _, residual in cells)
    examples = np.var(differences, ddof=1) / count - interaction
    assert found.components.interaction == pytest.approx(sum(residual for *_, residual in cells))
    assert found.components.examples == pytest.approx(examples * count)
    seeds = sum((of_seeds - residual) / count for _, of_seeds, _, residual in cells)
    assert found.components.seeds == pytest.approx(max(seeds, 0))
    welch = stats.ttest_ind(correct.mean(axis=1), baseline.mean(axis=1), equal_var=False)
    assert found.degrees_of_freedom == pytest.approx(welch.df)
    assert found.difference / found.standard_error == pytest.approx(welch.statistic)
    expected = np.hypot(found.standard_error, np.sqrt(examples))
    assert found.standard_error_new_examples == pytest.approx(expected)


def test_a_component_that_would_be_negative_is_nought() -> None:
    rng = np.random.default_rng(2)
    correct = np.stack([rng.permutation(40) < 30 for _ in range(5)])  # each seed has the same accuracy
    baseline = np.stack([np.roll(correct[0], 8 * seed) for seed in range(5)])
    found = two_way(correct, baseline, paired=True)
    assert found.components.seeds == 0
    assert found.standard_error == 0
    assert found.standard_error_new_examples >= found.standard_error


def test_equal_cells_have_no_luck_in_them() -> None:
    correct = np.random.default_rng(3).random((4, 50)) < 0.9
    found = two_way(correct, correct, paired=True)
    assert (found.difference, found.standard_error_new_examples, found.shares) == (0, 0, Sources(0, 0, 0))


def test_the_examples_that_are_needed_leave_the_standard_error_asked_for() -> None:
    rng = np.random.default_rng(4)
    hard = rng.random((2, 1, 4000))  # another one for each cell
    correct, baseline = rng.random((2, 30, 4000)) < hard
    found = two_way(correct, baseline, paired=False)
    needed = found.examples_needed(found.standard_error_endless_seeds / 2)
    assert needed == pytest.approx(4 * 4000, abs=1)


@pytest.mark.parametrize(
    ("seeds", "baseline_seeds", "examples", "paired"),
    [(1, 1, 50, True), (3, 1, 50, False), (3, 4, 50, True), (3, 3, 1, True)],
)
def test_tables_that_say_nothing_are_refused(
    seeds: int, baseline_seeds: int, examples: int, paired: bool
) -> None:
    correct, baseline = np.ones((seeds, examples), bool), np.ones((baseline_seeds, examples), bool)
    with pytest.raises(SettingError, match="runs and test examples of two cells"):
        two_way(correct, baseline, paired)
