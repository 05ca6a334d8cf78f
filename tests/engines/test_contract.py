"""The contract of every engine, tested against `nn`, whose gradients `tests/nn` proves by differences."""

from itertools import product

import numpy as np
import pytest
from tests.engines.problems import (
    OBJECTIVES,
    OPTIMIZER,
    REGULARIZER,
    SETUPS,
    Setup,
    choices,
    data,
    gradient,
    initial,
    run,
    trained,
)

from sweep.nn import backpropagation
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.architecture import Parameters
from sweep.nn.optimizers import OPTIMIZERS
from sweep.nn.regularizers import REGULARIZERS

# Fewer units than a vector has lanes, as many, one more, and several vectors; deep and without hidden layers.
UNITS = [(9, 8, 7, 4), (16, 32, 16), (5, 17, 33, 3), (20, 2), (2, 70, 1)]
SEEDS = 3


def test_optimizers_and_regularizers_all_covered() -> None:
    """Every optimizer and regularizer of the package is in the tests' tables."""
    assert {OPTIMIZERS[name] for name in OPTIMIZERS.builtin} == {type(entry) for entry in OPTIMIZER.values()}
    assert {REGULARIZERS[name] for name in REGULARIZERS.builtin} == {
        type(entry) for entry in REGULARIZER.values()
    }


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_gradient_matches_nn(setup: Setup) -> None:
    """The gradient is that of `nn` for all choices, and changes neither parameters nor data."""
    (features, targets), (rows,) = data(9, 4), setup.rows(1, SEEDS)
    originals = features.copy(), targets.copy()
    for activation, objective, regularizer, bias in product(
        ACTIVATIONS.builtin, OBJECTIVES, REGULARIZER.values(), (True, False)
    ):
        problem = setup.problem((9, 6, 5, 4), activation, objective, regularizer=regularizer, bias=bias)
        parameters = initial(problem, SEEDS)
        engine = setup.engine(problem, parameters)
        expected = gradient(problem, parameters, features, targets, rows)
        computed = engine.gradient(features, targets, rows)
        np.testing.assert_allclose(
            computed, expected, rtol=0, atol=1e-13 * np.abs(expected).max(), err_msg=str(problem)
        )
        np.testing.assert_array_equal(engine.parameters, parameters)
    np.testing.assert_array_equal(features, originals[0])
    np.testing.assert_array_equal(targets, originals[1])


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_fifty_steps_match_nn(setup: Setup) -> None:
    """Fifty steps give the weights of `nn` for all choices, with mini-batches of two sizes."""
    (features, targets), batches = data(9, 4), setup.rows(50, SEEDS)
    for choice in choices():
        problem = setup.problem(**choice)
        parameters = initial(problem, SEEDS)
        expected = trained(problem, parameters, features, targets, batches, 0.02)
        engine = setup.engine(problem, parameters)
        computed = run(engine, features, targets, batches, 0.02)
        assert np.abs(expected - parameters).max() > 0.01
        np.testing.assert_allclose(computed, expected, rtol=1e-10, atol=1e-10, err_msg=str(problem))
    np.testing.assert_array_equal(parameters, initial(problem, SEEDS))  # the engine has a copy


@pytest.mark.parametrize("optimizer", OPTIMIZER)
@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_steps_changing_rate(setup: Setup, optimizer: str) -> None:
    """A rate that changes in every step, as in a schedule, multiplies outside the momentum."""
    (features, targets), batches = data(9, 4), setup.rows(4, SEEDS)
    problem = setup.problem(optimizer=OPTIMIZER[optimizer], regularizer=REGULARIZER["l2"])
    engine = setup.engine(problem, initial(problem, SEEDS))
    expected = initial(problem, SEEDS)
    state = problem.optimizer.init(expected)
    for step, (rows, rate) in enumerate(zip(batches, (0.1, 0.01, 0.05, 0.0), strict=True), start=1):
        slopes = gradient(problem, expected, features, targets, rows)
        problem.optimizer.update(expected, slopes, state, rate=rate, step=step)
        engine.step(features, targets, rows, rate=rate)
        np.testing.assert_allclose(engine.parameters, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("units", UNITS, ids=str)
@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_outputs_match_nn(setup: Setup, units: tuple[int, ...], bias: bool) -> None:
    """Outputs are right before and after a step, on any number of examples in any layout."""
    (features, targets), (rows,) = data(units[0], units[-1]), setup.rows(1, SEEDS)
    for activation in ACTIVATIONS.builtin:
        problem = setup.problem(units, activation, OBJECTIVES[-1], bias=bias)
        engine = setup.engine(problem, initial(problem, SEEDS))
        for _ in range(2):
            parameters = Parameters(problem.architecture, engine.parameters.copy())
            network = setup.engine.network(problem.architecture, parameters.flat)
            for examples in (features, features[:1], np.asfortranarray(features[3:14])):
                expected = backpropagation.forward(parameters, examples).z
                for tested in (engine.evaluation(), network):
                    assert tested.seeds == SEEDS
                    np.testing.assert_allclose(tested.outputs(examples), expected, rtol=0, atol=1e-12)
            engine.step(features, targets, rows, rate=0.1)


@pytest.mark.parametrize("units", UNITS, ids=str)
@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_gradient_any_width(setup: Setup, units: tuple[int, ...]) -> None:
    """The gradient is right for any width, with batches larger than one piece of a product."""
    features, targets = data(units[0], units[-1])
    objective = OBJECTIVES[-1]
    size = setup.batch if setup.batch == 1 else 300
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(features), size if setup.shared else (SEEDS, size))
    for activation in ACTIVATIONS.builtin:
        problem = setup.problem(units, activation, objective)
        parameters = initial(problem, SEEDS)
        expected = gradient(problem, parameters, features, targets, rows)
        computed = setup.engine(problem, parameters).gradient(features, targets, rows)
        np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
