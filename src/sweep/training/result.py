"""What a trained seed leaves behind."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.engines.engine import EngineInfo
from sweep.types import Array

Curves = dict[str, list[float]]


class Status(StrEnum):
    """How a trial ended, judged on training data alone.

    DIVERGED: a loss or weight that is not finite, or a training loss clearly above that of the initial
    weights; left out of every mean. DEAD: the network answers all examples alike; it stays in every mean.
    """

    COMPLETED = "completed"
    STOPPED_EARLY = "stopped_early"
    DIVERGED = "diverged"
    DEAD = "dead"


@dataclass(frozen=True)
class TestOutcome:
    """What the kept weights say of the test part.

    `class_errors` (classes,) is the fraction of each class that is misclassified, NaN for a class
    without examples; `confusion` (classes, classes) counts true class by row and predicted class by
    column; the `hardest` examples, each (n,), have the highest loss, the hardest first, with their
    positions in the test file. `correct` (examples,) says which examples are classified correctly, and
    `examples_sha256` which examples those are: a hash of their positions.
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
    """One trial: how it ended, its curves, and its metrics.

    `curves` maps iteration, epoch, and {train,validation,test}_{loss,accuracy} to one number an
    evaluation. `metrics` has the same names for the kept weights: the last, or with early stopping the
    best, reached at `kept_epoch`. `class_curves` maps a part to the error of each class at each evaluation,
    (evaluations, classes), without columns unless it was asked for. Accuracies and errors are fractions of 1.
    `epochs_run` is how long the training went. Times are in seconds: each stretch of a block's is shared by
    the seeds that were trained in it, and compiling is not among them. `parameters` (parameters,) are the
    kept weights, flat; `engine` has run the steps, and `gradient_error` is what its gradient was off by
    before the training (see `gradient_gate`).
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
        """SHA-256 of the bytes of the kept weights."""
        return hashlib.sha256(np.ascontiguousarray(self.parameters).tobytes()).hexdigest()


def at_evaluation(curves: Curves, index: int) -> dict[str, float]:
    """The losses and accuracies of one evaluation."""
    return {name: values[index] for name, values in curves.items() if name.endswith(("loss", "accuracy"))}


def extend(curves: Curves, row: dict[str, float]) -> None:
    """Append one evaluation to the curves."""
    for name, value in row.items():
        curves.setdefault(name, []).append(value)
