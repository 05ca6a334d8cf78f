"""Which examples make a difference: against SciPy by class, and against seeds that are dealt at random."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sweep.stats import digits

LABELS = np.random.default_rng(0).integers(0, 3, 90)


def cells(seeds: int, baseline_seeds: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two cells, of which the first is better at class 1."""
    rng = np.random.default_rng([1, seeds, baseline_seeds])
    correct = rng.random((seeds, len(LABELS))) < np.where(LABELS == 1, 0.9, 0.7)
    return correct, rng.random((baseline_seeds, len(LABELS))) < 0.7


@pytest.mark.parametrize(("seeds", "baseline_seeds", "paired"), [(5, 5, True), (6, 4, False)])
def test_classes_differ_as_scipy_says(seeds: int, baseline_seeds: int, paired: bool) -> None:
    correct, baseline = cells(seeds, baseline_seeds)
    table = digits.by_class(correct, baseline, LABELS, paired, level=0.9)
    assert list(table["label"]) == [0, 1, 2]
    for row in table.itertuples():
        own = row.label == LABELS
        of_cell, of_baseline = correct[:, own].mean(axis=1), baseline[:, own].mean(axis=1)
        if paired:
            found = stats.ttest_rel(of_cell, of_baseline)
        else:
            found = stats.ttest_ind(of_cell, of_baseline, equal_var=False)
        interval = found.confidence_interval(0.9)
        assert row.examples == own.sum()
        assert (row.accuracy, row.baseline) == pytest.approx((of_cell.mean(), of_baseline.mean()))
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
        assert row.p == pytest.approx(found.pvalue)
    first, second, third = np.sort(table["p"])
    holm = [3 * first, max(3 * first, 2 * second), max(3 * first, 2 * second, third)]
    assert np.sort(table["p_adjusted"]) == pytest.approx(np.minimum(holm, 1))
    assert table.loc[table["p_adjusted"].idxmin(), "label"] == 1


def test_a_class_in_which_no_seed_differs_has_no_interval() -> None:
    correct, baseline = cells(5, 5)
    correct[:, LABELS == 0], baseline[:, LABELS == 0] = True, False
    table = digits.by_class(correct, baseline, LABELS, paired=True)
    assert table["difference"][0] == 1
    assert list(table["p"].isna()) == list(table["low"].isna()) == [True, False, False]
    assert table["p_adjusted"][1] == pytest.approx(min(1, 2 * table["p"][1:].min()))


def test_a_class_of_one_example_is_left_out() -> None:
    correct, baseline = cells(5, 5)
    table = digits.by_class(correct, baseline, np.where(np.arange(90) == 7, 3, LABELS), paired=True)
    assert list(table["label"]) == [0, 1, 2]


def test_examples_that_one_cell_gets_and_the_other_does_not() -> None:
    correct, baseline = np.ones((10, 6), bool), np.ones((5, 6), bool)
    baseline[1:, 0] = False  # 10/10 against 1/5
    baseline[2:, 1] = False  # 10/10 against 2/5: too many
    correct[2:, 2] = False  # 2/10 against 5/5
    correct[3:, 3] = False  # 3/10 against 5/5: too many
    baseline[:, 4] = False  # 10/10 against 0/5
    correct[8:, 4] = False  # 8/10 against 0/5
    baseline[:, 5] = False  # 10/10 against 0/5: the strongest
    table = digits.decisive(correct, baseline, np.arange(6) * 11)
    assert table.to_dict("list") == {
        "example": [5, 0, 2, 4],
        "label": [55, 0, 22, 44],
        "right": [10, 10, 2, 8],
        "baseline_right": [0, 1, 5, 0],
    }


def test_equal_cells_have_as_many_by_luck_as_are_expected() -> None:
    """Against seeds dealt at random to the two cells, 1,000 times."""
    rng, times = np.random.default_rng(2), 1000
    seeds = rng.random((9, 400)) < rng.random(400)
    gained = lost = 0
    for _ in range(times):
        dealt = rng.permutation(seeds)
        table = digits.decisive(dealt[:5], dealt[5:], np.zeros(400, int))
        gained += int((table["right"] > 2).sum())
        lost += int((table["right"] <= 2).sum())
    expected = digits.expected_by_luck(seeds[:5], seeds[5:])
    assert (gained / times, lost / times) == pytest.approx(expected, rel=0.1)
    assert min(expected) > 0.5
