"""The learning rate of an epoch, as a factor on the base rate."""

from collections.abc import Callable

# Epochs count from 0; a and b are the schedule's own settings.
SCHEDULES: dict[str, Callable[[int, float, float], float]] = {
    "constant": lambda epoch, a, b: 1.0,
    "inverse_epoch": lambda epoch, a, b: 1 / (a + b * epoch),
}
