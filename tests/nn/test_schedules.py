"""Learning-rate schedules against hand arithmetic."""

from math import sqrt

import pytest

from sweep.nn.schedules import SCHEDULES, Constant, Cosine, InverseEpoch, Step


def test_every_schedule_is_tested() -> None:
    assert set(SCHEDULES.builtin) == {"constant", "inverse_epoch", "step", "cosine"}


@pytest.mark.parametrize("epoch", [0, 1, 50])
def test_constant_ignores_the_epoch(epoch: int) -> None:
    assert Constant().factor(epoch, 51) == 1


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
    assert InverseEpoch(a=a, b=b).factor(epoch, 10) == pytest.approx(factor, rel=1e-15)


def test_step_drops_at_every_so_many_epochs() -> None:
    """As torch.optim.lr_scheduler.StepLR: drop ** (epoch // every)."""
    factors = [Step(every=3, drop=0.5).factor(epoch, 8) for epoch in range(8)]
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_cosine_is_half_a_wave() -> None:
    """As torch.optim.lr_scheduler.CosineAnnealingLR: at multiples of 45 degrees."""
    factors = [Cosine().factor(epoch, 4) for epoch in range(5)]
    root = sqrt(0.5)
    assert factors == pytest.approx([1, (1 + root) / 2, 0.5, (1 - root) / 2, 0], abs=1e-15)


def test_cosine_of_less_than_an_epoch_starts_at_the_full_rate() -> None:
    assert Cosine().factor(0, 0.25) == 1


@pytest.mark.parametrize(
    ("schedule", "after"),
    [
        (Constant(warmup=3), [1, 1, 1, 1]),
        (InverseEpoch(warmup=3, a=1.0, b=1.0), [1, 1 / 2, 1 / 3, 1 / 4]),
        (Step(warmup=3, every=2, drop=0.5), [1, 1, 0.5, 0.5]),
        (Cosine(warmup=3), [1, (1 + sqrt(0.5)) / 2, 0.5, (1 - sqrt(0.5)) / 2]),
    ],
    ids=["constant", "inverse epoch", "step", "cosine"],
)
def test_a_warm_up_rises_in_equal_steps_and_then_the_schedule_begins(
    schedule: Constant | InverseEpoch | Step | Cosine, after: list[float]
) -> None:
    """Three of seven epochs at 1/4, 2/4 and 3/4 of the first rate after them."""
    factors = [schedule.factor(epoch, 7) for epoch in range(7)]
    assert factors == pytest.approx([1 / 4, 2 / 4, 3 / 4, *after], rel=1e-15)
