"""Backpropagation against central differences, in float64."""

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


def slope(
    network: Network,
    index: int,
    features: Array,
    targets: Array,
    objective: Objective,
    regularization: str = "none",
    strength: float = 0.0,
    epsilon: float = 1e-6,
) -> float:
    """(E(p + epsilon) - E(p - epsilon)) / (2 epsilon) for parameter `index` of a network of one seed."""
    original, losses = network.flat[index], []
    for shifted in (original + epsilon, original - epsilon):
        network.flat[index] = shifted
        losses.append(batch_loss(network, features, targets, objective, regularization, strength))
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
    rest = (features, targets, objective, regularization, strength, epsilon)
    return np.array([[slope(network, index, *rest) for index in range(network.flat.size)]])
