"""A seed's bits are its own: alone, in a block, and in what is left of a block. And what precision costs."""

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
def test_a_seed_in_a_block_has_the_bits_of_the_seed_alone(
    setup: Setup, units: tuple[int, ...], dtype: str
) -> None:
    """With every optimizer, with and without a penalty; gradient, outputs and steps."""
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
                own = batches if setup.shared else [rows[[seed]] for rows in batches]
                alone = setup.engine(problem, parameters[[seed]])
                np.testing.assert_array_equal(alone.gradient(features, targets, own[0])[0], slopes[seed])
                np.testing.assert_array_equal(run(alone, features, targets, own, 0.02)[0], together[seed])
                np.testing.assert_array_equal(alone.evaluation().outputs(features)[0], outputs[seed])


@pytest.mark.parametrize("optimizer", OPTIMIZER)
@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_the_seeds_that_stay_go_on_as_if_nothing_had_happened(setup: Setup, optimizer: str) -> None:
    """`select` carries the state of the right seeds, and the number of steps taken; in any order."""
    (features, targets), batches = data(9, 4, "float32"), setup.rows(40, 4)
    problem = setup.problem(optimizer=OPTIMIZER[optimizer])
    expected = run(setup.engine(problem, initial(problem, 4, "float32")), features, targets, batches, 0.02)
    engine = setup.engine(problem, initial(problem, 4, "float32"))
    before = run(engine, features, targets, batches[:13], 0.02)
    stay = [3, 1]
    kept = engine.select(stay)
    assert type(kept) is setup.engine
    np.testing.assert_array_equal(kept.parameters, before[stay])
    rest = batches[13:] if setup.shared else [rows[stay] for rows in batches[13:]]
    np.testing.assert_array_equal(run(kept, features, targets, rest, 0.02), expected[stay])
    np.testing.assert_array_equal(engine.parameters, before)  # the numbers are copies


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_float32_is_within_a_hundred_thousandth(setup: Setup) -> None:
    """Of the same engine in float64: the gradient of every objective and activation, and ten steps."""
    batches = setup.rows(10, 2)
    for choice in choices():
        problem = setup.problem(**choice)
        slopes, weights = [], []
        for dtype in ("float64", "float32"):
            features, targets = (each.astype(dtype) for each in data(9, 4, "float32"))
            parameters = initial(problem, 2, "float32").astype(dtype)
            engine = setup.engine(problem, parameters)
            slopes.append(engine.gradient(features, targets, batches[0]).copy())
            weights.append(run(engine, features, targets, batches, 0.02))
        assert (slopes[1].dtype, weights[1].dtype) == ("float32", "float32")
        assert (weights[0] != weights[1]).any()
        for exact, single in (slopes, weights):
            np.testing.assert_allclose(single, exact, rtol=0, atol=1e-5 * max(1, np.abs(exact).max()))


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_data_that_workers_share_are_read_only(setup: Setup) -> None:
    """As memory maps are: the same bits."""
    (features, targets), batches = data(9, 4), setup.rows(6, 3)
    problem = setup.problem(regularizer=REGULARIZER["l2"])
    expected = run(setup.engine(problem, initial(problem, 3)), features, targets, batches, 0.1)
    features.flags.writeable = targets.flags.writeable = False
    engine = setup.engine(problem, initial(problem, 3))
    np.testing.assert_array_equal(run(engine, features, targets, batches, 0.1), expected)
    engine.gradient(features, targets, batches[0])
    engine.evaluation().outputs(features)


def state_of(engine: Engine) -> list[Array]:
    """The numbers of an optimizer's state, one flat array for each."""
    states: Any = vars(engine)["state"]
    return [np.array(state.flat) for state in states]


def example_by_example(dtype: str) -> tuple[Array, Array]:
    """Two examples of a linear network of one output that is off by half a million in both.

    The gradients of the weights are about 1, 0.1, ..., 1e-20 and 1 on the first, and 0, ..., 0 and 1 on the
    second.
    """
    sizes = np.append(10.0 ** -np.arange(0, 21), 1.0)
    features = 1e-6 * np.stack([sizes, np.append(np.zeros(21), 1.0)])
    return features.astype(dtype), np.full((2, 1), -5e5, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup.shared], ids=str)
def test_momentum_without_gradient_ends_at_zero_without_denormal_numbers(setup: Setup, dtype: str) -> None:
    """Entries of any size decay to exactly 0; the one that still gets a gradient is not touched."""
    features, targets = example_by_example(dtype)
    rate = 0.05
    for optimizer in (Sgd(0.1), Sgd(0.5), Sgd(0.9), Nesterov(0.5), Nesterov(0.9)):
        problem = setup.problem(
            (22, 1), objective=Objective.named("identity", "mse"), optimizer=optimizer, bias=False
        )
        engine = setup.engine(problem, np.zeros((1, 22), dtype))
        engine.step(features, targets, np.array([0] * setup.batch), rate)
        for step in range(1000):
            engine.step(features, targets, np.array([1] * setup.batch), rate)
            (velocity,) = (np.abs(state) for state in state_of(engine))
            assert not ((velocity > 0) & (velocity < np.finfo(dtype).tiny)).any(), f"denormal: {step}"
        kept = velocity[velocity > 0]
        # The state is momentum * v, of the last weight alone.
        momentum = optimizer.momentum
        assert kept == pytest.approx([momentum / (1 - momentum)], rel=1e-3)
        # All that the largest entry ever moved its weight: the sum of a geometric series.
        assert engine.parameters[0, 0] == pytest.approx(-rate / (1 - momentum), rel=1e-5)


@pytest.mark.parametrize("optimizer", [RmsProp(), Adam(), AdamW()], ids=str)
@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup.shared], ids=str)
def test_the_state_of_other_optimizers_has_no_denormal_numbers_either(
    setup: Setup, optimizer: Optimizer
) -> None:
    """After each step, or where they are flushed from time to time, then."""
    features, targets = example_by_example("float32")
    problem = setup.problem(
        (22, 1), objective=Objective.named("identity", "mse"), optimizer=optimizer, bias=False
    )
    engine = setup.engine(problem, np.zeros((1, 22), np.float32))
    for step in range(1, 7 * FLUSH_STEPS + 1):
        engine.step(features, targets, np.array([int(step > 1)] * setup.batch), 0.01)
        if setup.engine is not NumpyEngine or step % FLUSH_STEPS == 0:
            for state in state_of(engine):
                assert not ((state != 0) & (np.abs(state) < np.finfo(np.float32).tiny)).any(), step
    assert all(state.any() for state in state_of(engine))


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_what_is_not_finite_is_passed_on(setup: Setup) -> None:
    """So that a training that overflows is seen to diverge; a gradient leaves such weights as they are."""
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
            engine.step(features, targets, rows, 0.1)
            assert not np.isfinite(engine.parameters).all(axis=1).any()
