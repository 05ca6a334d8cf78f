"""Metrics against scikit-learn, from predictions computed here."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special
from sklearn import metrics

from sweep.config.schema import Config, EvaluationConfig, OptimizerConfig
from sweep.data import datasets
from sweep.data.preprocessing import Part, PreparedData, prepare
from sweep.data.settings import DataConfig
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.result import TrialResult
from sweep.training.trainer import train_block

Array = NDArray[Any]

HIDDEN, CLASSES = 15, 10
OUTPUT = {
    "softmax": lambda z: special.softmax(z, axis=1),
    "sigmoid": special.expit,
    "identity": lambda z: z,
}
PAIRINGS = [
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "rmse"),
    ("identity", "mse"),
]


def train(prepared: PreparedData, output: str, loss: str, **settings: Any) -> TrialResult:
    """Train a network that makes mistakes."""
    config = Config(
        hidden=HIDDEN,
        activation="tanh",
        initializer="glorot",
        optimizer=OptimizerConfig("adam"),
        learning_rate=0.002,
        batch_size=20,
        epochs=4,
        output=output,
        loss=loss,
        precision="float64",
        **settings,
    )
    return train_block(problem_for(config, prepared), [0], prepared)[0]


def outputs(result: TrialResult, features: Array, output: str) -> Array:
    """Compute the outputs of the kept weights of a tanh network, (examples, outputs)."""
    units = features.shape[1]
    w1, rest = np.split(result.parameters, [units * HIDDEN])
    b1, rest = np.split(rest, [HIDDEN])
    w2 = rest.reshape(HIDDEN + 1, -1)  # the biases are its last row
    return OUTPUT[output](np.tanh(features @ w1.reshape(units, HIDDEN) + b1) @ w2[:-1] + w2[-1])


def example_losses(a: Array, part: Part, loss: str) -> Array:
    """Compute the loss of each example, (examples,), from the outputs."""
    y = part.targets
    if loss == "cross_entropy":
        return -np.log(a[np.arange(len(part)), part.labels])
    if loss == "binary_cross_entropy":
        return -(special.xlogy(y, a) + special.xlog1py(1 - y, -a)).sum(axis=1)
    return np.square(a - y).mean(axis=1)


@pytest.mark.parametrize(("output", "loss"), PAIRINGS)
def test_loss_and_accuracy(output: str, loss: str, small_mnist64: PreparedData) -> None:
    """Losses and accuracies are right on every part; RMSE is the root of the whole part's mean."""
    result = train(small_mnist64, output, loss)
    for name in ("train", "validation", "test"):
        part = getattr(small_mnist64, name)
        a = outputs(result, part.features, output)
        expected = example_losses(a, part, loss).mean()
        if loss == "rmse":
            expected = metrics.root_mean_squared_error(part.targets.ravel(), a.ravel())
        if loss == "cross_entropy":
            assert expected == pytest.approx(metrics.log_loss(part.labels, a), rel=1e-12)
        assert result.metrics[f"{name}_loss"] == pytest.approx(expected, rel=1e-10)
        accuracy = metrics.accuracy_score(part.labels, a.argmax(axis=1))
        assert result.metrics[f"{name}_accuracy"] == pytest.approx(accuracy, rel=1e-12)
        assert 0.3 < accuracy < 1


@pytest.mark.parametrize(("output", "loss"), PAIRINGS)
def test_confusion_and_class_errors(output: str, loss: str, small_mnist64: PreparedData) -> None:
    """Rows are true classes; the error of a class is 1 minus its recall."""
    result, part = train(small_mnist64, output, loss), small_mnist64.test
    predicted = outputs(result, part.features, output).argmax(axis=1)
    confusion = metrics.confusion_matrix(part.labels, predicted, labels=range(CLASSES))
    np.testing.assert_array_equal(result.test.confusion, confusion)
    assert (confusion != confusion.T).any()
    recall = metrics.recall_score(part.labels, predicted, labels=range(CLASSES), average=None)
    np.testing.assert_allclose(result.test.class_errors, 1 - recall, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("output", "loss"), PAIRINGS)
def test_hardest_examples(output: str, loss: str, small_mnist64: PreparedData) -> None:
    """The highest losses come first, and their indices lead to the same digits in the test file."""
    result, test = train(small_mnist64, output, loss), small_mnist64.test
    hardest = result.test
    losses = example_losses(outputs(result, test.features, output), test, loss)
    np.testing.assert_allclose(hardest.hardest_losses, np.sort(losses)[::-1][:25], rtol=1e-9)
    raw = datasets.load(DataConfig())
    images = raw.test_features[hardest.hardest_indices].astype(float)
    scaled = (images - images.mean(axis=1, keepdims=True)) / images.std(axis=1, keepdims=True)
    labels = raw.test_labels[hardest.hardest_indices]
    np.testing.assert_array_equal(hardest.hardest_labels, labels)
    a = outputs(result, scaled, output)
    np.testing.assert_array_equal(hardest.hardest_predictions, a.argmax(axis=1))
    digits = Part(scaled, np.eye(CLASSES)[labels], labels, hardest.hardest_indices)
    np.testing.assert_allclose(example_losses(a, digits, loss), hardest.hardest_losses, rtol=1e-9)


def test_class_without_examples(small_mnist64: PreparedData) -> None:
    """Its error is NaN, and the others are unchanged; a short test part has fewer hardest examples."""
    rows = np.flatnonzero(small_mnist64.test.labels != 3)[:20]
    test = Part(
        *(getattr(small_mnist64.test, name)[rows] for name in ("features", "targets", "labels", "indices"))
    )
    data = replace(small_mnist64, test=test)
    result = train(data, "softmax", "cross_entropy")
    predicted = outputs(result, test.features, "softmax").argmax(axis=1)
    for digit in range(CLASSES):
        of_class = predicted[test.labels == digit]
        error = np.mean(of_class != digit) if len(of_class) else np.nan
        np.testing.assert_allclose(result.test.class_errors[digit], error, rtol=1e-12)
    assert np.isnan(result.test.class_errors[3])
    assert sorted(result.test.hardest_indices) == sorted(test.indices)


@pytest.mark.parametrize(("output", "loss"), PAIRINGS[1:3])
def test_evaluation_in_pieces(output: str, loss: str) -> None:
    """The test part has more examples than are evaluated at a time, and not a multiple of that."""
    digits = DataConfig(train_size=200, validation_size=100, test_size=2345)
    data = prepare(datasets.load(digits), digits, "float64", rng=generator(Config(), 0, Stream.SPLIT))
    result = train(data, output, loss)
    a = outputs(result, data.test.features, output)
    losses, predicted = example_losses(a, data.test, loss), a.argmax(axis=1)
    total = losses.mean() ** (0.5 if loss == "rmse" else 1)
    assert result.metrics["test_loss"] == pytest.approx(total, rel=1e-10)
    assert result.metrics["test_accuracy"] == metrics.accuracy_score(data.test.labels, predicted)
    np.testing.assert_array_equal(
        result.test.confusion, metrics.confusion_matrix(data.test.labels, predicted)
    )
    np.testing.assert_allclose(result.test.hardest_losses, np.sort(losses)[::-1][:25], rtol=1e-9)


def test_without_validation_part(small_mnist64: PreparedData) -> None:
    """A part without examples has no curves and no metrics."""
    nothing = Part(
        *(getattr(small_mnist64.validation, n)[:0] for n in ("features", "targets", "labels", "indices"))
    )
    result = train(replace(small_mnist64, validation=nothing), "softmax", "cross_entropy")
    assert not [name for name in (*result.curves, *result.metrics) if "validation" in name]
    assert result.metrics["test_loss"] > 0


@pytest.mark.parametrize("output", ["sigmoid", "identity"])
def test_single_output(output: str) -> None:
    """A single output above one half means class 1."""
    points = DataConfig(
        name="exam",
        classes=2,
        targets="scalar",
        train_size=400,
        validation_size=0,
        test_size=200,
        normalization="feature",
    )
    prepared = prepare(datasets.load(points), points, "float64", rng=generator(Config(), 0, Stream.SPLIT))
    result = train(prepared, output, "mse", data=points, evaluation=EvaluationConfig(parts=["test"]))
    a = outputs(result, prepared.test.features, output)
    predicted = (a[:, 0] > 0.5).astype(int)
    assert {*predicted} == {0, 1}
    assert result.metrics["test_accuracy"] == metrics.accuracy_score(prepared.test.labels, predicted)
    assert result.metrics["test_loss"] == pytest.approx(
        metrics.mean_squared_error(prepared.test.labels, a), rel=1e-10
    )
    expected = metrics.confusion_matrix(prepared.test.labels, predicted)
    np.testing.assert_array_equal(result.test.confusion, expected)
