"""Losses. Add a new one as one class and one entry in `LOSSES`. The fields of the class are its settings.

The notation is that of `outputs`. Targets y are (seeds, batch, outputs), or (batch, outputs) for all seeds.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sweep.core.setting import Registry
from sweep.nn import Array
from sweep.nn.outputs import OUTPUTS


class Loss(ABC):
    """A loss: its value for each example, and its gradient for a mini-batch.

    `outputs` names the output functions that it can be combined with; empty means all of them. If the loss is
    `matched` to its output function, their derivatives cancel: dE/dz = (a - y) / B. If it is `additive`, the
    loss of a set of examples is the mean of their losses.
    """

    outputs: ClassVar[tuple[str, ...]] = ()
    matched: ClassVar[bool] = False
    additive: ClassVar[bool] = True

    @classmethod
    def goes_with(cls) -> tuple[str, ...]:
        """Return the names of the output functions that the loss can be combined with."""
        return cls.outputs or tuple(OUTPUTS)

    @abstractmethod
    def examples(self, z: Array, a: Array, y: Array) -> Array:
        """Return the loss of each example, (seeds, batch), from z, a and y, (seeds, batch, outputs).

        A `matched` loss must not use `a`, which is not computed for it.
        """

    @abstractmethod
    def gradient(self, a: Array, y: Array) -> None:
        """Replace a, (seeds, batch, outputs), by dE/da of the batch's mean loss; if `matched`, by dE/dz."""

    def total(self, mean: float) -> float:
        """Return the loss of a set of examples, from the mean of their losses."""
        return mean


class _Matched(Loss):
    """A loss whose gradient with respect to z is (a - y) / B."""

    matched = True

    def gradient(self, a: Array, y: Array) -> None:
        a -= y
        a *= 1 / a.shape[-2]


@dataclass(frozen=True)
class CrossEntropy(_Matched):
    """-sum_k y_k log softmax(z)_k = log sum_k exp(z_k) - z_y, shifted by the largest z."""

    outputs = ("softmax",)

    def examples(self, z: Array, a: Array, y: Array) -> Array:
        shift = z.max(axis=-1, keepdims=True)
        log_sum = np.log(np.exp(z - shift).sum(axis=-1)) + shift[..., 0]
        result: Array = log_sum - (z * y).sum(axis=-1)
        return result


@dataclass(frozen=True)
class BinaryCrossEntropy(_Matched):
    """-sum_k [y log g(z) + (1 - y) log(1 - g(z))] = sum_k [softplus(z) - y z], with the sigmoid g."""

    outputs = ("sigmoid",)

    def examples(self, z: Array, a: Array, y: Array) -> Array:
        # softplus(z) = max(z, 0) + log(1 + exp(-|z|)), which cannot overflow.
        result: Array = (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum(axis=-1)
        return result


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """sum_k (a_k - y_k)^2 / K."""

    def examples(self, z: Array, a: Array, y: Array) -> Array:
        result: Array = np.square(a - y).mean(axis=-1)
        return result

    def gradient(self, a: Array, y: Array) -> None:
        a -= y
        a *= 2 / (a.shape[-2] * a.shape[-1])


@dataclass(frozen=True)
class RootMeanSquaredError(MeanSquaredError):
    """sqrt(mean squared error) of a set of examples, which is not the mean of their roots."""

    additive = False

    def gradient(self, a: Array, y: Array) -> None:
        # d sqrt(m)/da = (a - y) / (B K sqrt(m)), with the mean squared error m of the batch. At m = 0 the
        # root has no derivative; 0 is used.
        a -= y
        root = np.sqrt(np.square(a).mean(axis=(-2, -1), keepdims=True))
        count = a.shape[-2] * a.shape[-1]
        a /= np.maximum(root, np.finfo(a.dtype).tiny) * count

    def total(self, mean: float) -> float:
        return float(np.sqrt(mean))


LOSSES: Registry[type[Loss]] = Registry(
    "loss",
    {
        "cross_entropy": CrossEntropy,
        "binary_cross_entropy": BinaryCrossEntropy,
        "mse": MeanSquaredError,
        "rmse": RootMeanSquaredError,
    },
)
