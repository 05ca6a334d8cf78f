"""Diverged and dead trials, and their block, which they leave alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sweep.config.schema import Config, EarlyStoppingConfig, EvaluationConfig
from sweep.data.preprocessing import PreparedData
from sweep.nn.architecture import Architecture, Parameters
from sweep.training.problem import problem_for
from sweep.training.result import Status, TrialResult
from sweep.training.trainer import train_block

START = EvaluationConfig(at_start=True)


def train(data: PreparedData, seeds: list[int], **settings: Any) -> list[TrialResult]:
    """Train with an additional evaluation at the start."""
    usual = {"hidden": 16, "initializer": "he", "batch_size": 128, "evaluation": START}
    return train_block(problem_for(Config(**{**usual, **settings}), data), seeds, data)


def guess(data: PreparedData) -> float:
    """Return the test accuracy of always answering the most frequent digit of the test part."""
    return float(np.bincount(data.test.labels).max() / len(data.test))


@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "cross_entropy"), ("identity", "mse"), ("identity", "rmse")]
)
@pytest.mark.parametrize("optimizer", [{}, {"momentum": 0.9}], ids=["sgd", "momentum"])
def test_diverged_not_finite(output: str, loss: str, optimizer: Any, small_mnist: PreparedData) -> None:
    """Numbers that are not finite end a trial at the evaluation that sees them."""
    for result in train(small_mnist, [0, 1], output=output, loss=loss, learning_rate=1e30, **optimizer):
        assert result.status is Status.DIVERGED
        assert result.iterations == 5
        assert result.curves["iteration"] == [0, 5]


def test_diverged_finite_explosion(small_mnist64: PreparedData) -> None:
    """In float64 losses grow for a long time without overflow: worse than at the start is enough."""
    settings = {"depth": 0, "output": "identity", "loss": "mse", "learning_rate": 0.3, "epochs": 2}
    for result in train(small_mnist64, list(range(10)), precision="float64", **settings):
        assert np.isfinite(result.parameters).all()
        assert 1e10 < result.metrics["test_loss"] < np.inf
        assert result.status is Status.DIVERGED


def silent(result: TrialResult, data: PreparedData) -> float:
    """Return the fraction of training digits for which no hidden unit fires: they get the same output."""
    parameters = Parameters(Architecture((784, 16, 10), "relu"), result.parameters[None])
    weights, biases = parameters.weights[0][0], parameters.biases[0][0]
    return float((data.train.features @ weights + biases <= 0).all(axis=1).mean())


def test_dead_relu_network(small_mnist: PreparedData) -> None:
    """No hidden unit fires for any digit, though the loss is better than that of random weights."""
    results = train(small_mnist, list(range(12)), learning_rate=5.0)
    dead = [result for result in results if silent(result, small_mnist) == 1]
    assert len(dead) >= 2
    for result in dead:
        assert result.metrics["test_loss"] < result.curves["test_loss"][0]
        assert result.status is Status.DEAD


def test_dead_nearly_silent_network(small_mnist: PreparedData) -> None:
    """A unit that fires for one digit in a hundred saves no network: it will not learn again."""
    results = train(small_mnist, list(range(30)), learning_rate=6.0)
    nearly_dead = [result for result in results if 0.99 <= silent(result, small_mnist) < 1]
    assert nearly_dead
    for result in nearly_dead:
        assert result.metrics["test_accuracy"] < guess(small_mnist) + 0.01
        assert result.status is Status.DEAD


@pytest.mark.parametrize(
    ("settings", "statuses"),
    [
        ({"hidden": [20, 10], "learning_rate": 0.5}, {Status.DEAD, Status.COMPLETED}),
        (
            {"hidden": [20, 10], "learning_rate": 0.5, "early_stopping": EarlyStoppingConfig(patience=2)},
            {Status.DEAD, Status.STOPPED_EARLY},
        ),
        ({"learning_rate": 1e3}, {Status.DIVERGED}),
    ],
    ids=["some die", "some die early", "all overflow, one after the other"],
)
def test_failed_seeds_leave_others_alone(
    settings: Any, statuses: set[Status], small_mnist: PreparedData
) -> None:
    """Whatever happens to one seed, the bits of another are those of training it alone."""
    seeds = [0, 1, 2, 3, 4, 5]
    block = train(small_mnist, seeds, **settings)
    assert statuses <= {result.status for result in block}
    if statuses != {Status.DEAD, Status.COMPLETED}:
        assert len({result.iterations for result in block}) > 1
    for seed, result in zip(seeds, block, strict=True):
        (alone,) = train(small_mnist, [seed], **settings)
        assert result.status is alone.status
        assert result.weights_sha256 == alone.weights_sha256
        np.testing.assert_equal(result.curves, alone.curves)


@pytest.mark.parametrize("learning_rate", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_dead_zero_weights(activation: str, learning_rate: float, small_mnist: PreparedData) -> None:
    """Only the output biases move, towards the frequencies of the digits: the trial is dead, not diverged."""
    settings = {"activation": activation, "initializer": "zeros", "learning_rate": learning_rate}
    for result in train(small_mnist, [0, 1], **settings):
        assert result.metrics["test_accuracy"] <= guess(small_mnist)
        assert result.metrics["test_loss"] == pytest.approx(np.log(10), rel=0.01)
        assert result.status is Status.DEAD


def test_completed_hardly_trained(small_mnist: PreparedData) -> None:
    """A tiny learning rate leaves the weights about where they were: bad, but not worse than at the start."""
    results = train(small_mnist, list(range(30)), initializer="normal", learning_rate=1e-8, epochs=1)
    poor = [result for result in results if result.metrics["test_accuracy"] <= guess(small_mnist)]
    assert len(poor) > 10
    for result in poor:
        assert result.metrics["test_loss"] == pytest.approx(result.curves["test_loss"][0], rel=1e-6)
    assert {result.status for result in results} == {Status.COMPLETED}


def test_completed_overfitting(small_mnist: PreparedData) -> None:
    """A network that is confident in its mistakes has a higher loss than guessing, and is still good."""
    (result,) = train(small_mnist, [0], depth=0, initializer="zeros", learning_rate=3.0, epochs=20)
    assert result.metrics["train_loss"] < 0.01
    assert result.metrics["test_accuracy"] > 0.8
    assert result.metrics["test_loss"] > 1.1 * result.curves["test_loss"][0]
    assert result.status is Status.COMPLETED


def test_status_ignores_test_data(small_mnist: PreparedData) -> None:
    """With meaningless labels of the test part, a test accuracy like guessing excludes no trial."""
    shuffled = np.random.default_rng(0).permutation(len(small_mnist.test))
    test = replace(
        small_mnist.test, labels=small_mnist.test.labels[shuffled], targets=small_mnist.test.targets[shuffled]
    )
    for result in train(replace(small_mnist, test=test), [0, 1, 2], epochs=20):
        assert result.metrics["train_accuracy"] > 0.9
        assert result.metrics["test_accuracy"] < guess(small_mnist) + 0.05
        assert result.metrics["test_loss"] > 1.1 * result.curves["test_loss"][0]
        assert result.status is Status.COMPLETED
