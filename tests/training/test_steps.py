"""Single steps of a training against a loop written by hand."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from sweep.config.schema import Config, RegularizationConfig, ScheduleConfig
from sweep.data.preprocessing import Part, PreparedData
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.trainer import BatchOrder, train_block

Array = NDArray[Any]

EXAMPLES, INPUTS, CLASSES = 600, 784, 10


def by_hand(config: Config, rates: list[float], data: Part, penalty: str) -> Array:
    """Softmax regression from zero weights, a step for each mini-batch at the rate of its epoch."""
    w, b = np.zeros((INPUTS, CLASSES)), np.zeros(CLASSES)
    order = BatchOrder([generator(config, 0, Stream.ORDER)], EXAMPLES, config.batch_size, shared=True)
    for rate in rates:
        for rows in order.epoch():
            x, y = data.features[rows], np.eye(CLASSES)[data.labels[rows]]
            delta = special.softmax(x @ w + b, axis=1) - y
            if config.reduction == "mean":
                delta /= len(rows)
            slope = {"none": 0 * w, "l1": np.sign(w), "l2": 2 * w}[penalty]
            w = w - rate * (x.T @ delta + config.regularization.strength * slope)
            b = b - rate * delta.sum(axis=0)
    return np.concatenate([w.ravel(), b])


@pytest.mark.parametrize("batch_size", [128, 200])
@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (ScheduleConfig("inverse_epoch", a=2.0, b=3.0), [0.01, 0.004, 0.0025]),
        (ScheduleConfig("constant", a=2.0, b=3.0), [0.02, 0.02, 0.02]),
    ],
)
def test_learning_rate_schedule(
    schedule: ScheduleConfig, rates: list[float], batch_size: int, small_mnist64: PreparedData
) -> None:
    """The learning rate changes with the epoch."""
    config = Config(
        depth=0,
        initializer="zeros",
        learning_rate=0.02,
        batch_size=batch_size,
        epochs=3,
        precision="float64",
        schedule=schedule,
    )
    (result,) = train_block(problem_for(config, small_mnist64), [0], small_mnist64)
    expected = by_hand(config, rates, small_mnist64.train, "none")
    np.testing.assert_allclose(result.parameters, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("penalty", ["none", "l1", "l2"])
def test_penalty_and_reduction(penalty: str, reduction: str, small_mnist64: PreparedData) -> None:
    """The penalty counts once a step whatever the reduction, also in the smaller last mini-batch."""
    rate = 0.02 if reduction == "mean" else 0.0002
    config = Config(
        depth=0,
        initializer="zeros",
        learning_rate=rate,
        epochs=2,
        precision="float64",
        reduction=reduction,
        regularization=RegularizationConfig(penalty, 0.05),
    )
    (result,) = train_block(problem_for(config, small_mnist64), [0], small_mnist64)
    expected = by_hand(config, [rate, rate], small_mnist64.train, penalty)
    np.testing.assert_allclose(result.parameters, expected, rtol=0, atol=1e-12)
