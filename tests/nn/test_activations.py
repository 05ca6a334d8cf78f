"""Activation functions and their derivatives against scipy.special and hand arithmetic."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from sweep.nn.activations import ACTIVATIONS

Z = np.array([[-20.0, -3.0, -0.5], [0.0, 0.5, 3.0], [1e-9, 1.0, 20.0]])

VALUE = {
    "relu": lambda z: np.where(z > 0, z, 0),
    "sigmoid": special.expit,
    "tanh": lambda z: 2 * special.expit(2 * z) - 1,
    "identity": lambda z: z,
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "softplus": lambda z: np.logaddexp(0, z),
    "gelu": lambda z: z * special.ndtr(z),
    "silu": lambda z: z * special.expit(z),
}
DERIVATIVE = {
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),  # 0 at 0
    "sigmoid": lambda z: special.expit(z) * special.expit(-z),
    "tanh": lambda z: 4 * special.expit(2 * z) * special.expit(-2 * z),  # 1 / cosh(z)^2
    "identity": np.ones_like,
    "leaky_relu": lambda z: np.where(z > 0, 1.0, 0.01),  # 0.01 at 0
    "elu": lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0))),
    "softplus": special.expit,
    "gelu": lambda z: special.ndtr(z) + z * stats.norm.pdf(z),
    "silu": lambda z: special.expit(z) * (1 + z * special.expit(-z)),
}
# Far out: the limits on the left and on the right, and the slopes there.
LIMITS = {
    "relu": (0, 1e4),
    "sigmoid": (0, 1),
    "tanh": (-1, 1),
    "identity": (-1e4, 1e4),
    "leaky_relu": (-1e2, 1e4),
    "elu": (-1, 1e4),
    "softplus": (0, 1e4),
    "gelu": (0, 1e4),
    "silu": (0, 1e4),
}
SLOPES = {"sigmoid": (0, 0), "tanh": (0, 0), "identity": (1, 1), "leaky_relu": (0.01, 1)}


def test_activations_all_covered() -> None:
    """Every activation of the package has an expected value, derivative and limits here."""
    assert set(ACTIVATIONS.builtin) == set(VALUE) == set(DERIVATIVE) == set(LIMITS)


def as_laid_out(values: NDArray[np.float64], dtype: str, order: str) -> NDArray[np.float64]:
    """Copy values in a precision and a memory layout: contiguous rows or columns."""
    return values.astype(dtype).copy(order="C") if order == "C" else values.astype(dtype).T.copy().T


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("name", VALUE)
def test_activations_value_and_derivative(name: str, dtype: str, tolerance: float, order: str) -> None:
    """Values and derivatives are right, in place: f(z) replaces z, and delta is multiplied by f'(z)."""
    activation, z = ACTIVATIONS[name], as_laid_out(Z, dtype, order)
    values = z.copy(order="K")  # what the derivative is computed from
    activation.apply(z)
    assert z.dtype == dtype
    np.testing.assert_allclose(z, VALUE[name](Z), rtol=tolerance, atol=tolerance)
    delta = as_laid_out(Z + 2, dtype, order)
    values = values if activation.needs_input else z
    before = values.copy()
    activation.backward(delta, values)
    assert delta.dtype == dtype
    np.testing.assert_allclose(delta, (Z + 2) * DERIVATIVE[name](Z), rtol=tolerance, atol=25 * tolerance)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", VALUE)
def test_activations_extreme_values(name: str, dtype: str) -> None:
    """Extreme values saturate without overflow."""
    z = np.array([-1e4, 1e4], dtype)
    values = z.copy()
    ACTIVATIONS[name].apply(z)
    np.testing.assert_array_equal(z, np.array(LIMITS[name], dtype))
    delta = np.ones(2, dtype)
    ACTIVATIONS[name].backward(delta, values if ACTIVATIONS[name].needs_input else z)
    np.testing.assert_array_equal(delta, np.array(SLOPES.get(name, (0, 1)), dtype))


def test_relu_not_finite() -> None:
    """ReLU passes on numbers that are not finite, so that an overflowing training is seen to diverge."""
    z, output = np.array([np.nan, np.inf, -np.inf, -0.0]), np.array([1.0, 1.0, 0.0, 0.0])
    delta = np.array([np.nan, np.inf, np.nan, 2.0])
    ACTIVATIONS["relu"].apply(z)
    ACTIVATIONS["relu"].backward(delta, output)
    np.testing.assert_array_equal(z, [np.nan, np.inf, 0, 0])
    np.testing.assert_array_equal(delta, [np.nan, np.inf, np.nan, 0])
