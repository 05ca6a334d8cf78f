"""Metrics of a block of seeds on one part of the data."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweep.data.preprocessing import Part
from sweep.engines.engine import Network
from sweep.nn import Array
from sweep.nn.objective import Objective
from sweep.training.result import Status, TestOutcome

DEAD_FRACTION = 0.99  # a network is dead if it gives this fraction of training examples the same outputs
DIVERGED_RATIO = 1.1  # a network has diverged if its training loss exceeds the initial one by this factor
JUDGED_EXAMPLES = 5000  # the most training examples that are used to find out
HARDEST_EXAMPLES = 25  # the test examples with the highest losses in a record


@dataclass(frozen=True)
class Evaluation:
    """Loss and accuracy of each seed, (seeds,), and the error of each class, (seeds, classes).

    Accuracies and errors are fractions of 1; the error of a class without examples is NaN. Without a number
    of classes, the errors have no columns.
    """

    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    class_errors: NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """The answers of one network: the loss, predicted and true class of each example, (examples,) each.

    `same_outputs` is the fraction of examples that get the most common outputs.
    """

    losses: NDArray[np.float64]
    predicted: NDArray[np.int64]
    labels: NDArray[np.int64]
    same_outputs: float


def predicted_class(outputs: Array) -> NDArray[np.int64]:
    """Return the class with the largest output, (...,), of outputs (..., classes).

    A network with a single output predicts class 1 if the output is above one half, and otherwise class 0.
    """
    if outputs.shape[-1] == 1:
        return (outputs[..., 0] > 0.5).astype(np.int64)
    predicted: NDArray[np.int64] = outputs.argmax(axis=-1)
    return predicted


def evaluate(network: Network, part: Part, objective: Objective, *, classes: int = 0) -> Evaluation:
    """Measure every seed on `part`: loss, accuracy, and the error of each of `classes` classes."""
    seeds = network.seeds
    losses, correct, wrong = np.zeros(seeds), np.zeros(seeds), np.zeros((seeds, classes))
    for start in range(0, len(part), network.examples_at_once):
        rows = slice(start, start + network.examples_at_once)
        z = network.outputs(part.features[rows])
        # Column-major like the network's outputs, which makes the arithmetic with both faster.
        examples = objective.examples(z, np.asfortranarray(part.targets[rows]))
        # One sum for each seed: the order of additions must not depend on the number of seeds.
        losses += [float(seed.sum(dtype=np.float64)) for seed in examples]
        # Output functions are increasing, so the largest z has the largest output: no need to compute it.
        decisive = z if z.shape[-1] > 1 else objective.outputs(z)
        right = predicted_class(decisive) == part.labels[rows]
        correct += np.count_nonzero(right, axis=-1)
        if classes:
            wrong += [np.bincount(part.labels[rows][~seed], minlength=classes) for seed in right]
    total = objective.loss.total
    mean_losses = np.array([total(loss / len(part)) for loss in losses])
    # Cut, because bincount counts every label that occurs, even if no number of classes is given.
    count = np.bincount(part.labels, minlength=classes).astype(float)[:classes]
    class_errors = wrong / np.where(count, count, np.nan)
    return Evaluation(mean_losses, correct / len(part), class_errors)


def predict(network: Network, part: Part, objective: Objective) -> Predictions:
    """Collect the answers of a network of a single seed on every example of `part`."""
    pieces = []
    for start in range(0, len(part), network.examples_at_once):
        rows = slice(start, start + network.examples_at_once)
        z = network.outputs(part.features[rows])
        pieces.append((objective.examples(z, part.targets[rows]), objective.outputs(z)))
    losses = np.concatenate([examples[0] for examples, _ in pieces]).astype(np.float64)
    outputs = np.concatenate([a[0] for _, a in pieces])
    # If most examples get the same outputs, the median of each output is that common value.
    same_outputs = float((outputs == np.median(outputs, axis=0).astype(outputs.dtype)).all(axis=1).mean())
    return Predictions(losses, predicted_class(outputs), part.labels, same_outputs)


def test_outcome(predictions: Predictions, part: Part, classes: int) -> TestOutcome:
    """Return confusion matrix, errors by class, hardest and correct examples of the test part.

    `part` is the test part, and `predictions` are those of one network on it.
    """
    pairs = predictions.labels * classes + predictions.predicted
    confusion = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    count = confusion.sum(axis=1)
    errors = np.full(classes, np.nan)
    np.divide(count - confusion.diagonal(), count, out=errors, where=count > 0)
    # Stable, so that equal losses always come in the same order.
    hardest = np.argsort(-predictions.losses, kind="stable")[:HARDEST_EXAMPLES]
    return TestOutcome(
        class_errors=errors,
        confusion=confusion,
        hardest_indices=part.indices[hardest],
        hardest_losses=predictions.losses[hardest],
        hardest_labels=predictions.labels[hardest],
        hardest_predictions=predictions.predicted[hardest],
        correct=predictions.predicted == predictions.labels,
        examples_sha256=examples_sha256(part.indices),
    )


def examples_sha256(indices: NDArray[np.int64]) -> str:
    """Return a hash of the positions, (examples,), of a part's examples in their file."""
    # Little-endian, so that every machine computes the same hash.
    return hashlib.sha256(indices.astype("<i8").tobytes()).hexdigest()


def failure(before: Predictions, after: Predictions, objective: Objective) -> Status | None:
    """Return DIVERGED or DEAD if a network failed on training examples, otherwise None.

    `before` are the predictions of its initial weights, `after` those of its final weights. A network has
    diverged if its loss is not finite or clearly above the initial one. It is dead if nearly all examples get
    the same outputs.
    """
    total = objective.loss.total
    initial, final = total(float(before.losses.mean())), total(float(after.losses.mean()))
    if not np.isfinite(final) or final > DIVERGED_RATIO * initial:
        return Status.DIVERGED
    return Status.DEAD if after.same_outputs >= DEAD_FRACTION else None
