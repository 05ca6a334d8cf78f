"""Functions of two variables, against hand arithmetic and finite differences."""

import numpy as np

from sweep.papers.drawing.plane import Polynomial, descend

# x^4 - 3x^3 + 4x + y^4 - 3y^3 + 4y
MINIMA = Polynomial([[1, 4, 0], [-3, 3, 0], [4, 1, 0], [1, 0, 4], [-3, 0, 3], [4, 0, 1]])
VALLEY = Polynomial([[0.26, 2, 0], [0.26, 0, 2], [-0.48, 1, 1]])


def test_value_and_gradient() -> None:
    """Values are those of the written-out polynomials, gradients those of central differences."""
    points = np.random.default_rng(0).uniform(-2, 2, (20, 2))
    x, y = points.T
    np.testing.assert_allclose(MINIMA(points), x**4 - 3 * x**3 + 4 * x + y**4 - 3 * y**3 + 4 * y)
    np.testing.assert_allclose(VALLEY(points), 0.26 * (x**2 + y**2) - 0.48 * x * y)
    for function in (MINIMA, VALLEY):
        for axis in range(2):
            step = 1e-5 * np.eye(2)[axis]
            slope = (function(points + step) - function(points - step)) / 2e-5
            np.testing.assert_allclose(function.gradient(points)[:, axis], slope, atol=1e-7)


def test_descent_takes_the_steps_of_equation_5() -> None:
    """Each step is w <- w - rate * gradient, and the starts themselves do not change."""
    starts = np.array([[-3.5, 4.0], [1.0, 2.0]])
    path = descend(VALLEY, starts, 1.5, steps=3)
    assert path.shape == (4, 2, 2)
    point = starts.copy()
    np.testing.assert_array_equal(path[0], point)
    for passed in path[1:]:
        x, y = point.T
        point = point - 1.5 * np.stack([0.52 * x - 0.48 * y, 0.52 * y - 0.48 * x], axis=1)
        np.testing.assert_allclose(passed, point, atol=1e-12)


def test_starts_end_in_different_minima() -> None:
    """Minima are where the slope 4x^3 - 9x^2 + 4 vanishes and rises: at 2 and at (1 - sqrt(33)) / 8."""
    ends = descend(MINIMA, np.array([[2.5, 2.4], [-1.2, 2.2], [2.9, -0.2]]), 0.02, steps=500)[-1]
    left = (1 - np.sqrt(33)) / 8
    np.testing.assert_allclose(ends, [[2, 2], [left, 2], [2, left]], atol=1e-6)
