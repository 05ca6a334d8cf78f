"""A training step by step: its length, its curves, its steps, and its end."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special
from sklearn import metrics

from sweep.config.schema import Config, EarlyStoppingConfig, EvaluationConfig
from sweep.core.errors import SettingError
from sweep.data.preprocessing import Part, PreparedData
from sweep.training.problem import problem_for
from sweep.training.result import Status, TrialResult
from sweep.training.trainer import train_block

Array = NDArray[Any]

EXAMPLES, INPUTS, CLASSES = 600, 784, 10
CURVES = {f"{part}_{kind}" for part in ("train", "validation", "test") for kind in ("loss", "accuracy")}
# Learns, then gets worse again: the best evaluation is not the last.
RESTLESS: dict[str, Any] = {
    "hidden": 12,
    "learning_rate": 0.4,
    "batch_size": 50,
    "evaluation": EvaluationConfig(every=5, at_start=True),
}


def train(data: PreparedData, seed: int = 0, **settings: Any) -> TrialResult:
    """Train one seed, without a hidden layer unless told otherwise."""
    return train_block(problem_for(Config(**{"depth": 0, **settings}), data), [seed], data)[0]


@pytest.mark.parametrize(
    ("settings", "iterations", "per_epoch"),
    [
        ({"epochs": 3, "batch_size": 50}, 36, 12),
        ({"epochs": 2, "batch_size": 128}, 10, 5),  # 4 full mini-batches and one of 88
        ({"epochs": 4, "batch_size": "all"}, 4, 1),
        ({"epochs": 1, "batch_size": 600}, 1, 1),
        ({"epochs": 9, "max_iterations": 7, "batch_size": 128}, 7, 5),
        ({"epochs": 1, "max_iterations": 7, "batch_size": 128}, 7, 5),
    ],
    ids=str,
)
def test_length(settings: Any, iterations: int, per_epoch: int, small_mnist: PreparedData) -> None:
    """Training takes epochs times mini-batches, or exactly max_iterations if that is set."""
    result = train(small_mnist, **settings)
    assert result.status is Status.COMPLETED
    assert (result.iterations, result.epochs_run) == (iterations, iterations / per_epoch)
    assert result.curves["iteration"] == [*range(per_epoch, iterations, per_epoch), iterations]


@pytest.mark.parametrize(
    ("every", "at_start", "rows"),
    [
        (None, False, [5, 10, 12]),
        (None, True, [0, 5, 10, 12]),
        (4, False, [4, 8, 12]),
        (5, True, [0, 5, 10, 12]),
        (7, False, [7, 12]),
        (100, True, [0, 12]),
        (1, False, list(range(1, 13))),
    ],
)
def test_curves_rows(every: int | None, at_start: bool, rows: list[int], small_mnist: PreparedData) -> None:
    """Twelve steps, five an epoch: every curve has all rows, and metrics come from the last."""
    fractions: list[float] = []
    config = Config(depth=0, batch_size=128, max_iterations=12, evaluation=EvaluationConfig(every, at_start))
    (result,) = train_block(problem_for(config, small_mnist), [0], small_mnist, progress=fractions.append)
    assert set(result.curves) == {*CURVES, "iteration", "epoch"}
    assert result.curves["iteration"] == rows
    assert result.curves["epoch"] == pytest.approx([row / 5 for row in rows], rel=1e-15)
    for name in CURVES:
        assert len(result.curves[name]) == len(rows)
        assert result.metrics[name] == result.curves[name][-1]
    assert result.kept_epoch == result.epochs_run == pytest.approx(2.4)
    assert fractions == pytest.approx([row / 12 for row in rows if row])


def test_curves_at_start(small_mnist64: PreparedData) -> None:
    """The row at the start is of the initial weights: zero weights give all classes the same probability."""
    start = EvaluationConfig(at_start=True)
    result = train(small_mnist64, initializer="zeros", precision="float64", evaluation=start)
    for part in ("train", "validation", "test"):
        assert result.curves[f"{part}_loss"][0] == pytest.approx(np.log(CLASSES), rel=1e-12)


def test_evaluation_changes_no_step(small_mnist: PreparedData) -> None:
    """Frequent evaluations give the same weights."""
    often = train(small_mnist, epochs=2, hidden=9, depth=1, evaluation=EvaluationConfig(1, True))
    assert often.weights_sha256 == train(small_mnist, epochs=2, hidden=9, depth=1).weights_sha256


@pytest.mark.parametrize("parts", [["train"], ["validation"], ["test"], ["train", "test"]], ids=str)
def test_curves_parts(parts: list[str], small_mnist: PreparedData) -> None:
    """Parts that the settings leave out have no curves; validation and test are measured at the end."""
    asked = {name for name in CURVES if name.split("_")[0] in parts}
    at_end = {name for name in CURVES if name.split("_")[0] in {*parts, "validation", "test"}}
    everything = train(small_mnist, max_iterations=6)
    result = train(small_mnist, max_iterations=6, evaluation=EvaluationConfig(parts=parts))
    assert set(result.curves) == {*asked, "iteration", "epoch"}
    assert result.metrics == {name: everything.metrics[name] for name in at_end}


@pytest.mark.parametrize("limit", [None, 3])
def test_batch_size_too_large(limit: int | None, small_mnist: PreparedData) -> None:
    """A mini-batch larger than the training part is refused."""
    with pytest.raises(SettingError, match=r"^batch_size=601: must be at most 600, the training part"):
        train(small_mnist, batch_size=601, max_iterations=limit)


def recomputed(parameters: Array, part: Part) -> tuple[float, float]:
    """Compute loss and accuracy of the flat weights of a ReLU network with 12 hidden units."""
    w1, b1, w2, b2 = np.split(parameters.astype(float), np.cumsum([INPUTS * 12, 12, 12 * CLASSES]))
    hidden = np.maximum(part.features @ w1.reshape(INPUTS, 12) + b1, 0)
    probabilities = special.softmax(hidden @ w2.reshape(12, CLASSES) + b2, axis=1)
    loss = metrics.log_loss(part.labels, probabilities, labels=range(CLASSES))
    return loss, metrics.accuracy_score(part.labels, probabilities.argmax(axis=1))


@pytest.mark.parametrize("monitor", ["validation_loss", "validation_accuracy"])
@pytest.mark.parametrize("keep_best", [True, False])
def test_kept_weights(keep_best: bool, monitor: str, small_mnist: PreparedData) -> None:
    """The kept weights are those of the best evaluation, the first of equals, or the last."""
    stopping = EarlyStoppingConfig(patience=4, monitor=monitor, keep_best=keep_best)
    result = train(small_mnist, depth=None, early_stopping=stopping, epochs=20, **RESTLESS)
    curve = np.array(result.curves[monitor])
    best = curve.argmin() if monitor.endswith("loss") else curve.argmax()
    assert best == len(curve) - 5, "not better for four evaluations"
    row_kept = best if keep_best else len(curve) - 1
    assert result.kept_epoch == result.curves["epoch"][row_kept]
    assert result.metrics == {name: result.curves[name][row_kept] for name in CURVES}
    for part in ("train", "validation", "test"):
        loss, accuracy = recomputed(result.parameters, getattr(small_mnist, part))
        assert result.metrics[f"{part}_loss"] == pytest.approx(loss, rel=1e-5)
        assert result.metrics[f"{part}_accuracy"] == pytest.approx(accuracy, rel=1e-12)


@pytest.mark.parametrize("patience", [1, 2, 3, 1000])
@pytest.mark.parametrize("monitor", ["validation_loss", "validation_accuracy"])
@pytest.mark.parametrize("seed", [0, 1])
def test_patience(seed: int, monitor: str, patience: int, small_mnist: PreparedData) -> None:
    """Training stops at the first evaluation that is `patience` evaluations after the best."""
    settings = {"depth": None, "epochs": 10, **RESTLESS}
    full = train(small_mnist, seed, **settings)
    values = full.curves[monitor] if monitor.endswith("loss") else [-v for v in full.curves[monitor]]
    best, best_row, stop = np.inf, 0, None
    for row, value in enumerate(values):
        if value < best:
            best, best_row = value, row
        elif row - best_row == patience:
            stop = row
            break
    assert (stop is None) == (patience == 1000)
    result = train(small_mnist, seed, early_stopping=EarlyStoppingConfig(patience, monitor), **settings)
    rows = slice(None if stop is None else stop + 1)
    assert result.curves == {name: curve[rows] for name, curve in full.curves.items()}
    assert result.iterations == full.curves["iteration"][rows][-1]
    assert result.status is (Status.COMPLETED if stop is None else Status.STOPPED_EARLY)


@pytest.mark.parametrize("monitor", ["validation_loss", "validation_accuracy"])
def test_patience_no_change(monitor: str, small_mnist64: PreparedData) -> None:
    """A learning rate too small to change a bit: the first of equal evaluations is the best."""
    result = train(
        small_mnist64,
        bias=False,
        learning_rate=1e-300,
        precision="float64",
        early_stopping=EarlyStoppingConfig(patience=3, monitor=monitor),
    )
    assert (result.status, result.epochs_run, result.kept_epoch) == (Status.STOPPED_EARLY, 4, 1)
