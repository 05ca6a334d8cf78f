"""Optimizers against the equations of their papers, in the form of PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sweep.nn.optimizers import OPTIMIZERS, Adam, AdamW, Nesterov, Optimizer, RmsProp, Sgd

Array = NDArray[Any]

RATE, STEPS = 0.05, 50
MOMENTUM, DECAY, BETA1, BETA2, EPSILON, WEIGHT_DECAY = 0.9, 0.8, 0.8, 0.99, 1e-3, 0.1


def plain_sgd(p: Array, gradients: Array) -> Array:
    """p <- p - rate g."""
    for g in gradients:
        p = p - RATE * g
    return p


def plain_momentum(p: Array, gradients: Array) -> Array:
    """Follow the heavy ball of Polyak (1964): p_t+1 = p_t - rate g + momentum (p_t - p_t-1)."""
    previous = p
    for g in gradients:
        p, previous = p - RATE * g + MOMENTUM * (p - previous), p
    return p


def plain_nesterov(p: Array, gradients: Array) -> Array:
    """torch.optim.SGD(nesterov=True)."""
    buffer = np.zeros_like(p)
    for g in gradients:
        buffer = MOMENTUM * buffer + g
        p = p - RATE * (g + MOMENTUM * buffer)
    return p


def plain_rmsprop(p: Array, gradients: Array) -> Array:
    """torch.optim.RMSprop."""
    average = np.zeros_like(p)
    for g in gradients:
        average = DECAY * average + (1 - DECAY) * g**2
        p = p - RATE * g / (np.sqrt(average) + EPSILON)
    return p


def plain_adam(p: Array, gradients: Array, weight_decay: float = 0.0) -> Array:
    """Kingma and Ba (2015), algorithm 1, line by line."""
    m = v = np.zeros_like(p)
    for t, g in enumerate(gradients, start=1):
        p = p - RATE * weight_decay * p
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * g**2
        m_hat = m / (1 - BETA1**t)
        v_hat = v / (1 - BETA2**t)
        p = p - RATE * m_hat / (np.sqrt(v_hat) + EPSILON)
    return p


def plain_adamw(p: Array, gradients: Array) -> Array:
    """torch.optim.AdamW: the decay comes first, by the rate, and is no part of the moments."""
    return plain_adam(p, gradients, WEIGHT_DECAY)


KINDS: dict[str, tuple[Optimizer, Callable[[Array, Array], Array]]] = {
    "sgd": (Sgd(), plain_sgd),
    "momentum": (Sgd(MOMENTUM), plain_momentum),
    "nesterov": (Nesterov(MOMENTUM), plain_nesterov),
    "nesterov without momentum": (Nesterov(0.0), plain_sgd),
    "rmsprop": (RmsProp(DECAY, EPSILON), plain_rmsprop),
    "adam": (Adam(BETA1, BETA2, EPSILON), plain_adam),
    "adamw": (AdamW(BETA1, BETA2, EPSILON, WEIGHT_DECAY), plain_adamw),
    "adamw without decay": (AdamW(BETA1, BETA2, EPSILON, 0.0), plain_adam),
}


def run(optimizer: Optimizer, parameters: Array, gradients: Array) -> Array:
    """Take a step for each of the gradients, (steps, *shape of the parameters); return the parameters."""
    parameters = parameters.copy()
    state = optimizer.init(parameters)
    for step, gradient in enumerate(gradients, start=1):
        optimizer.update(parameters, gradient.copy(), state, rate=RATE, step=step)
    return parameters


def problem(steps: int, seeds: int, count: int, dtype: str) -> tuple[Array, Array]:
    """Draw parameters (seeds, count) and gradients (steps, seeds, count) of different sizes."""
    rng = np.random.default_rng(4)
    scale = 10.0 ** rng.uniform(-3, 1, count)
    gradients = rng.normal(size=(steps, seeds, count)) * scale
    return rng.normal(size=(seeds, count)).astype(dtype), gradients.astype(dtype)


def test_optimizers_all_covered() -> None:
    """Every optimizer of the package has its equations here."""
    assert {OPTIMIZERS[name] for name in OPTIMIZERS.builtin} == {
        type(optimizer) for optimizer, _ in KINDS.values()
    }


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize("kind", KINDS)
def test_optimizers_fifty_steps(kind: str, dtype: str, tolerance: float) -> None:
    """Fifty steps follow the equations, and change the array of parameters itself, in its precision."""
    optimizer, plain = KINDS[kind]
    parameters, gradients = problem(STEPS, 3, 41, dtype)
    result = run(optimizer, parameters, gradients)
    expected = plain(parameters.astype(float), gradients.astype(float))
    assert result.dtype == dtype
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)
    assert (result != parameters).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_optimizers_elementwise(kind: str, dtype: str) -> None:
    """No number depends on its neighbours: engines may update in pieces, and seeds keep their bits."""
    optimizer, _ = KINDS[kind]
    parameters, gradients = problem(STEPS, 3, 37, dtype)
    together = run(optimizer, parameters, gradients)
    for piece in (np.s_[1:2], np.s_[:, 5:6], np.s_[0, 11:30]):
        alone = run(optimizer, parameters[piece], np.array([gradient[piece] for gradient in gradients]))
        np.testing.assert_array_equal(together[piece], alone)


@pytest.mark.parametrize("kind", KINDS)
def test_optimizers_state_and_bounds(kind: str) -> None:
    """The state starts at zero, one array for each bound, and no bound is a denormal number in float32."""
    optimizer, _ = KINDS[kind]
    state = optimizer.init(np.ones((2, 3), np.float32))
    assert len(state) == len(optimizer.negligible)
    for array, bound in zip(state, optimizer.negligible, strict=True):
        np.testing.assert_array_equal(array, np.zeros((2, 3), np.float32))
        assert array.dtype == np.float32
        assert np.finfo(np.float32).tiny < bound < 1e-15
