"""The result of training one seed."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.engines.engine import EngineInfo
from sweep.nn import Array

Curves = dict[str, list[float]]


class Status(StrEnum):
    """The end of a trial, judged on training data alone.

    DIVERGED: a loss or weight that is not finite, or a training loss clearly above that of the initial
    weights; left out of every mean. DEAD: the network gives all examples the same outputs; it stays in every
    mean.
    """

    COMPLETED = "completed"
    STOPPED_EARLY = "stopped_early"
    DIVERGED = "diverged"
    DEAD = "dead"


@dataclass(frozen=True)
class TestOutcome:
    """The outcome of the kept weights on the test part.

    `class_errors`, (classes,), is the fraction of each class that is misclassified, NaN for a class without
    examples. `confusion`, (classes, classes), counts examples, true classes in rows and predicted classes in
    columns. The `hardest` arrays, (hardest,) each, are of the examples with the highest losses, highest
    first; `hardest_indices` are their positions in the test file. `correct`, (examples,), is True for each
    example that is classified correctly, and `examples_sha256` is a hash of the examples' positions.
    """

    class_errors: NDArray[np.float64]
    confusion: NDArray[np.int64]
    hardest_indices: NDArray[np.int64]
    hardest_losses: NDArray[np.float64]
    hardest_labels: NDArray[np.int64]
    hardest_predictions: NDArray[np.int64]
    correct: NDArray[np.bool_]
    examples_sha256: str


@dataclass(frozen=True)
class TrialResult:
    """One trial: its end, its curves, and its metrics.

    `curves` maps iteration, epoch, and {train,validation,test}_{loss,accuracy} to a list with one number for
    each evaluation. `metrics` maps the losses and accuracies to those of the kept weights: the last weights,
    or with early stopping the best, of epoch `kept_epoch`. `class_curves` maps a part to the errors of the
    classes, (evaluations, classes), without columns unless the settings ask for them. Accuracies and errors
    are fractions of 1. `epochs_run` is the length of the training. `train_seconds` and `evaluation_seconds`
    are a seed's share of its block's time, without compiling: the seeds in training share each stretch of
    time equally. `parameters`, (parameters,), are the kept weights, flat. `engine` took the steps, and
    `gradient_error` is the error of its gradient before the first step (see `gradient_gate`).
    """

    seed: int
    status: Status
    iterations: int
    epochs_run: float
    kept_epoch: float
    curves: Curves
    class_curves: dict[str, NDArray[np.floating[Any]]]
    metrics: dict[str, float]
    test: TestOutcome
    parameters: Array
    train_seconds: float
    evaluation_seconds: float
    block_seeds: int
    engine: EngineInfo
    gradient_error: float | None = None

    @property
    def weights_sha256(self) -> str:
        """Return the SHA-256 of the bytes of the kept weights."""
        return hashlib.sha256(np.ascontiguousarray(self.parameters).tobytes()).hexdigest()


def at_evaluation(curves: Curves, index: int) -> dict[str, float]:
    """Return the losses and accuracies of one evaluation."""
    return {name: values[index] for name, values in curves.items() if name.endswith(("loss", "accuracy"))}


def extend(curves: Curves, row: dict[str, float]) -> None:
    """Append one evaluation to the curves."""
    for name, value in row.items():
        curves.setdefault(name, []).append(value)
