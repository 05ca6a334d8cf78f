"""Optimizers against the equations of their papers, and the independence of a block's seeds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sweep.nn.kernels import Kernels
from sweep.nn.network import Architecture, Network

from sweep.nn.optimizers import OPTIMIZERS, PIECE, Hyperparameters, Optimizer

Array = NDArray[Any]

RATE, STEPS = 0.05, 50
KINDS = {
    "sgd": ("sgd", Hyperparameters(), Kernels.NUMPY),
    "momentum": ("sgd", Hyperparameters(momentum=0.9), Kernels.NUMPY),
    "adam": ("adam", Hyperparameters(beta1=0.8, beta2=0.99, epsilon=1e-3), Kernels.NUMPY),
    "compiled adam": ("adam", Hyperparameters(beta1=0.8, beta2=0.99, epsilon=1e-3), Kernels.NUMBA),
}


def plain_sgd(p: Array, gradients: Array, c: Hyperparameters) -> Array:
    """p <- p - rate g."""
    for g in gradients:
        p = p - RATE * g
    return p


def plain_momentum(p: Array, gradients: Array, c: Hyperparameters) -> Array:
    """The heavy ball of Polyak (1964): p_t+1 = p_t - rate g + momentum (p_t - p_t-1)."""
    previous = p
    for g in gradients:
        p, previous = p - RATE * g + c.momentum * (p - previous), p
    return p


def plain_adam(p: Array, gradients: Array, c: Hyperparameters) -> Array:
    """Kingma and Ba (2015), algorithm 1, line by line."""
    m = v = np.zeros_like(p)
    for t, g in enumerate(gradients, start=1):
        m = c.beta1 * m + (1 - c.beta1) * g
        v = c.beta2 * v + (1 - c.beta2) * g**2
        m_hat = m / (1 - c.beta1**t)
        v_hat = v / (1 - c.beta2**t)
        p = p - RATE * m_hat / (np.sqrt(v_hat) + c.epsilon)
    return p


PLAIN: dict[str, Callable[[Array, Array, Hyperparameters], Array]] = {
    "sgd": plain_sgd,
    "momentum": plain_momentum,
    "adam": plain_adam,
    "compiled adam": plain_adam,
}


def network(parameters: Array, kernels: Kernels = Kernels.NUMPY) -> Network:
    """A network with exactly these parameters, (seeds, parameters)."""
    return Network(Architecture((parameters.shape[1], 1), "identity", bias=False), parameters, kernels)


def run(kind: str, parameters: Array, gradients: Array) -> Array:
    """The parameters after a step for each of the gradients, (steps, seeds, parameters)."""
    name, constants, kernels = KINDS[kind]
    parameters = parameters.copy()
    optimizer = Optimizer(name, constants, network(parameters, kernels))
    for gradient in gradients:
        optimizer.update(network(gradient), RATE)
    return parameters


def problem(steps: int, seeds: int, count: int, dtype: str) -> tuple[Array, Array]:
    """Random parameters (seeds, count) and gradients (steps, seeds, count) of different sizes."""
    rng = np.random.default_rng(4)
    scale = 10.0 ** rng.uniform(-3, 1, count)
    gradients = rng.normal(size=(steps, seeds, count)) * scale
    return rng.normal(size=(seeds, count)).astype(dtype), gradients.astype(dtype)


def test_every_optimizer_is_tested() -> None:
    assert set(OPTIMIZERS) == {name for name, *_ in KINDS.values()}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize("kind", KINDS)
def test_fifty_steps_follow_the_equations(kind: str, dtype: str, tolerance: float) -> None:
    """Also that the array of parameters itself is changed, in its own precision."""
    parameters, gradients = problem(STEPS, 3, 41, dtype)
    result = run(kind, parameters, gradients)
    expected = PLAIN[kind](parameters.astype(float), gradients.astype(float), KINDS[kind][1])
    assert result.dtype == dtype
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)
    assert (result != parameters).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 37, PIECE - 1, PIECE + 1, 2 * PIECE + 4099])
@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_in_a_block_has_the_bits_of_the_seed_alone(kind: str, count: int, dtype: str) -> None:
    """Whatever the size: a few numbers, or more than are updated at a time."""
    steps = 5 if count > 100 else STEPS
    parameters, gradients = problem(steps, 3, count, dtype)
    together = run(kind, parameters, gradients)
    for seed in range(3):
        alone = run(kind, parameters[seed : seed + 1], gradients[:, seed : seed + 1])
        np.testing.assert_array_equal(together[seed], alone[0])
    # and no number was passed over
    expected = PLAIN[kind](parameters.astype(float), gradients.astype(float), KINDS[kind][1])
    np.testing.assert_allclose(together, expected, rtol=1e-4, atol=1e-4)


def test_compiled_and_numpy_steps_agree() -> None:
    """Fifty float32 steps of the default Adam, within 1e-6 of the weights' size."""
    parameters, gradients = problem(STEPS, 2, 1001, "float32")
    results = []
    for kernels in Kernels:
        optimizer = Optimizer("adam", Hyperparameters(), network(parameters.copy(), kernels))
        for gradient in gradients:
            optimizer.update(network(gradient.copy()), 0.001)
        results.append(optimizer.network.parameters)
    assert not np.array_equal(results[0], parameters)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seeds_that_stay_go_on_as_if_nothing_had_happened(kind: str) -> None:
    """`keep` carries the state of the right seeds, and the number of steps taken."""
    name, constants, kernels = KINDS[kind]
    parameters, gradients = problem(STEPS, 4, 23, "float64")
    expected = run(kind, parameters, gradients)
    optimizer = Optimizer(name, constants, network(parameters, kernels))
    for gradient in gradients[:20]:
        optimizer.update(network(gradient), RATE)
    stay = [1, 3]
    kept = parameters[stay]
    optimizer = optimizer.keep(stay, network(kept, kernels))
    for gradient in gradients[20:]:
        optimizer.update(network(gradient[stay]), RATE)
    np.testing.assert_array_equal(kept, expected[stay])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("momentum", [0.1, 0.5, 0.9])
def test_momentum_without_gradient_ends_at_zero_without_denormal_numbers(momentum: float, dtype: str) -> None:
    """Entries of any size decay to exactly 0; the one that still gets a gradient is not touched."""
    start = 10.0 ** -np.arange(0, 21, dtype=float)
    gradient = np.append(start, 1.0)[None].astype(dtype)
    parameters = np.zeros_like(gradient)
    optimizer = Optimizer("sgd", Hyperparameters(momentum=momentum), network(parameters))
    velocity = optimizer.state[0].parameters
    for step in range(1, 1001):
        optimizer.update(network(gradient), RATE)
        gradient[0, :-1] = 0
        size = np.abs(velocity)
        assert not ((size > 0) & (size < np.finfo(dtype).tiny)).any(), f"denormal after step {step}"
    np.testing.assert_array_equal(velocity[0, :-1], 0)
    # The state is momentum * v.
    assert velocity[0, -1] == pytest.approx(momentum / (1 - momentum), rel=1e-5)
    # All that the largest entry ever moved its parameter: the sum of a geometric series.
    assert parameters[0, 0] == pytest.approx(-RATE / (1 - momentum), rel=1e-5)
