"""Outputs and gradients of a fully connected network in plain NumPy; every engine is tested against them.

Features are (seeds, batch, inputs), or (batch, inputs) if all seeds see the same examples; targets likewise
are (seeds, batch, outputs) or (batch, outputs).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sweep.nn import Array
from sweep.nn.architecture import Parameters
from sweep.nn.objective import Objective
from sweep.nn.regularizers import Regularizer


@dataclass(frozen=True)
class Pass:
    """The results of a forward pass: inputs and pre-activations of each layer, (seeds, batch, units)."""

    inputs: list[Array]
    pre_activations: list[Array]

    @property
    def z(self) -> Array:
        """Return the pre-activations of the output layer, (seeds, batch, outputs)."""
        return self.pre_activations[-1]


def forward(parameters: Parameters, features: Array) -> Pass:
    """Compute z_l = x_l W_l + b_l and x_(l+1) = f(z_l), layer by layer.

    `features`, the x_1, are (seeds, batch, inputs), or (batch, inputs) for all seeds.
    """
    inputs: list[Array] = [features]
    pre_activations: list[Array] = []
    for layer, weights in enumerate(parameters.weights):
        z = inputs[-1] @ weights
        if parameters.biases:
            z += parameters.biases[layer]
        pre_activations.append(z)
        if layer < len(parameters.weights) - 1:
            activated = z.copy()
            parameters.architecture.function.apply(activated)
            inputs.append(activated)
    return Pass(inputs, pre_activations)


def gradient(
    parameters: Parameters, features: Array, targets: Array, *, objective: Objective, regularizer: Regularizer
) -> Parameters:
    """Return dJ/dp for every parameter p (Rumelhart, Hinton and Williams 1986); J is loss plus penalty.

    Backpropagation begins with delta = dE/dz of the output layer. In layer l, dE/dW_l = x_l' delta, and
    dE/db_l is the sum of delta over the batch. The delta of the layer before is (delta W_l') * f'(z).
    `features` are (seeds, batch, inputs) and `targets` (seeds, batch, outputs), or both without seeds.
    """
    result = parameters.zeros_like()
    passed = forward(parameters, features)
    function = parameters.architecture.function
    delta = passed.z.copy()
    objective.delta(delta, targets)
    for layer in reversed(range(len(parameters.weights))):
        inputs, weights = passed.inputs[layer], parameters.weights[layer]
        result.weights[layer][...] = inputs.swapaxes(-1, -2) @ delta
        regularizer.add_gradient(result.weights[layer], weights)
        if parameters.biases:
            result.biases[layer][...] = delta.sum(axis=-2, keepdims=True)
        if layer:
            delta = delta @ weights.swapaxes(-1, -2)
            function.backward(delta, passed.pre_activations[layer - 1] if function.needs_input else inputs)
    return result


def loss(
    parameters: Parameters, features: Array, targets: Array, *, objective: Objective, regularizer: Regularizer
) -> float:
    """Return J = E + penalty of one seed on a mini-batch, (batch, inputs) and (batch, outputs)."""
    penalty = sum(regularizer.penalty(weights) for weights in parameters.weights)
    return objective.batch_loss(forward(parameters, features).z, targets) + penalty


def slope(
    flat: Array,
    index: int | Sequence[int],
    loss: Callable[[], float],
    *,
    epsilon: float = 1e-6,
    direction: float | Array = 1.0,
) -> float:
    """Return (E(p + epsilon d) - E(p - epsilon d)) / (2 epsilon) for one parameter p, or several together.

    `flat`, (parameters,), holds all parameters of one seed. `index` is the position of the one to move, or of
    several to move along `direction`, (indices,). `loss()` returns E at the current values of `flat`, which
    are restored afterwards.
    """
    original, losses = flat[index], []
    for shift in (epsilon, -epsilon):
        flat[index] = original + shift * direction
        losses.append(loss())
    flat[index] = original
    return (losses[0] - losses[1]) / (2 * epsilon)


def central_difference(
    parameters: Parameters,
    loss: Callable[[], float],
    indices: Sequence[int] | None = None,
    *,
    epsilon: float = 1e-6,
) -> Array:
    """Return the `slope` of the parameters at `indices`, or of all of them, (indices,).

    `parameters` are those of a single seed. Each slope takes two calls of `loss`.
    """
    flat = parameters.flat[0]
    chosen = range(flat.size) if indices is None else indices
    return np.array([slope(flat, index, loss, epsilon=epsilon) for index in chosen])
