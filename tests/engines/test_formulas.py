"""The scalar formulas of the compiled engine against all entries of `nn`'s tables."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines.problems import OBJECTIVES, OPTIMIZER, REGULARIZER

from sweep.engines.compiled import formulas
from sweep.engines.compiled.formulas import Penalty, Rule, errors, example_errors
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Sgd
from sweep.nn.outputs import least_exponent

Array = NDArray[Any]

TOLERANCE = {"float32": 1e-6, "float64": 1e-14}
DTYPES = [np.float32, np.float64]


def identifier(objective: Objective) -> str:
    return f"{type(objective.loss).__name__}-{objective.output.apply.__name__}-{objective.reduction}"


@pytest.mark.parametrize("real", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS.builtin)
def test_activations(name: str, real: Any) -> None:
    """Values and slopes are right number by number, from -30 to 30, close to 0 and at 0."""
    near = np.geomspace(1e-12, 0.1, 12)
    numbers = np.concatenate([np.linspace(-30, 30, 241), near, -near, [0.0, -0.0]]).astype(real)
    activation, kind = ACTIVATIONS[name], formulas.ACTIVATIONS[ACTIVATIONS[name]]
    outputs, slopes = numbers.copy(), np.ones_like(numbers)
    activation.apply(outputs)
    activation.backward(slopes, numbers if activation.needs_input else outputs)
    tolerance = TOLERANCE[numbers.dtype.name]
    computed = [formulas.activate(kind, z) for z in numbers]
    np.testing.assert_allclose(computed, outputs, rtol=tolerance, atol=tolerance)
    computed = [formulas.activation_slope(kind, z, a) for z, a in zip(numbers, outputs, strict=True)]
    np.testing.assert_allclose(computed, slopes, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("real", DTYPES)
def test_relu_not_finite(real: Any) -> None:
    """ReLU passes on numbers that are not finite, so that an overflowing training is seen to diverge."""
    kind = formulas.ACTIVATIONS[ACTIVATIONS["relu"]]
    computed = [formulas.activate(kind, real(z)) for z in (np.nan, np.inf, -np.inf, -0.0)]
    np.testing.assert_array_equal(computed, [np.nan, np.inf, 0, 0])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", OPTIMIZER)
def test_update_fifty_steps(name: str, dtype: str) -> None:
    """Fifty steps of every optimizer, on gradients of very different sizes, some of them zero."""
    optimizer, rng = OPTIMIZER[name], np.random.default_rng(0)
    ours = rng.normal(size=41).astype(dtype)
    expected, state = ours.copy(), optimizer.init(ours)
    first, second = np.zeros_like(ours), np.zeros_like(ours)
    for step in range(1, 51):
        gradient = (rng.normal(size=41) * 10.0 ** rng.uniform(-3, 1, 41)).astype(dtype)
        gradient[::5] = 0
        numbers = formulas.constants_of(optimizer, rate=0.05, step=step, dtype=dtype)
        assert (numbers.shape, numbers.dtype) == ((formulas.CONSTANTS,), dtype)
        formulas.update(ours, gradient, first, second, int(formulas.rule_of(optimizer)), numbers)
        optimizer.update(expected, gradient, state, rate=0.05, step=step)
    tolerance = 20 * TOLERANCE[dtype]
    np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=tolerance)
    for array, reference in zip((first, second), state, strict=False):
        np.testing.assert_allclose(array, reference, rtol=tolerance, atol=tolerance)


def test_update_move() -> None:
    """MOVE is the rest of a step with momentum once the gradient is in the velocity; NONE changes nothing."""
    optimizer, rng = Sgd(0.9), np.random.default_rng(0)
    ours, velocity = rng.normal(size=(2, 30))
    expected, direction, unread = ours.copy(), velocity.copy(), np.full(30, np.nan)
    optimizer.move(expected, direction, 0.1)
    numbers = formulas.constants_of(optimizer, rate=0.1, step=1, dtype="float64")
    formulas.update(ours, unread, velocity, unread, int(Rule.MOVE), numbers)
    np.testing.assert_allclose(ours, expected, rtol=1e-14)
    np.testing.assert_allclose(velocity, direction, rtol=1e-14)
    formulas.update(ours, unread, velocity, unread, int(Rule.NONE), numbers)
    np.testing.assert_allclose([ours, velocity], [expected, direction], rtol=1e-14)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", REGULARIZER)
def test_add_penalty(name: str, dtype: str) -> None:
    """Penalties add the gradient of `nn`, also at weights of 0."""
    weights, gradient = np.random.default_rng(0).normal(size=(2, 50)).astype(dtype)
    weights[::7] = 0
    ours = gradient.copy()
    REGULARIZER[name].add_gradient(gradient, weights)
    penalty, strength = formulas.penalty_of(REGULARIZER[name])
    assert penalty is Penalty[name.upper()]
    formulas.add_penalty(ours, weights, int(penalty), ours.dtype.type(strength))
    np.testing.assert_allclose(ours, gradient, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def pre_activations(dtype: str) -> Array:
    """Return z, (seeds, batch, outputs), in the layout of networks: (seeds, outputs, batch) in memory."""
    z = 3 * np.random.default_rng(3).normal(size=(3, 10, 6))
    z.flat[::36] = 0
    z[2, :, 0] *= 1e4  # saturated
    return z.astype(dtype).swapaxes(1, 2)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("objective", OBJECTIVES, ids=identifier)
def test_output_errors(objective: Objective, dtype: str) -> None:
    """Errors are right for mini-batches and single examples, with targets for all seeds or for each."""
    for labels in (np.arange(6), np.arange(18).reshape(3, 6) % 10):
        z, targets = pre_activations(dtype), np.eye(10, dtype=dtype)[labels]
        expected = z.copy(order="K")
        objective.delta(expected, targets)
        computed = z.copy(order="K")
        errors(objective, computed, targets)
        size = TOLERANCE[dtype] * max(1, np.abs(expected).max())
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(computed, expected, rtol=0, atol=6 * size)

        kinds = formulas.OUTPUTS[objective.output], formulas.LOSSES[type(objective.loss)]
        for seed, example in np.ndindex(3, 6):
            alone, target = z[seed, example].copy(), targets[example if labels.ndim == 1 else (seed, example)]
            expected = alone[None, None].copy()
            objective.delta(expected, target[None])
            example_errors(alone, target, *kinds, alone.dtype.type(least_exponent(dtype)))
            size = TOLERANCE[dtype] * max(1, np.abs(expected).max())
            np.testing.assert_allclose(alone, expected[0, 0], rtol=0, atol=6 * size)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_output_errors_confident_network(dtype: str) -> None:
    """A confident network has no denormal errors, on which a processor is a hundred times slower."""
    objective = Objective.named("softmax", "cross_entropy")
    apart = np.geomspace(1, 5000, 200).astype(dtype)  # the lead of the largest pre-activation
    z = np.ascontiguousarray(np.stack([apart, np.zeros_like(apart), -apart])[None]).swapaxes(1, 2)
    targets = np.tile(np.eye(3, dtype=dtype), (len(apart), 1))[: len(apart)]
    exact = np.exp((z - z.max(axis=-1, keepdims=True)).astype(np.longdouble))
    expected = exact / exact.sum(axis=-1, keepdims=True) - targets
    together = z.copy(order="K")
    errors(objective, together, targets)
    alone = z.copy()
    kinds = formulas.OUTPUTS[objective.output], formulas.LOSSES[type(objective.loss)]
    for example, target in zip(alone[0], targets, strict=True):
        example_errors(example, target, *kinds, example.dtype.type(least_exponent(dtype)))
    for computed, scale in ((together, 1 / len(apart)), (alone, 1.0)):
        assert not ((computed != 0) & (np.abs(1e-3 * computed) < np.finfo(dtype).tiny)).any()
        np.testing.assert_allclose(
            computed, scale * expected, rtol=TOLERANCE[dtype], atol=2 * scale * np.finfo(dtype).eps
        )


def test_output_errors_nan() -> None:
    """NaN is passed on, so that an overflowing training is seen to diverge."""
    for objective in OBJECTIVES:
        kinds = formulas.OUTPUTS[objective.output], formulas.LOSSES[type(objective.loss)]
        z, target = np.array([0.5, np.nan, 1.0]), np.array([0.0, 0.0, 1.0])
        block = np.ascontiguousarray(z[None, :, None]).swapaxes(1, 2)
        errors(objective, block, target[None])
        example_errors(z, target, *kinds, least_exponent("float64"))
        assert np.isnan(block[0, 0, 1])
        assert np.isnan(z[1])
