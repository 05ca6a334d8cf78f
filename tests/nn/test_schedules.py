"""Learning-rate schedules against hand arithmetic."""

from math import sqrt

import pytest

from sweep.nn.schedules import SCHEDULES, Constant, Cosine, InverseEpoch, Step


def test_schedules_all_covered() -> None:
    """Every schedule of the package is tested here."""
    assert set(SCHEDULES.builtin) == {"constant", "inverse_epoch", "step", "cosine"}


@pytest.mark.parametrize("epoch", [0, 1, 50])
def test_constant(epoch: int) -> None:
    """The constant schedule ignores the epoch."""
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
def test_inverse_epoch(epoch: int, a: float, b: float, factor: float) -> None:
    """The factor is 1 / (a + b epochs)."""
    assert InverseEpoch(a=a, b=b).factor(epoch, 10) == pytest.approx(factor, rel=1e-15)


def test_step() -> None:
    """The same as torch.optim.lr_scheduler.StepLR: drop ** (epoch // every)."""
    factors = [Step(every=3, drop=0.5).factor(epoch, 8) for epoch in range(8)]
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_cosine() -> None:
    """The same as torch.optim.lr_scheduler.CosineAnnealingLR, at multiples of 45 degrees."""
    factors = [Cosine().factor(epoch, 4) for epoch in range(5)]
    root = sqrt(0.5)
    assert factors == pytest.approx([1, (1 + root) / 2, 0.5, (1 - root) / 2, 0], abs=1e-15)


def test_cosine_less_than_an_epoch() -> None:
    """A training of less than an epoch starts at the full rate."""
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
def test_warmup(schedule: Constant | InverseEpoch | Step | Cosine, after: list[float]) -> None:
    """The first three of seven epochs have 1/4, 2/4 and 3/4 of the first rate; then the schedule begins."""
    factors = [schedule.factor(epoch, 7) for epoch in range(7)]
    assert factors == pytest.approx([1 / 4, 2 / 4, 3 / 4, *after], rel=1e-15)
