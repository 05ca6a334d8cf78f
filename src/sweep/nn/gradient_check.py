"""Backpropagation against central differences, in float64."""

from collections.abc import Callable

import numpy as np

from sweep.nn.losses import LOSSES, Objective
from sweep.nn.network import Network
from sweep.nn.regularizers import REGULARIZERS
from sweep.types import Array


def batch_loss(
    network: Network,
    features: Array,
    targets: Array,
    objective: Objective,
    regularization: str = "none",
    strength: float = 0.0,
) -> float:
    """The loss of a mini-batch with its penalty, for a network of one seed."""
    outputs = network.forward(features)[-1]
    examples = objective.examples(outputs, targets)
    loss = LOSSES[objective.loss].total(float(examples.mean()))
    if objective.reduction == "sum":
        loss *= features.shape[-2]
    regularizer = REGULARIZERS[regularization]
    if regularizer:
        loss += strength * sum(regularizer.penalty(weights) for weights in network.weights)
    return loss


def slope(network: Network, index: int, loss: Callable[[], float], epsilon: float) -> float:
    """(E(p + epsilon) - E(p - epsilon)) / (2 epsilon) for parameter `index` of a network of one seed.

    `loss` says what E is for the network as it stands.
    """
    original, losses = network.flat[index], []
    for shifted in (original + epsilon, original - epsilon):
        network.flat[index] = shifted
        losses.append(loss())
    network.flat[index] = original
    return (losses[0] - losses[1]) / (2 * epsilon)


def central_difference(
    network: Network,
    features: Array,
    targets: Array,
    objective: Objective,
    regularization: str = "none",
    strength: float = 0.0,
    epsilon: float = 1e-6,
) -> Array:
    """The `slope` of every parameter, (1, parameters).

    Twice as many evaluations of the network as it has parameters.
    """

    def loss() -> float:
        return batch_loss(network, features, targets, objective, regularization, strength)

    return np.array([[slope(network, index, loss, epsilon) for index in range(network.flat.size)]])
