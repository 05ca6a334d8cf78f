"""The learning rate of an epoch, as a factor on the setting `learning_rate`.

Add a new schedule as one class and one entry in `SCHEDULES`. The fields of the class are its settings.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, pi

from sweep.core.setting import Registry, setting


@dataclass(frozen=True)
class Schedule(ABC):
    """A factor for each epoch, after an optional warm-up: epochs in which the factor rises in equal steps.

    The warm-up follows Goyal et al. 2017, section 2.2, here in whole epochs.
    """

    warmup: int = setting(
        0, "epochs in which the rate rises to its full height", at_least=0, legacy_default=0
    )

    def factor(self, epoch: int, epochs: float) -> float:
        """Return the factor in epoch number `epoch`, counted from 0, of a training of `epochs` epochs."""
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1) * self.after_warmup(0, epochs - self.warmup)
        return self.after_warmup(epoch - self.warmup, epochs - self.warmup)

    @abstractmethod
    def after_warmup(self, epoch: int, epochs: float) -> float:
        """Return the factor in epoch `epoch` after the warm-up, counted from 0; `epochs` remain then."""


@dataclass(frozen=True)
class Constant(Schedule):
    """The factor 1 in every epoch."""

    def after_warmup(self, epoch: int, epochs: float) -> float:
        return 1.0


@dataclass(frozen=True)
class InverseEpoch(Schedule):
    """1 / (a + b k) in epoch k."""

    a: float = setting(1.0, "inverse_epoch: a", above=0)
    b: float = setting(0.0, "inverse_epoch: b, per epoch", at_least=0)

    def after_warmup(self, epoch: int, epochs: float) -> float:
        return 1 / (self.a + self.b * epoch)


@dataclass(frozen=True)
class Step(Schedule):
    """drop^floor(k / every) in epoch k."""

    every: int = setting(10, "step: epochs between two drops", at_least=1)
    drop: float = setting(0.1, "step: factor of a drop", above=0, at_most=1)

    def after_warmup(self, epoch: int, epochs: float) -> float:
        return float(self.drop ** (epoch // self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """(1 + cos(pi k / n)) / 2 in epoch k of n (Loshchilov and Hutter 2017, eq. 5, without restarts)."""

    def after_warmup(self, epoch: int, epochs: float) -> float:
        return (1 + cos(pi * min(1.0, epoch / max(epochs, 1)))) / 2


SCHEDULES: Registry[type[Schedule]] = Registry(
    "schedule", {"constant": Constant, "inverse_epoch": InverseEpoch, "step": Step, "cosine": Cosine}
)
