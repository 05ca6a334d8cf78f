"""The loss of a network as in a textbook, and its central differences, without any code of the package."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[Any]

STRENGTH, EPSILON, TOLERANCE = 0.3, 1e-5, 1e-6

ACTIVATION = {
    "relu": lambda z: np.where(z > 0, z, 0.0),
    "sigmoid": special.expit,
    "tanh": lambda z: 2 * special.expit(2 * z) - 1,
    "identity": lambda z: z,
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "softplus": lambda z: np.logaddexp(0, z),
    "gelu": lambda z: z * special.ndtr(z),
    "silu": lambda z: z * special.expit(z),
}
OUTPUT = {
    "softmax": lambda z: special.softmax(z, axis=-1),
    "sigmoid": special.expit,
    "identity": lambda z: z,
}
PENALTY = {"none": lambda w: 0 * w, "l1": np.abs, "l2": np.square}
# The loss of each example. The loss of a batch is their mean, or for rmse the root of their mean.
EXAMPLES = {
    "cross_entropy": lambda a, y: -special.xlogy(y, a).sum(axis=-1),
    "binary_cross_entropy": lambda a, y: -(special.xlogy(y, a) + special.xlog1py(1 - y, -a)).sum(axis=-1),
    "mse": lambda a, y: np.square(a - y).mean(axis=-1),
    "rmse": lambda a, y: np.square(a - y).mean(axis=-1),
}


def textbook_outputs(
    parameters: Array, features: Array, units: tuple[int, ...], activation: str, bias: bool
) -> tuple[Array, list[Array]]:
    """Return the last pre-activations, (networks, batch, outputs), and each layer's flat weights.

    The flat `parameters` are (networks, parameters), the features (batch, inputs).
    """
    x, every_weight, start = features, [], 0
    for layer, (inputs, outputs) in enumerate(pairwise(units)):
        every_weight.append(parameters[:, start : start + inputs * outputs])
        x = x @ every_weight[-1].reshape(-1, inputs, outputs)
        start += inputs * outputs
        if bias:
            x = x + parameters[:, None, start : start + outputs]
            start += outputs
        if layer < len(units) - 2:
            x = ACTIVATION[activation](x)
    assert start == parameters.shape[1]
    return x, every_weight


def textbook_loss(
    parameters: Array,
    features: Array,
    targets: Array,
    network: tuple[tuple[int, ...], str, bool],
    objective: tuple[str, str, str],
    regularization: str,
) -> Array:
    """Return J = E + strength * C of many networks, (networks,).

    The flat `parameters` are (networks, parameters), `network` is (units, activation, bias) and `objective`
    (output, loss, reduction).
    """
    z, every_weight = textbook_outputs(parameters, features, *network)
    output, loss, reduction = objective
    total = EXAMPLES[loss](OUTPUT[output](z), targets).mean(axis=-1)
    if loss == "rmse":
        total = np.sqrt(total)
    if reduction == "sum":
        total = features.shape[-2] * total
    penalty = sum(PENALTY[regularization](weights).sum(axis=1) for weights in every_weight)
    return total + STRENGTH * penalty


def textbook_gradient(parameters: Array, *arguments: Any) -> Array:
    """Return central differences for one network, (parameters,)."""
    shifts = EPSILON * np.eye(len(parameters))
    above = textbook_loss(parameters + shifts, *arguments)
    below = textbook_loss(parameters - shifts, *arguments)
    return (above - below) / (2 * EPSILON)


def assert_close(gradient: Array, expected: Array, what: object) -> None:
    """Assert that the relative error, ||difference|| / (||a|| + ||b||), is below the tolerance."""
    bound = TOLERANCE * (np.linalg.norm(gradient) + np.linalg.norm(expected))
    assert np.linalg.norm(gradient - expected) <= bound, what
