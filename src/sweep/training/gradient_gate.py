"""The gradient gate: compares an engine's gradient with central differences before it trains a cell."""

from collections.abc import Iterator

import numpy as np

from sweep.core.errors import ExecutionError
from sweep.data.preprocessing import Part
from sweep.engines.engine import Engine, Problem, Rows
from sweep.nn import Array, backpropagation
from sweep.nn.architecture import Parameters
from sweep.nn.backpropagation import slope

EXAMPLES = 4  # training examples in a mini-batch
RANDOM_CHECKS = 2  # random weights, and biases, to check in each layer besides those with the largest slopes
TOLERANCE = 1e-3  # as a fraction of the largest slope; rounding to float32 gives about 1e-6
NEGLIGIBLE = 1e-4  # differences of losses in float64 hardly tell a smaller slope from 0
SMALLEST = 1e-4  # weights closer to 0 than this are moved away from it, to this distance
DIRECTIONS = 3  # random directions in which the checked parameters are moved together
ATTEMPTS = 3  # mini-batches to try


def gradient_error(engine: type[Engine], problem: Problem, initial: Array, *, train: Part) -> float:
    """Return the largest difference between the engine's gradient and central differences.

    It is a fraction of the largest slope. The engine computes the gradient on a few training examples at the
    initial weights, (parameters,), in their own precision. The central differences are those of the loss of
    `nn.backpropagation` in float64, for a few weights of each layer, moved together in random directions.
    Raises ExecutionError if the difference exceeds the tolerance on each of several mini-batches.
    """
    # One mini-batch may exceed it: a rectifier's input can be so close to 0 that rounding decides its sign.
    rng = np.random.default_rng(0)
    initial = _off_the_kinks(problem, initial, rng)
    errors = []
    for _ in range(ATTEMPTS):
        # Engines may treat mini-batches of one example differently, so such cells are checked with one.
        rows = rng.integers(0, len(train), 1 if problem.batch_size == 1 else min(EXAMPLES, len(train)))
        errors.append(_error(engine, problem, initial, train=train, rows=rows, rng=rng))
        if errors[-1] <= TOLERANCE:
            return errors[-1]
    raise ExecutionError(
        f"the gradient of the {engine.name} engine is off by {min(errors):.1%} of the largest slope;"
        " the cell is not trained"
    )


def _off_the_kinks(problem: Problem, initial: Array, rng: np.random.Generator) -> Array:
    """Copy the weights, (parameters,), and move those away from 0 that a difference would carry across it.

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
    *,
    train: Part,
    rows: Rows,
    rng: np.random.Generator,
) -> float:
    """Return the difference on one mini-batch, the training examples at `rows`, (batch,)."""
    computed = engine(problem, initial[None]).gradient(train.features, train.targets, rows)[0]
    if not np.isfinite(computed).all():
        # Weights that overflow from the start make the trial diverge, which is recorded.
        return 0.0 if _overflows(problem, initial, train, rows) else np.inf
    reference = backpropagation.gradient(
        Parameters(problem.architecture, initial[None]),
        train.features[rows],
        train.targets[rows],
        objective=problem.objective,
        regularizer=problem.regularizer,
    )
    indices = sorted(set(_checked(computed, reference, rng)))
    directions = rng.normal(size=(DIRECTIONS, len(indices)))
    expected = _slopes(problem, initial, train=train, rows=rows, indices=indices, directions=directions)
    if not np.isfinite(expected).all():
        return 0.0  # the loss overflows, though the gradient does not
    difference = np.abs(directions @ computed[indices].astype(float) - expected).max()
    return float(difference / max(np.abs(computed).max(), np.abs(expected).max(), NEGLIGIBLE))


def _checked(computed: Array, reference: Parameters, rng: np.random.Generator) -> Iterator[int]:
    """Yield the positions of the flat parameters to check: some of each layer's weights and of its biases.

    They are the ones with the largest slopes in the engine's gradient, `computed`, (parameters,), and in that
    of `nn.backpropagation`, and `RANDOM_CHECKS` others.
    """
    start = 0
    for part in reference.parts:
        end = start + part.size
        yield start + int(np.abs(computed[start:end]).argmax())
        yield start + int(np.abs(part).argmax())
        yield from rng.integers(start, end, RANDOM_CHECKS).tolist()
        start = end


def _overflows(problem: Problem, initial: Array, train: Part, rows: Rows) -> bool:
    """Return True if the outputs on these examples are not finite in the precision of the weights."""
    z = backpropagation.forward(Parameters(problem.architecture, initial[None]), train.features[rows]).z
    return not np.isfinite(z).all()


def _slopes(
    problem: Problem,
    initial: Array,
    *,
    train: Part,
    rows: Rows,
    indices: list[int],
    directions: Array,
) -> Array:
    """Return central differences of the loss, (directions,), along `directions`, (directions, indices)."""
    features, targets = train.features[rows].astype(float), train.targets[rows].astype(float)
    parameters = Parameters(problem.architecture, initial.astype(float)[None])

    def loss() -> float:
        return backpropagation.loss(
            parameters, features, targets, objective=problem.objective, regularizer=problem.regularizer
        )

    return np.array(
        [slope(parameters.flat[0], indices, loss, direction=direction) for direction in directions]
    )
