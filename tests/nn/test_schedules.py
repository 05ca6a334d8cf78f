"""Learning-rate schedules against hand arithmetic."""

import pytest

from sweep.nn.schedules import SCHEDULES


def test_every_schedule_is_tested() -> None:
    assert set(SCHEDULES) == {"constant", "inverse_epoch"}


@pytest.mark.parametrize("epoch", [0, 1, 50])
def test_constant_ignores_epoch_and_settings(epoch: int) -> None:
    assert SCHEDULES["constant"](epoch, 3.0, 2.0) == 1


@pytest.mark.parametrize(
    ("epoch", "a", "b", "factor"),
    [
        (0, 1, 0.5, 1),
        (1, 1, 0.5, 2 / 3),
        (2, 1, 0.5, 1 / 2),
        (0, 4, 1, 1 / 4),
        (6, 4, 1, 1 / 10),
        (9, 2, 0, 1 / 2),
    ],
)
def test_inverse_epoch_is_one_over_a_plus_b_epochs(epoch: int, a: float, b: float, factor: float) -> None:
    assert SCHEDULES["inverse_epoch"](epoch, a, b) == pytest.approx(factor, rel=1e-15)
