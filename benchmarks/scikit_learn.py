"""scikit-learn: `partial_fit`, which shuffles its examples and goes through them once; one seed.

MLPClassifier only has cross-entropy. Squared error is MLPRegressor's, whose outputs are linear: it saves the
sigmoids.
"""

import time
from typing import Any

import numpy as np
from benchmarks.cells import Cell
from benchmarks.measuring import Measure, pieces
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sweep.data.preprocessing import Part, PreparedData

ACTIVATIONS = {"relu": "relu", "sigmoid": "logistic", "tanh": "tanh"}


def partial_fit(cell: Cell, data: PreparedData) -> Measure:
    """Train MLPClassifier or MLPRegressor."""
    model = _model(cell)
    features = data.train.features
    if cell.loss == "mse":
        targets = data.train.targets
        model.partial_fit(features[: cell.batch], targets[: cell.batch])
    else:
        targets = data.train.labels
        model.partial_fit(features[: cell.batch], targets[: cell.batch], classes=np.arange(10))
    parts = list(pieces(data)) if cell.epoch else []

    def measure(steps: int) -> float:
        seconds, done = 0.0, 0
        while done < steps:
            rows = min((steps - done) * cell.batch, len(targets))
            start = time.perf_counter()
            model.partial_fit(features[:rows], targets[:rows])
            seconds += time.perf_counter() - start
            done += -(-rows // cell.batch)
        start = time.perf_counter()
        for part in parts:
            _evaluate(model, part)
        return seconds * steps / done + time.perf_counter() - start

    return measure


def _model(cell: Cell) -> Any:
    kind = MLPRegressor if cell.loss == "mse" else MLPClassifier
    return kind(
        hidden_layer_sizes=cell.units[1:-1],
        activation=ACTIVATIONS[cell.activation],
        solver="adam" if cell.optimizer == "adam" else "sgd",
        alpha=0.0,
        batch_size=cell.batch,
        # The time does not depend on the rate; at a larger one a deep network overflows, which is an error.
        learning_rate_init=1e-4,
        momentum=0.9 if cell.optimizer == "momentum" else 0.0,
        nesterovs_momentum=False,
    )


def _evaluate(model: Any, part: Part) -> tuple[float, int]:
    """Return the loss of a part and how many of its images are right."""
    if isinstance(model, MLPRegressor):
        outputs = model.predict(part.features)
        loss = float(np.mean((outputs - part.targets) ** 2))
    else:
        outputs = model.predict_proba(part.features)
        right = outputs[np.arange(len(part)), part.labels]
        loss = -float(np.mean(np.log(np.maximum(right, np.finfo(right.dtype).tiny))))
    return loss, int((outputs.argmax(axis=1) == part.labels).sum())
