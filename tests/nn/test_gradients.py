"""Backpropagation against central differences of a loss written down here from the textbook, in float64."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special
from sweep.nn.network import Architecture, Network

from sweep.nn.activations import ACTIVATIONS
from sweep.nn.gradient_check import central_difference
from sweep.nn.initializers import INITIALIZERS
from sweep.nn.losses import LOSSES, Objective
from sweep.nn.regularizers import REGULARIZERS

Array = NDArray[Any]

INPUTS, HIDDEN, OUTPUTS, BATCH, SEEDS = 5, 4, 3, 6, 2
STRENGTH, EPSILON, TOLERANCE = 0.3, 1e-5, 1e-6

PAIRINGS = [(output, loss) for loss, rule in LOSSES.items() for output in rule.outputs]
# Without a hidden layer there is nothing to activate.
NETWORKS = [(0, "relu"), *product((1, 2), ACTIVATIONS)]

TEXTBOOK_ACTIVATION = {
    "relu": lambda z: np.where(z > 0, z, 0.0),
    "sigmoid": special.expit,
    "tanh": lambda z: 2 * special.expit(2 * z) - 1,
    "identity": lambda z: z,
}
TEXTBOOK_OUTPUT = {
    "softmax": lambda z: special.softmax(z, axis=-1),
    "sigmoid": special.expit,
    "identity": lambda z: z,
}
TEXTBOOK_PENALTY = {"none": lambda w: 0 * w, "l1": np.abs, "l2": np.square}


def textbook_loss(
    parameters: Array,
    features: Array,
    targets: Array,
    architecture: Architecture,
    objective: Objective,
    regularization: str,
) -> Array:
    """J = E + strength * C of many networks, (networks,), from flat `parameters` (networks, parameters)."""
    layers = len(architecture.units) - 1
    x, penalty, start = features, np.zeros(len(parameters)), 0
    for layer in range(layers):
        shape = architecture.units[layer : layer + 2]
        flat = parameters[:, start : start + shape[0] * shape[1]]
        penalty += TEXTBOOK_PENALTY[regularization](flat).sum(axis=1)
        x = x @ flat.reshape(-1, *shape)
        start += shape[0] * shape[1]
        if architecture.bias:
            x = x + parameters[:, None, start : start + shape[1]]
            start += shape[1]
        if layer < layers - 1:
            x = TEXTBOOK_ACTIVATION[architecture.activation](x)
    assert start == parameters.shape[1]
    a = TEXTBOOK_OUTPUT[objective.output](x)
    if objective.loss == "cross_entropy":
        error = -special.xlogy(targets, a).sum(axis=-1)
    elif objective.loss == "binary_cross_entropy":
        error = -(special.xlogy(targets, a) + special.xlog1py(1 - targets, -a)).sum(axis=-1)
    else:
        error = np.square(a - targets).mean(axis=-1)
    total = error.mean(axis=-1)
    if objective.loss == "rmse":
        total = np.sqrt(total)
    if objective.reduction == "sum":
        total = BATCH * total
    return total + STRENGTH * penalty


def textbook_gradient(parameters: Array, *arguments: Any) -> Array:
    """Central differences for one network, (parameters,)."""
    shifts = EPSILON * np.eye(len(parameters))
    above = textbook_loss(parameters + shifts, *arguments)
    below = textbook_loss(parameters - shifts, *arguments)
    return (above - below) / (2 * EPSILON)


def backpropagated(
    network: Network, features: Array, targets: Array, objective: Objective, regularization: str
) -> Array:
    """The gradient as the trainer assembles it, (seeds, parameters)."""
    out = Network(network.architecture, np.full_like(network.parameters, np.nan))
    network.gradient(features, targets, objective, out)
    regularizer = REGULARIZERS[regularization]
    if regularizer:
        for gradient, weights in zip(out.weights, network.weights, strict=True):
            regularizer.add_gradient(gradient, weights, STRENGTH)
    return out.parameters


def assert_close(gradient: Array, expected: Array, what: object) -> None:
    """Relative error, ||difference|| / (||a|| + ||b||), below the tolerance."""
    bound = TOLERANCE * (np.linalg.norm(gradient) + np.linalg.norm(expected))
    assert np.linalg.norm(gradient - expected) <= bound, what


def example(depth: int, activation: str, initializer: str, bias: bool) -> tuple[Network, Array, Array]:
    """A network of several seeds with features and one-hot targets of its own for each seed."""
    rng = np.random.default_rng([depth, len(initializer), bias])
    architecture = Architecture((INPUTS, *[HIDDEN] * depth, OUTPUTS), activation, bias)
    initial = [architecture.initial_parameters(initializer, 0.7, rng) for _ in range(SEEDS)]
    network = Network(architecture, np.array(initial))
    if initializer != "zeros":  # at zero, ReLU has no derivative that a difference could find
        for biases in network.biases:
            biases[...] = rng.normal(0, 0.5, biases.shape)
    features = rng.normal(size=(SEEDS, BATCH, INPUTS))
    return network, features, np.eye(OUTPUTS)[rng.integers(0, OUTPUTS, (SEEDS, BATCH))]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("depth", "activation"), NETWORKS)
@pytest.mark.parametrize(("output", "loss"), PAIRINGS)
def test_backpropagation_is_the_derivative(
    output: str, loss: str, depth: int, activation: str, bias: bool
) -> None:
    """With every initializer, penalty and reduction; mini-batches common to the seeds or their own."""
    reductions = ("mean", "sum") if LOSSES[loss].additive else ("mean",)
    for initializer in INITIALIZERS:
        network, features, targets = example(depth, activation, initializer, bias)
        for regularization, reduction, shared in product(REGULARIZERS, reductions, (True, False)):
            objective = Objective(output, loss, reduction)
            x, y = (features[0], targets[0]) if shared else (features, targets)
            gradient = backpropagated(network, x, y, objective, regularization)
            for seed, parameters in enumerate(network.parameters):
                seen = (x, y) if shared else (x[seed], y[seed])
                expected = textbook_gradient(
                    parameters, *seen, network.architecture, objective, regularization
                )
                assert_close(gradient[seed], expected, (initializer, regularization, reduction, shared))


@pytest.mark.parametrize("regularization", REGULARIZERS)
@pytest.mark.parametrize(("output", "loss"), PAIRINGS)
def test_the_gradient_check_of_the_package_agrees(output: str, loss: str, regularization: str) -> None:
    """`central_difference` finds the textbook's derivative, and leaves the network as it was."""
    network, features, targets = example(2, "tanh", "glorot", True)
    network = Network(network.architecture, network.parameters[:1])
    before = network.parameters.copy()
    for reduction in ("mean", "sum") if LOSSES[loss].additive else ("mean",):
        objective = Objective(output, loss, reduction)
        numerical = central_difference(network, features[0], targets[0], objective, regularization, STRENGTH)
        expected = textbook_gradient(
            before[0], features[0], targets[0], network.architecture, objective, regularization
        )
        assert_close(numerical[0], expected, reduction)
    np.testing.assert_array_equal(network.parameters, before)


def test_a_network_learns_only_through_its_output_biases_when_all_weights_are_zero() -> None:
    """Zero weights behind a hidden layer stay zero: the gradient of every weight vanishes."""
    network, features, targets = example(1, "tanh", "zeros", True)
    out = Network(network.architecture, np.full_like(network.parameters, np.nan))
    network.gradient(features, targets, Objective("softmax", "cross_entropy"), out)
    assert not any(weights.any() for weights in out.weights)
    # a - y, averaged, with a = 1/3 for every class
    np.testing.assert_allclose(out.biases[1][:, 0], (1 / OUTPUTS - targets).mean(axis=1), atol=1e-15)
