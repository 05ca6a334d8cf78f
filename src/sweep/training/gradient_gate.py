"""The gradient gate: an engine's gradient against central differences before it trains a cell."""

from collections.abc import Sequence

import numpy as np

from sweep.data.preprocessing import Part
from sweep.engines.engine import Engine, Problem
from sweep.errors import ExecutionError
from sweep.nn import backpropagation
from sweep.nn.gradient_check import central_difference
from sweep.nn.parameters import Parameters
from sweep.types import Array

EXAMPLES = 4  # of a mini-batch to check on
WEIGHTS = 12  # parameters to check, half of them those with the largest slopes
TOLERANCE = 1e-3  # of the largest slope; float32 alone comes to about 1e-6
NEGLIGIBLE = 1e-6  # a slope that float32 cannot tell from none
ATTEMPTS = 3


def gradient_error(engine: type[Engine], problem: Problem, initial: Array, train: Part) -> float:
    """The largest difference between the engine's gradient and central differences, as a fraction.

    The engine computes the gradient of a few training examples at the initial weights, (parameters,), in
    their own precision; the differences are those of `nn.backpropagation` in float64, for a few weights. A
    difference counts relative to the largest slope found. Raises ExecutionError where several mini-batches
    disagree: a single one may have a rectifier so near zero that rounding decides.
    """
    rng = np.random.default_rng(0)
    initial = _off_the_kinks(problem, initial, rng)
    errors = []
    for _ in range(ATTEMPTS):
        rows = rng.integers(0, len(train), 1 if problem.batch == 1 else min(EXAMPLES, len(train)))
        errors.append(_error(engine, problem, initial, train, rows, rng))
        if errors[-1] <= TOLERANCE:
            return errors[-1]
    raise ExecutionError(
        f"the gradient of the {engine.name} engine is off by {min(errors):.1%} of the largest slope;"
        " the cell is not trained"
    )


def _off_the_kinks(problem: Problem, initial: Array, rng: np.random.Generator) -> Array:
    """A copy of the weights with biases that are not 0: behind a layer of rectifiers that are all silent,
    pre-activations would be exactly 0, where a rectifier has no derivative.
    """
    moved = Parameters(problem.architecture, initial[None].copy())
    for biases in moved.biases:
        biases += rng.normal(0, 0.1, biases.shape).astype(biases.dtype)
    flat: Array = moved.flat[0]
    return flat


def _error(
    engine: type[Engine],
    problem: Problem,
    initial: Array,
    train: Part,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    rng: np.random.Generator,
) -> float:
    found = engine(problem, initial[None]).gradient(train.features, train.targets, rows)[0]
    largest = np.argsort(-np.abs(found), kind="stable")[: WEIGHTS // 2]
    indices = [*largest, *rng.integers(0, initial.size, WEIGHTS - len(largest))]
    expected = _differences(problem, initial, train, rows, indices)
    difference = np.abs(found[indices].astype(float) - expected).max()
    if not np.isfinite(difference):
        return 0.0  # weights that overflow from the start: the trial diverges, which is recorded
    return float(difference / max(np.abs(expected).max(), NEGLIGIBLE))


def _differences(
    problem: Problem,
    initial: Array,
    train: Part,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    indices: Sequence[int],
) -> Array:
    features, targets = train.features[rows].astype(float), train.targets[rows].astype(float)
    parameters = Parameters(problem.architecture, initial.astype(float)[None])

    def loss() -> float:
        return backpropagation.loss(parameters, features, targets, problem.objective, problem.regularizer)

    return central_difference(parameters, loss, indices)
