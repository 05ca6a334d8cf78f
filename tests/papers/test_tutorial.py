"""The tutorial's training, written again from its equations in plain NumPy, against ours."""

from typing import Any

import numpy as np
import pytest

import sweep
from sweep.training.problem import Stream, generator

EXAMPLES, STEPS = 200, 450  # more than two epochs, so that the rate changes twice
SMALL: dict[str, Any] = {
    "experiment": "tutorial/losses",
    "precision": "float64",
    "data": {"train_size": EXAMPLES, "validation_size": 100, "test_size": 100},
    "epochs": 3,
    "evaluation": {"every": STEPS, "at_start": False},
}
CASES = [("mse", 256, 5.0), ("binary_cross_entropy", 200, 1.0)]


@pytest.mark.parametrize(("loss", "hidden", "rate"), CASES)
def test_weights_match_the_tutorials_equations(loss: str, hidden: int, rate: float) -> None:
    """450 steps of its equations from our initial weights end at our trained weights."""
    settings = {**SMALL, "loss": loss, "hidden": hidden}
    trained = sweep.train({**settings, "learning_rate": rate, "max_iterations": STEPS})
    # A rate this small does not move the weights.
    start = sweep.train({**settings, "learning_rate": 1e-300, "max_iterations": 1})
    first, second = (weights.copy() for weights in start.weights)
    features, labels = trained.data.train.features, trained.data.train.labels
    order = generator(trained.config, 0, Stream.ORDER)
    steps = np.concatenate([order.permutation(EXAMPLES) for _ in range(3)])[:STEPS]
    for step, example in enumerate(steps):
        x, target = features[example], np.eye(10)[labels[example]]
        middle = np.tanh(x @ first)
        out = 1 / (1 + np.exp(-(middle @ second)))
        # Half the squared error of each output, or the cross-entropy of each, added up over outputs.
        errors = (out - target) * (out * (1 - out) if loss == "mse" else 1)
        back = (second @ errors) * (1 - middle**2)
        eta = 1 / (100 + 10 * (step // EXAMPLES))
        second -= eta * np.outer(middle, errors)
        first -= eta * np.outer(x, back)
    np.testing.assert_allclose(trained.weights[1], second, rtol=0, atol=1e-10)
    np.testing.assert_allclose(trained.weights[0], first, rtol=0, atol=1e-10)
    assert np.abs(second - start.weights[1]).max() > 0.01
