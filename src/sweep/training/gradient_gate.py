"""The gradient gate: before an engine trains a cell, its gradient is compared with central differences."""

from collections.abc import Iterator

import numpy as np

from sweep.core.errors import ExecutionError
from sweep.core.types import Array
from sweep.data.preprocessing import Part
from sweep.engines.engine import Engine, Problem
from sweep.nn import backpropagation
from sweep.nn.gradient_check import slope
from sweep.nn.parameters import Parameters

EXAMPLES = 4  # training examples in a mini-batch
ANY = 2  # weights of each layer that are checked, and biases, besides those with the largest slopes
TOLERANCE = 1e-3  # as a fraction of the largest slope; rounding to float32 gives about 1e-6
NEGLIGIBLE = 1e-4  # differences of losses in float64 hardly tell a smaller slope from 0
SMALLEST = 1e-4  # weights nearer to 0 are moved this far away from it
DIRECTIONS = 3  # random directions in which the checked parameters are moved, all of them together
ATTEMPTS = 3  # mini-batches that are tried


def gradient_error(engine: type[Engine], problem: Problem, initial: Array, train: Part) -> float:
    """The largest difference between the engine's gradient and central differences, as a fraction.

    The engine computes the gradient on a few training examples at the initial weights, (parameters,), in
    their own precision. The central differences are those of the loss of `nn.backpropagation` in float64, for
    a few weights of each layer that are moved together in random directions. The result is a fraction of the
    largest slope. Raises ExecutionError if all of several mini-batches exceed the tolerance. A single one may
    exceed it because a rectifier's input is so near 0 that rounding decides its sign.
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
    """A copy of the weights, (parameters,), in which none is 0, or so near that a difference would cross 0.

    At 0 neither |w| nor a rectifier has a derivative. After a layer of zero weights, or of rectifiers whose
    outputs are all 0, a rectifier's pre-activation would be exactly 0.
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
    """The positions of the flat parameters to check: some of each layer's weights and some of its biases.

    They are the one with the largest slope in the engine's gradient, `found`, the one with the largest slope
    in that of `nn.backpropagation`, and `ANY` others.
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
