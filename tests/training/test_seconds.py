"""A trial's seconds: each stretch of a block's time belongs to the seeds that were trained in it."""

import time
from typing import Any

import pytest

from sweep.config.schema import Config, EarlyStoppingConfig, EvaluationConfig
from sweep.data.preprocessing import PreparedData
from sweep.training import trainer
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block

# Seeds stop early, at different times.
RESTLESS = Config(
    hidden=12,
    batch_size=50,
    epochs=12,
    learning_rate=0.4,
    early_stopping=EarlyStoppingConfig(patience=1),
    evaluation=EvaluationConfig(every=5),
)


def test_seconds_add_up(small_mnist: PreparedData) -> None:
    """The seconds of all seeds add up to the time that passed."""
    train_block(problem_for(RESTLESS, small_mnist), [0], small_mnist)  # compiled, where it is
    began = time.perf_counter()
    results = train_block(problem_for(RESTLESS, small_mnist), list(range(6)), small_mnist)
    passed = time.perf_counter() - began
    assert len({result.iterations for result in results}) > 2
    charged = sum(result.train_seconds + result.evaluation_seconds for result in results)
    assert 0.5 * passed < charged <= passed
    by_length = sorted(results, key=lambda result: result.iterations)
    assert by_length[0].train_seconds < by_length[-1].train_seconds


def test_seconds_shared(small_mnist: PreparedData, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stretch is shared by the seeds in training; the clock of the test ticks once a look."""
    ticks = iter(range(10**6))
    clock: Any = type("Clock", (), {"perf_counter": staticmethod(lambda: float(next(ticks)))})
    monkeypatch.setattr(trainer, "time", clock)
    results = train_block(problem_for(RESTLESS, small_mnist), list(range(6)), small_mnist)
    ends = [result.iterations for result in results]
    for result in results:
        # One second of training before each evaluation, shared by the seeds that had not ended before it.
        expected = sum(
            1 / sum(end >= evaluation for end in ends) for evaluation in range(5, result.iterations + 1, 5)
        )
        assert result.train_seconds == pytest.approx(expected)
