"""Backpropagation against central differences of a loss written down from the textbook, in float64."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.nn import textbook
from tests.nn.textbook import STRENGTH, assert_close, textbook_gradient, textbook_loss, textbook_outputs

from sweep.nn import backpropagation
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.architecture import Architecture, Parameters
from sweep.nn.backpropagation import central_difference, slope
from sweep.nn.initializers import INITIALIZERS, Normal
from sweep.nn.losses import LOSSES
from sweep.nn.objective import Objective
from sweep.nn.outputs import OUTPUTS
from sweep.nn.regularizers import REGULARIZERS, Regularizer

Array = NDArray[Any]

UNITS, BATCH, SEEDS = (5, 4, 3), 6, 2

PAIRINGS = [(output, loss) for loss in LOSSES.builtin for output in LOSSES[loss].goes_with()]
# Without a hidden layer there is nothing to activate.
NETWORKS = [(0, "relu"), *product((1, 2), ACTIVATIONS.builtin)]


def test_textbook_covers_all_choices() -> None:
    """The textbook knows every activation, output, loss and penalty of the package."""
    assert set(textbook.ACTIVATION) == set(ACTIVATIONS.builtin)
    assert set(textbook.OUTPUT) == set(OUTPUTS.builtin)
    assert set(textbook.EXAMPLES) == set(LOSSES.builtin)
    assert set(textbook.PENALTY) == set(REGULARIZERS.builtin)


def regularizer_named(name: str) -> Regularizer:
    return REGULARIZERS[name]() if name == "none" else REGULARIZERS[name](strength=STRENGTH)


def example(depth: int, activation: str, initializer: str, bias: bool) -> tuple[Parameters, Array, Array]:
    """Draw parameters of several seeds, with separate features and one-hot targets for each seed."""
    rng = np.random.default_rng([depth, len(initializer), bias])
    inputs, hidden, outputs = UNITS
    architecture = Architecture((inputs, *[hidden] * depth, outputs), activation, bias)
    start = Normal(0.7) if initializer == "normal" else INITIALIZERS[initializer]()
    parameters = Parameters(
        architecture, np.array([architecture.initial_parameters(start, rng) for _ in range(SEEDS)])
    )
    if initializer != "zeros":  # at zero, ReLU has no derivative for a difference to approximate
        for biases in parameters.biases:
            biases[...] = rng.normal(0, 0.5, biases.shape)
    features = rng.normal(size=(SEEDS, BATCH, inputs))
    return parameters, features, np.eye(outputs)[rng.integers(0, outputs, (SEEDS, BATCH))]


def network_of(architecture: Architecture) -> tuple[tuple[int, ...], str, bool]:
    """Return the arguments that describe a network to the textbook."""
    return architecture.units, architecture.activation, architecture.bias


def reductions(loss: str) -> tuple[str, ...]:
    return ("mean", "sum") if LOSSES[loss].additive else ("mean",)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("depth", "activation"), NETWORKS)
def test_gradient_is_derivative(depth: int, activation: str, bias: bool) -> None:
    """The gradient is the derivative, for all choices, with mini-batches that the seeds share or not."""
    for initializer, (output, loss) in product(INITIALIZERS.builtin, PAIRINGS):
        parameters, features, targets = example(depth, activation, initializer, bias)
        for penalty, reduction in product(REGULARIZERS.builtin, reductions(loss)):
            objective, regularizer = Objective.named(output, loss, reduction), regularizer_named(penalty)
            for shared in (True, False):
                x, y = (features[0], targets[0]) if shared else (features, targets)
                gradient = backpropagation.gradient(
                    parameters, x, y, objective=objective, regularizer=regularizer
                )
                for seed, flat in enumerate(parameters.flat):
                    seen = (x, y) if shared else (x[seed], y[seed])
                    named = network_of(parameters.architecture), (output, loss, reduction), penalty
                    expected = textbook_gradient(flat, *seen, *named)
                    assert_close(gradient.flat[seed], expected, (initializer, named, shared))


@pytest.mark.parametrize(("output", "loss"), PAIRINGS)
def test_loss_and_gradient_check_match_textbook(output: str, loss: str) -> None:
    """`central_difference` finds the textbook's derivative and leaves the network as it was."""
    parameters, features, targets = example(2, "tanh", "glorot", True)
    parameters = Parameters(parameters.architecture, parameters.flat[:1])
    before = parameters.flat.copy()
    for penalty, reduction in product(REGULARIZERS.builtin, reductions(loss)):
        objective, regularizer = Objective.named(output, loss, reduction), regularizer_named(penalty)
        named = network_of(parameters.architecture), (output, loss, reduction), penalty

        def value(objective: Objective = objective, regularizer: Regularizer = regularizer) -> float:
            return backpropagation.loss(
                parameters, features[0], targets[0], objective=objective, regularizer=regularizer
            )

        expected_loss = textbook_loss(before, features[0], targets[0], *named)
        assert value() == pytest.approx(expected_loss.item(), rel=1e-12)
        numerical = central_difference(parameters, value)
        expected = textbook_gradient(before[0], features[0], targets[0], *named)
        assert_close(numerical, expected, named)
        chosen = [7, 0, 30]
        np.testing.assert_array_equal(central_difference(parameters, value, chosen), numerical[chosen])
        # Along a direction it is that combination of the slopes.
        direction = np.array([0.5, -2.0, 1.0])
        along = slope(parameters.flat[0], chosen, value, direction=direction)
        assert along == pytest.approx(direction @ expected[chosen], rel=1e-6, abs=1e-8)
        np.testing.assert_array_equal(parameters.flat, before)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("depth", "activation"), NETWORKS)
def test_forward_matches_textbook(depth: int, activation: str, bias: bool) -> None:
    """The outputs are the textbook's, and the input of each layer is f of the pre-activations before it."""
    parameters, features, _ = example(depth, activation, "glorot", bias)
    passed = backpropagation.forward(parameters, features)
    for seed, flat in enumerate(parameters.flat):
        expected, _ = textbook_outputs(flat[None], features[seed], *network_of(parameters.architecture))
        np.testing.assert_allclose(passed.z[seed], expected[0], rtol=0, atol=1e-13)
    assert passed.inputs[0] is features
    for entering, z in zip(passed.inputs[1:], passed.pre_activations, strict=False):
        np.testing.assert_allclose(entering, textbook.ACTIVATION[activation](z), rtol=0, atol=1e-13)


def test_gradient_zero_weights() -> None:
    """Zero weights behind a hidden layer stay zero: only the output biases have a gradient."""
    parameters, features, targets = example(1, "tanh", "zeros", True)
    objective, regularizer = Objective.named("softmax", "cross_entropy"), regularizer_named("none")
    out = backpropagation.gradient(
        parameters, features, targets, objective=objective, regularizer=regularizer
    )
    assert not any(weights.any() for weights in out.weights)
    # a - y, averaged, with a = 1/3 for every class
    np.testing.assert_allclose(out.biases[1][:, 0], (1 / UNITS[-1] - targets).mean(axis=1), atol=1e-15)
