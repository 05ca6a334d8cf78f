"""A seed's result has the same bits alone, in any block, and in any order of the block."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from sweep.config.schema import Config, EarlyStoppingConfig, EvaluationConfig, OptimizerConfig
from sweep.data import datasets
from sweep.data.preprocessing import PreparedData, prepare
from sweep.data.settings import DataConfig
from sweep.engines.numpy import products
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.result import Status, TrialResult
from sweep.training.trainer import train_block

SEEDS = range(5)
BLOCKS = ([1, 0], [4, 2, 3], [0, 1, 2, 3, 4])
REORDERED = ([4, 2, 0, 3, 1],)
# Fields that depend on the clock and on the block, not on the seed.
NOT_COMPARED = {"train_seconds", "evaluation_seconds", "block_seeds"}
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "momentum": {"momentum": 0.9, "learning_rate": 0.1},
    "adam": {"optimizer": OptimizerConfig("adam"), "learning_rate": 0.01},
}


def numbers(result: TrialResult) -> dict[str, Any]:
    """Return the fields of a result that depend on the seed alone."""
    return {key: value for key, value in asdict(result).items() if key not in NOT_COMPARED}


def assert_same_in_every_block(
    config: Config, data: PreparedData, blocks: Sequence[list[int]] = BLOCKS
) -> list[TrialResult]:
    """Train each seed alone, then each block, and return the results of the seeds alone."""
    alone = [train_block(problem_for(config, data), [seed], data)[0] for seed in SEEDS]
    for block in blocks:
        results = train_block(problem_for(config, data), block, data)
        assert [result.seed for result in results] == block
        assert {result.block_seeds for result in results} == {len(block)}
        for seed, result in zip(block, results, strict=True):
            assert result.weights_sha256 == alone[seed].weights_sha256
            np.testing.assert_equal(numbers(result), numbers(alone[seed]))
    return alone


@pytest.mark.covering(2)
@pytest.mark.parametrize("vary", [["init"], ["order"], ["init", "order"]], ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("hidden", [[16], [20, 10], []], ids=str)
@pytest.mark.parametrize("batch_size", [1, 50, 128, "all"])
def test_bits_in_every_block(
    batch_size: Any, hidden: list[int], optimizer: str, vary: list[str], small_mnist: PreparedData
) -> None:
    """Training crosses the end of an epoch and is evaluated within one; 128 leaves a smaller last batch."""
    steps, every = (3, 2) if batch_size == "all" else (13, 6)
    config = Config(
        hidden=hidden,
        batch_size=batch_size,
        vary=vary,
        max_iterations=steps,
        evaluation=EvaluationConfig(every=every, parts=["validation"]),
        **OPTIMIZERS[optimizer],
    )
    alone = assert_same_in_every_block(config, small_mnist)
    rows = [2, 3] if batch_size == "all" else [6, 12, 13]
    assert [result.curves["iteration"] for result in alone] == [rows] * 5
    # With the whole set as one mini-batch, its order changes at most the rounding.
    if batch_size != "all" or "init" in vary:
        assert len({result.weights_sha256 for result in alone}) == 5


@pytest.mark.part(3)
@pytest.mark.covering(2)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("hidden", [[16], [96, 10]], ids=str)
@pytest.mark.parametrize("batch_size", [50, 128, "all"])
def test_bits_without_wide_products(
    batch_size: Any,
    hidden: list[int],
    optimizer: str,
    small_mnist: PreparedData,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A BLAS whose wide products have other bits makes every seed's product separate."""
    config = Config(
        hidden=hidden, batch_size=batch_size, vary=["init"], max_iterations=9, **OPTIMIZERS[optimizer]
    )
    with_wide_products = assert_same_in_every_block(config, small_mnist)
    monkeypatch.setattr(products, "_same_outputs", lambda *shape: False)
    monkeypatch.setattr(products, "_same_sums", lambda *shape, add: False)
    without = assert_same_in_every_block(config, small_mnist)
    for one, other in zip(without, with_wide_products, strict=True):
        assert one.weights_sha256 == other.weights_sha256


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("sigmoid", "binary_cross_entropy"),
        *((output, loss) for output in ("softmax", "sigmoid", "identity") for loss in ("mse", "rmse")),
    ],
)
def test_bits_other_losses(output: str, loss: str, precision: str, request: pytest.FixtureRequest) -> None:
    """Every other loss, in both precisions, with odd sizes and another activation."""
    data = request.getfixturevalue("small_mnist" if precision == "float32" else "small_mnist64")
    activation = {"softmax": "tanh", "sigmoid": "sigmoid", "identity": "identity"}[output]
    config = Config(
        hidden=[17, 7],
        output=output,
        loss=loss,
        activation=activation,
        batch_size=37,
        max_iterations=20,
        precision=precision,
    )
    assert_same_in_every_block(config, data, REORDERED)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_bits_wide_network(optimizer: str, small_mnist: PreparedData) -> None:
    """The network has more parameters than an optimizer updates at a time."""
    config = Config(hidden=[101, 30], batch_size=128, max_iterations=6, **OPTIMIZERS[optimizer])
    assert_same_in_every_block(config, small_mnist, REORDERED)


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mse"])
@pytest.mark.parametrize("batch_size", [1, 32, "all"])
def test_bits_single_output(batch_size: Any, loss: str) -> None:
    """The network has one output for two classes."""
    points = DataConfig(
        name="spiral",
        classes=2,
        targets="scalar",
        train_size=100,
        validation_size=20,
        test_size=50,
        normalization="feature",
    )
    config = Config(
        data=points,
        hidden=16,
        output="sigmoid",
        loss=loss,
        batch_size=batch_size,
        max_iterations=20,
        evaluation=EvaluationConfig(every=7),
    )
    data = prepare(datasets.load(points), points, "float32", rng=generator(config, 0, Stream.SPLIT))
    assert_same_in_every_block(config, data)


@pytest.mark.covering(1)
@pytest.mark.parametrize("vary", [["init"], ["order"], ["init", "order"]], ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_bits_when_seeds_stop_early(optimizer: str, vary: list[str], small_mnist: PreparedData) -> None:
    """Seeds leave at different times, also within an epoch, without changing the others."""
    config = Config(
        hidden=12,
        batch_size=50,
        epochs=8,
        vary=vary,
        early_stopping=EarlyStoppingConfig(patience=1),
        evaluation=EvaluationConfig(every=5),
        **{"learning_rate": 0.4, **OPTIMIZERS[optimizer]},
    )
    alone = assert_same_in_every_block(config, small_mnist, [*BLOCKS, *REORDERED])
    assert len({result.epochs_run for result in alone}) >= 2
    assert Status.STOPPED_EARLY in {result.status for result in alone}
