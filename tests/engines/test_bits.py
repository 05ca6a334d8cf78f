"""A seed has the same bits alone, in a block, and in the rest of a block; and float32 against float64."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.engines.problems import (
    OBJECTIVES,
    OPTIMIZER,
    REGULARIZER,
    SETUPS,
    Setup,
    choices,
    data,
    initial,
    run,
)

from sweep.engines.engine import Engine
from sweep.engines.numpy.engine import FLUSH_STEPS, NumpyEngine
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Adam, AdamW, Nesterov, Optimizer, RmsProp, Sgd

Array = NDArray[Any]

UNITS = [(9, 6, 4), (20, 17, 33, 3), (30, 1, 2, 10), (20, 2)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("units", UNITS, ids=str)
@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_bits_alone_and_in_a_block(setup: Setup, units: tuple[int, ...], dtype: str) -> None:
    """A seed in a block has the bits of the seed alone: gradient, steps and outputs, for every optimizer."""
    seeds = 5
    (features, targets), batches = data(units[0], units[-1], dtype), setup.rows(4, seeds)
    for optimizer in OPTIMIZER.values():
        for regularizer in (REGULARIZER["none"], REGULARIZER["l2"]):
            problem = setup.problem(units, optimizer=optimizer, regularizer=regularizer)
            parameters = initial(problem, seeds, dtype)
            block = setup.engine(problem, parameters)
            slopes = block.gradient(features, targets, batches[0]).copy()
            together = run(block, features, targets, batches, 0.02)
            outputs = block.evaluation().outputs(features).copy()
            assert (together.dtype, slopes.dtype, outputs.dtype) == (dtype,) * 3
            for seed in (0, 3):
                rows_alone = batches if setup.shared else [rows[[seed]] for rows in batches]
                alone = setup.engine(problem, parameters[[seed]])
                np.testing.assert_array_equal(
                    alone.gradient(features, targets, rows_alone[0])[0], slopes[seed]
                )
                np.testing.assert_array_equal(
                    run(alone, features, targets, rows_alone, 0.02)[0], together[seed]
                )
                np.testing.assert_array_equal(alone.evaluation().outputs(features)[0], outputs[seed])


@pytest.mark.parametrize("optimizer", OPTIMIZER)
@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_select_continues(setup: Setup, optimizer: str) -> None:
    """`select` keeps the state of the right seeds and the number of steps taken, in any order."""
    (features, targets), batches = data(9, 4, "float32"), setup.rows(40, 4)
    problem = setup.problem(optimizer=OPTIMIZER[optimizer])
    expected = run(setup.engine(problem, initial(problem, 4, "float32")), features, targets, batches, 0.02)
    engine = setup.engine(problem, initial(problem, 4, "float32"))
    before = run(engine, features, targets, batches[:13], 0.02)
    stay = [3, 1]
    selected = engine.select(stay)
    assert type(selected) is setup.engine
    np.testing.assert_array_equal(selected.parameters, before[stay])
    rest = batches[13:] if setup.shared else [rows[stay] for rows in batches[13:]]
    np.testing.assert_array_equal(run(selected, features, targets, rest, 0.02), expected[stay])
    np.testing.assert_array_equal(engine.parameters, before)  # the numbers are copies


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_float32_close_to_float64(setup: Setup) -> None:
    """Gradients and ten steps in float32 are within a hundred thousandth of the same engine in float64."""
    batches = setup.rows(10, 2)
    for choice in choices():
        problem = setup.problem(**choice)
        slopes, weights = [], []
        for dtype in ("float64", "float32"):
            features, targets = (array.astype(dtype) for array in data(9, 4, "float32"))
            parameters = initial(problem, 2, "float32").astype(dtype)
            engine = setup.engine(problem, parameters)
            slopes.append(engine.gradient(features, targets, batches[0]).copy())
            weights.append(run(engine, features, targets, batches, 0.02))
        assert (slopes[1].dtype, weights[1].dtype) == ("float32", "float32")
        assert (weights[0] != weights[1]).any()
        for exact, single in (slopes, weights):
            np.testing.assert_allclose(single, exact, rtol=0, atol=1e-5 * max(1, np.abs(exact).max()))


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_read_only_data(setup: Setup) -> None:
    """Read-only data, such as the memory maps that workers share, give the same bits."""
    (features, targets), batches = data(9, 4), setup.rows(6, 3)
    problem = setup.problem(regularizer=REGULARIZER["l2"])
    expected = run(setup.engine(problem, initial(problem, 3)), features, targets, batches, 0.1)
    features.flags.writeable = targets.flags.writeable = False
    engine = setup.engine(problem, initial(problem, 3))
    np.testing.assert_array_equal(run(engine, features, targets, batches, 0.1), expected)
    engine.gradient(features, targets, batches[0])
    engine.evaluation().outputs(features)


def state_of(engine: Engine) -> list[Array]:
    """Return copies of the arrays of an optimizer's state, flat."""
    states: Any = vars(engine)["state"]
    return [np.array(state.flat) for state in states]


def example_by_example(dtype: str) -> tuple[Array, Array]:
    """Return two examples of a linear network with one output that is off by half a million in both.

    The gradients of the weights are about 1, 0.1, ..., 1e-20 and 1 on the first, and 0, ..., 0 and 1 on the
    second.
    """
    sizes = np.append(10.0 ** -np.arange(0, 21), 1.0)
    features = 1e-6 * np.stack([sizes, np.append(np.zeros(21), 1.0)])
    return features.astype(dtype), np.full((2, 1), -5e5, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup.shared], ids=str)
def test_momentum_decays_without_denormals(setup: Setup, dtype: str) -> None:
    """Without a gradient, momentum of any size decays to exactly 0; an entry with a gradient is untouched."""
    features, targets = example_by_example(dtype)
    rate = 0.05
    for optimizer in (Sgd(0.1), Sgd(0.5), Sgd(0.9), Nesterov(0.5), Nesterov(0.9)):
        problem = setup.problem(
            (22, 1), objective=Objective.named("identity", "mse"), optimizer=optimizer, bias=False
        )
        engine = setup.engine(problem, np.zeros((1, 22), dtype))
        engine.step(features, targets, np.array([0] * setup.batch), rate=rate)
        for step in range(1000):
            engine.step(features, targets, np.array([1] * setup.batch), rate=rate)
            (velocity,) = (np.abs(state) for state in state_of(engine))
            assert not ((velocity > 0) & (velocity < np.finfo(dtype).tiny)).any(), f"denormal: {step}"
        remaining = velocity[velocity > 0]
        # The state is momentum * v, of the last weight alone.
        momentum = optimizer.momentum
        assert remaining == pytest.approx([momentum / (1 - momentum)], rel=1e-3)
        # The total move of the weight with the largest entry: the sum of a geometric series.
        assert engine.parameters[0, 0] == pytest.approx(-rate / (1 - momentum), rel=1e-5)


@pytest.mark.parametrize("optimizer", [RmsProp(), Adam(), AdamW()], ids=str)
@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup.shared], ids=str)
def test_optimizer_state_without_denormals(setup: Setup, optimizer: Optimizer) -> None:
    """The state has no denormal numbers after a step, or after those steps that flush them."""
    features, targets = example_by_example("float32")
    problem = setup.problem(
        (22, 1), objective=Objective.named("identity", "mse"), optimizer=optimizer, bias=False
    )
    engine = setup.engine(problem, np.zeros((1, 22), np.float32))
    for step in range(1, 7 * FLUSH_STEPS + 1):
        engine.step(features, targets, np.array([int(step > 1)] * setup.batch), rate=0.01)
        if setup.engine is not NumpyEngine or step % FLUSH_STEPS == 0:
            for state in state_of(engine):
                assert not ((state != 0) & (np.abs(state) < np.finfo(np.float32).tiny)).any(), step
    assert all(state.any() for state in state_of(engine))


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_not_finite_passed_on(setup: Setup) -> None:
    """Numbers that are not finite are passed on, so that overflow is seen; a gradient changes no weight."""
    (features, targets), (rows,) = data(9, 4, "float32"), setup.rows(1, 2)
    with np.errstate(all="ignore"):
        for activation in ACTIVATIONS.builtin:
            problem = setup.problem((9, 6, 4), activation, OBJECTIVES[-1])
            parameters = initial(problem, 2, "float32")
            parameters[0, 0] = np.nan
            parameters[1, -5:-1] = np.inf
            engine = setup.engine(problem, parameters)
            outputs = engine.evaluation().outputs(features)
            assert np.isnan(outputs[0]).all()
            assert not np.isfinite(outputs[1]).any(axis=-1).all()
            engine.gradient(features, targets, rows)
            np.testing.assert_array_equal(engine.parameters, parameters)
            engine.step(features, targets, rows, rate=0.1)
            assert not np.isfinite(engine.parameters).all(axis=1).any()
