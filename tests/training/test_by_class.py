"""The error of each class at every evaluation."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import recall_score

import sweep
from sweep.config.schema import Config, EvaluationConfig
from sweep.data.preprocessing import PreparedData
from sweep.store.load import load_class_curves
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block


def test_class_errors_match_confusion(small_mnist: PreparedData) -> None:
    """The errors agree with the confusion matrix of the test part, and do not depend on the block."""
    config = Config(hidden=16, epochs=2, evaluation=EvaluationConfig(parts=["train", "test"], by_class=True))
    together = train_block(problem_for(config, small_mnist), [0, 1], small_mnist)
    alone = train_block(problem_for(config, small_mnist), [1], small_mnist)
    for result in together:
        assert set(result.class_curves) == {"train", "test"}
        for part, errors in result.class_curves.items():
            assert errors.shape == (2, 10)
            labels = getattr(small_mnist, part).labels
            # The mean over classes, weighed by their size, is one less the accuracy.
            share = np.bincount(labels, minlength=10) / len(labels)
            np.testing.assert_allclose(1 - errors @ share, result.curves[f"{part}_accuracy"], atol=1e-12)
        np.testing.assert_allclose(result.class_curves["test"][-1], result.test.class_errors)
        confusion = result.test.confusion
        true = np.repeat(np.arange(10), confusion.sum(axis=1))
        predicted = np.concatenate([np.repeat(np.arange(10), row) for row in confusion])
        recall = recall_score(true, predicted, average=None)
        np.testing.assert_allclose(1 - result.class_curves["test"][-1], recall)
    np.testing.assert_array_equal(alone[0].class_curves["test"], together[1].class_curves["test"])


def test_class_errors_off(small_mnist: PreparedData) -> None:
    """Without the setting there are no errors by class."""
    (result,) = train_block(problem_for(Config(hidden=16, epochs=1), small_mnist), [0], small_mnist)
    assert all(errors.shape == (1, 0) for errors in result.class_curves.values())


def test_class_errors_from_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors by class come back from a store that also holds trials without them."""
    monkeypatch.chdir(tmp_path)
    small = {"data": {"train_size": 500, "validation_size": 0, "test_size": 200}, "seeds": 1, "epochs": 2}
    serial = {"parallel": {"n_jobs": 1}, "hidden": 16}
    sweep.run({**small, **serial, "evaluation": {"by_class": True, "parts": ["test"]}})
    sweep.run({**small, **serial})
    tidy = load_class_curves("results")
    assert list(tidy["part"].unique()) == ["test"]
    assert len(tidy) == 2 * 10
    assert sorted(tidy["epoch"].unique()) == [1, 2]
    assert tidy["cell"].nunique() == 1
    # Parts that one of them did not evaluate are missing numbers in the curves of both.
    curves = sweep.curves("results")
    assert len(curves) == 4
    assert curves["train_loss"].isna().sum() == 2
    assert curves["test_loss"].notna().all()
