"""Activation functions and their derivatives against scipy.special and hand arithmetic."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from sweep.nn.activations import ACTIVATIONS

Z = np.array([[-20.0, -3.0, -0.5], [0.0, 0.5, 3.0], [1e-9, 1.0, 20.0]])

VALUE = {
    "relu": lambda z: np.where(z > 0, z, 0),
    "sigmoid": special.expit,
    "tanh": lambda z: 2 * special.expit(2 * z) - 1,
    "identity": lambda z: z,
}
DERIVATIVE = {
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),  # 0 at 0
    "sigmoid": lambda z: special.expit(z) * special.expit(-z),
    "tanh": lambda z: 4 * special.expit(2 * z) * special.expit(-2 * z),  # 1 / cosh(z)^2
    "identity": np.ones_like,
}
# Far out: the limits on the left and on the right.
LIMITS = {"relu": (0, 1e4), "sigmoid": (0, 1), "tanh": (-1, 1), "identity": (-1e4, 1e4)}


def test_every_activation_is_tested() -> None:
    assert set(ACTIVATIONS) == set(VALUE) == set(DERIVATIVE) == set(LIMITS)


def as_laid_out(values: NDArray[np.float64], dtype: str, order: str) -> NDArray[np.float64]:
    """A copy in the given precision and memory layout: rows or columns contiguous."""
    return values.astype(dtype).copy(order="C") if order == "C" else values.astype(dtype).T.copy().T


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("name", VALUE)
def test_value_and_derivative(name: str, dtype: str, tolerance: float, order: str) -> None:
    """Both work in place: f(z) replaces z, and delta is multiplied by f'(z)."""
    activation, z = ACTIVATIONS[name], as_laid_out(Z, dtype, order)
    activation.apply(z)
    assert z.dtype == dtype
    np.testing.assert_allclose(z, VALUE[name](Z), rtol=tolerance, atol=tolerance)
    delta, output = as_laid_out(Z + 2, dtype, order), z.copy()
    activation.backward(delta, z)
    np.testing.assert_allclose(delta, (Z + 2) * DERIVATIVE[name](Z), rtol=tolerance, atol=25 * tolerance)
    np.testing.assert_array_equal(z, output)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", VALUE)
def test_extreme_values_saturate_without_overflow(name: str, dtype: str) -> None:
    z = np.array([-1e4, 1e4], dtype)
    ACTIVATIONS[name].apply(z)
    np.testing.assert_array_equal(z, np.array(LIMITS[name], dtype))
    delta = np.ones(2, dtype)
    ACTIVATIONS[name].backward(delta, z)
    slope = {"relu": [0, 1], "identity": [1, 1]}.get(name, [0, 0])
    np.testing.assert_array_equal(delta, np.array(slope, dtype))
