"""The same start and the same mini-batches give scikit-learn's weights."""

import itertools
from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from sweep.config.schema import Config, EvaluationConfig, OptimizerConfig, RegularizationConfig
from sweep.data.preprocessing import PreparedData
from sweep.nn.architecture import Architecture, Parameters
from sweep.nn.initializers import Glorot
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.trainer import BatchOrder, train_block

SEED, STEPS, BATCH = 3, 100, 50  # the batch divides 600: eight epochs and a third
# scikit-learn adds Adam's epsilon to the uncorrected root; with one this small it makes no difference.
EPSILON = 1e-14
ACTIVATION = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "identity": "identity"}
OPTIMIZER: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": 0.1},
    "momentum": {"learning_rate": 0.02, "momentum": 0.9},
    "adam": {"learning_rate": 2e-3, "optimizer": OptimizerConfig("adam", epsilon=EPSILON)},
}


def scikit_learn(config: Config, network: Architecture, data: PreparedData) -> tuple[Any, Any]:
    """Return weights and biases of MLPClassifier after the same steps from the same start."""
    initial = network.initial_parameters(Glorot(), generator(config, SEED, Stream.INIT))
    parameters = Parameters(network, initial[None].copy())
    weights, biases = parameters.weights, parameters.biases
    strength = config.regularization.strength if config.regularization.name == "l2" else 0
    classifier = MLPClassifier(
        config.hidden_units,
        activation=ACTIVATION[config.activation],
        solver=config.optimizer.name,
        # Its penalty is alpha / 2 * ||W||^2 / batch size, ours strength * ||W||^2.
        alpha=2 * BATCH * strength,
        batch_size=BATCH,
        learning_rate_init=config.learning_rate,
        momentum=config.momentum,
        nesterovs_momentum=False,
        epsilon=EPSILON,
        shuffle=False,
    )
    digits = data.train
    classifier.partial_fit(digits.features[:BATCH], digits.labels[:BATCH], classes=np.arange(10))
    for array, start in zip(classifier.coefs_ + classifier.intercepts_, weights + biases, strict=True):
        array[...] = start[0].reshape(array.shape)
    del classifier._optimizer  # its state starts anew with the next step
    order = BatchOrder([generator(config, SEED, Stream.ORDER)], len(digits), BATCH, shared=True)
    steps = itertools.chain.from_iterable(order.epoch() for _ in range(STEPS))
    rows = np.concatenate(list(itertools.islice(steps, STEPS)))
    # One call, which cuts the rows into mini-batches in their order.
    classifier.partial_fit(digits.features[rows], digits.labels[rows])
    moved = [np.abs(array - start[0]).max() for array, start in zip(classifier.coefs_, weights, strict=True)]
    assert min(moved) > 0.01, "the weights have hardly moved"
    return classifier.coefs_, classifier.intercepts_


@pytest.mark.covering(2)
@pytest.mark.parametrize("hidden", [12, [12, 9]], ids=str)
@pytest.mark.parametrize("activation", ACTIVATION)
@pytest.mark.parametrize("regularization", ["none", "l2"])
@pytest.mark.parametrize("optimizer", OPTIMIZER)
def test_hundred_steps_match_scikit_learn(
    optimizer: str, regularization: str, activation: str, hidden: Any, small_mnist64: PreparedData
) -> None:
    """Every weight and bias is within 1e-5, for all optimizers, activations, depths and weight decays."""
    config = Config(
        hidden=hidden,
        activation=activation,
        initializer="glorot",
        batch_size=BATCH,
        max_iterations=STEPS,
        precision="float64",
        regularization=RegularizationConfig(regularization, 0.01),
        evaluation=EvaluationConfig(parts=["validation"]),
        **OPTIMIZER[optimizer],
    )
    network = Architecture((784, *config.hidden_units, 10), activation)
    expected_weights, expected_biases = scikit_learn(config, network, small_mnist64)
    (result,) = train_block(problem_for(config, small_mnist64), [SEED], small_mnist64)
    parameters = Parameters(network, result.parameters[None])
    for array, expected in zip(
        parameters.weights + parameters.biases, expected_weights + expected_biases, strict=True
    ):
        np.testing.assert_allclose(array[0].reshape(expected.shape), expected, rtol=0, atol=1e-5)
