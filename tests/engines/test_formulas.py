"""The scalar formulas of the compiled engine against the entries of `nn`'s tables, each of them."""

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


def named(objective: Objective) -> str:
    return f"{type(objective.loss).__name__}-{objective.output.apply.__name__}-{objective.reduction}"


@pytest.mark.parametrize("real", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS.builtin)
def test_activations_and_their_slopes(name: str, real: Any) -> None:
    """Number by number, from -30 to 30, close to 0 and at 0."""
    near = np.geomspace(1e-12, 0.1, 12)
    numbers = np.concatenate([np.linspace(-30, 30, 241), near, -near, [0.0, -0.0]]).astype(real)
    activation, kind = ACTIVATIONS[name], formulas.ACTIVATIONS[ACTIVATIONS[name]]
    outputs, slopes = numbers.copy(), np.ones_like(numbers)
    activation.apply(outputs)
    activation.backward(slopes, numbers if activation.needs_input else outputs)
    tolerance = TOLERANCE[numbers.dtype.name]
    found = [formulas.activate(kind, z) for z in numbers]
    np.testing.assert_allclose(found, outputs, rtol=tolerance, atol=tolerance)
    found = [formulas.activation_slope(kind, z, a) for z, a in zip(numbers, outputs, strict=True)]
    np.testing.assert_allclose(found, slopes, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("real", DTYPES)
def test_relu_passes_on_what_is_not_finite(real: Any) -> None:
    """So that a training that overflows is seen to diverge."""
    kind = formulas.ACTIVATIONS[ACTIVATIONS["relu"]]
    found = [formulas.activate(kind, real(z)) for z in (np.nan, np.inf, -np.inf, -0.0)]
    np.testing.assert_array_equal(found, [np.nan, np.inf, 0, 0])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", OPTIMIZER)
def test_update(name: str, dtype: str) -> None:
    """Fifty steps of every optimizer, on gradients of very different sizes, some of them zero."""
    optimizer, rng = OPTIMIZER[name], np.random.default_rng(0)
    ours = rng.normal(size=41).astype(dtype)
    expected, state = ours.copy(), optimizer.init(ours)
    first, second = np.zeros_like(ours), np.zeros_like(ours)
    for step in range(1, 51):
        gradient = (rng.normal(size=41) * 10.0 ** rng.uniform(-3, 1, 41)).astype(dtype)
        gradient[::5] = 0
        numbers = formulas.constants_of(optimizer, 0.05, step, dtype)
        assert (numbers.shape, numbers.dtype) == ((formulas.CONSTANTS,), dtype)
        formulas.update(ours, gradient, first, second, int(formulas.rule_of(optimizer)), numbers)
        optimizer.update(expected, gradient, state, 0.05, step)
    tolerance = 20 * TOLERANCE[dtype]
    np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=tolerance)
    for own, given in zip((first, second), state, strict=False):
        np.testing.assert_allclose(own, given, rtol=tolerance, atol=tolerance)


def test_a_move_is_the_rest_of_a_step_with_momentum() -> None:
    """Once the gradient is in the velocity; and no rule leaves all numbers as they are."""
    optimizer, rng = Sgd(0.9), np.random.default_rng(0)
    ours, velocity = rng.normal(size=(2, 30))
    expected, direction, unread = ours.copy(), velocity.copy(), np.full(30, np.nan)
    optimizer.move(expected, direction, 0.1)
    numbers = formulas.constants_of(optimizer, 0.1, 1, "float64")
    formulas.update(ours, unread, velocity, unread, int(Rule.MOVE), numbers)
    np.testing.assert_allclose(ours, expected, rtol=1e-14)
    np.testing.assert_allclose(velocity, direction, rtol=1e-14)
    formulas.update(ours, unread, velocity, unread, int(Rule.NONE), numbers)
    np.testing.assert_allclose([ours, velocity], [expected, direction], rtol=1e-14)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", REGULARIZER)
def test_add_penalty(name: str, dtype: str) -> None:
    weights, gradient = np.random.default_rng(0).normal(size=(2, 50)).astype(dtype)
    weights[::7] = 0
    ours = gradient.copy()
    REGULARIZER[name].add_gradient(gradient, weights)
    penalty, strength = formulas.penalty_of(REGULARIZER[name])
    assert penalty is Penalty[name.upper()]
    formulas.add_penalty(ours, weights, int(penalty), ours.dtype.type(strength))
    np.testing.assert_allclose(ours, gradient, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def pre_activations(dtype: str) -> Array:
    """(seeds, batch, outputs), as networks lay them out: (seeds, outputs, batch) in memory."""
    z = 3 * np.random.default_rng(3).normal(size=(3, 10, 6))
    z.flat[::36] = 0
    z[2, :, 0] *= 1e4  # saturated
    return z.astype(dtype).swapaxes(1, 2)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("objective", OBJECTIVES, ids=named)
def test_errors_of_the_output_layer(objective: Objective, dtype: str) -> None:
    """Of a mini-batch, and of each example alone; targets common or of each seed."""
    for labels in (np.arange(6), np.arange(18).reshape(3, 6) % 10):
        z, targets = pre_activations(dtype), np.eye(10, dtype=dtype)[labels]
        expected = z.copy(order="K")
        objective.delta(expected, targets)
        found = z.copy(order="K")
        errors(objective, found, targets)
        size = TOLERANCE[dtype] * max(1, np.abs(expected).max())
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(found, expected, rtol=0, atol=6 * size)

        kinds = formulas.OUTPUTS[objective.output], formulas.LOSSES[type(objective.loss)]
        for seed, example in np.ndindex(3, 6):
            alone, target = z[seed, example].copy(), targets[example if labels.ndim == 1 else (seed, example)]
            expected = alone[None, None].copy()
            objective.delta(expected, target[None])
            example_errors(alone, target, *kinds, alone.dtype.type(least_exponent(dtype)))
            size = TOLERANCE[dtype] * max(1, np.abs(expected).max())
            np.testing.assert_allclose(alone, expected[0, 0], rtol=0, atol=6 * size)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_network_that_is_sure_of_itself_has_no_denormal_errors(dtype: str) -> None:
    """On denormal numbers, or products that are, a processor is a hundred times slower."""
    objective = Objective.named("softmax", "cross_entropy")
    apart = np.geomspace(1, 5000, 200).astype(dtype)  # how far the largest pre-activation is ahead
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
    for found, scale in ((together, 1 / len(apart)), (alone, 1.0)):
        assert not ((found != 0) & (np.abs(1e-3 * found) < np.finfo(dtype).tiny)).any()
        np.testing.assert_allclose(
            found, scale * expected, rtol=TOLERANCE[dtype], atol=2 * scale * np.finfo(dtype).eps
        )


def test_errors_that_are_not_numbers_are_passed_on() -> None:
    """So that a training that overflows is seen to diverge."""
    for objective in OBJECTIVES:
        kinds = formulas.OUTPUTS[objective.output], formulas.LOSSES[type(objective.loss)]
        z, target = np.array([0.5, np.nan, 1.0]), np.array([0.0, 0.0, 1.0])
        block = np.ascontiguousarray(z[None, :, None]).swapaxes(1, 2)
        errors(objective, block, target[None])
        example_errors(z, target, *kinds, least_exponent("float64"))
        assert np.isnan(block[0, 0, 1])
        assert np.isnan(z[1])
