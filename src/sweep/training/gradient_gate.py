"""The gradient gate: an engine's gradient against central differences before it trains a cell."""

from collections.abc import Iterator

import numpy as np

from sweep.data.preprocessing import Part
from sweep.engines.engine import Engine, Problem
from sweep.errors import ExecutionError
from sweep.nn import backpropagation
from sweep.nn.gradient_check import slope
from sweep.nn.parameters import Parameters
from sweep.types import Array

EXAMPLES = 4  # of a mini-batch to check on
ANY = 2  # weights of each layer to check, and biases, besides those with the largest slopes
TOLERANCE = 1e-3  # of the largest slope; float32 alone comes to about 1e-6
NEGLIGIBLE = 1e-4  # a slope that a difference of losses in float64 can hardly tell from none
SMALLEST = 1e-4  # where a weight is moved that is nearer to zero
DIRECTIONS = 3  # in which the parameters to check are moved, all of them at once
ATTEMPTS = 3  # mini-batches


def gradient_error(engine: type[Engine], problem: Problem, initial: Array, train: Part) -> float:
    """The largest difference between the engine's gradient and central differences, as a fraction.

    The engine computes the gradient of a few training examples at the initial weights, (parameters,), in
    their own precision; the differences are those of `nn.backpropagation` in float64, for a few weights that
    move together in random directions. A difference counts relative to the largest slope. Raises
    ExecutionError where several mini-batches disagree: a single one may have a rectifier so near zero that
    rounding decides.
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
    """A copy of the weights none of which is 0, or so near that a difference would reach across it.

    |w| has no derivative at 0. Nor has a rectifier: behind a layer of zero weights, or of rectifiers that are
    all silent, its pre-activation would be exactly 0.
    """
    moved = Parameters(problem.architecture, initial[None].copy())
    near = np.abs(moved.flat) < SMALLEST
    moved.flat[near] = rng.choice((-SMALLEST, SMALLEST), np.count_nonzero(near))
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
    if not np.isfinite(found).all():
        # Weights that overflow from the start make the trial diverge, which is recorded.
        return 0.0 if _overflows(problem, initial, train, rows) else np.inf
    indices = sorted(set(_places(problem, initial, found, train, rows, rng)))
    directions = rng.normal(size=(DIRECTIONS, len(indices)))
    expected = _slopes(problem, initial, train, rows, indices, directions)
    if not np.isfinite(expected).all():
        return 0.0  # the loss overflows, though the gradient does not
    difference = np.abs(directions @ found[indices].astype(float) - expected).max()
    return float(difference / max(np.abs(found).max(), np.abs(expected).max(), NEGLIGIBLE))


def _places(
    problem: Problem,
    initial: Array,
    found: Array,
    train: Part,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    rng: np.random.Generator,
) -> Iterator[int]:
    """Which of the flat parameters to check: some of each layer's weights and of its biases.

    Those with the largest slope as the engine has it and as `nn.backpropagation` has it, and `ANY` others.
    """
    block, batch = (
        Parameters(problem.architecture, initial[None]),
        (train.features[rows], train.targets[rows]),
    )
    other = backpropagation.gradient(block, *batch, problem.objective, problem.regularizer)
    start = 0
    for part in other.parts:
        end = start + part.size
        yield start + int(np.abs(found[start:end]).argmax())
        yield start + int(np.abs(part).argmax())
        yield from rng.integers(start, end, ANY).tolist()
        start = end


def _overflows(
    problem: Problem, initial: Array, train: Part, rows: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> bool:
    """Whether the outputs on these examples are not finite in the precision of the weights."""
    z = backpropagation.forward(Parameters(problem.architecture, initial[None]), train.features[rows]).z
    return not np.isfinite(z).all()


def _slopes(
    problem: Problem,
    initial: Array,
    train: Part,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    indices: list[int],
    directions: Array,
) -> Array:
    """Central differences of the loss, (directions,), along `directions`, (directions, indices)."""
    features, targets = train.features[rows].astype(float), train.targets[rows].astype(float)
    parameters = Parameters(problem.architecture, initial.astype(float)[None])

    def loss() -> float:
        return backpropagation.loss(parameters, features, targets, problem.objective, problem.regularizer)

    return np.array([slope(parameters.flat[0], indices, loss, direction=each) for each in directions])
