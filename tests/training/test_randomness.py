"""Random streams: their generators, and the settings that share them between seeds."""

from itertools import combinations

import numpy as np
import pytest

from sweep.config.schema import Config, EvaluationConfig
from sweep.data.preprocessing import PreparedData
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.result import TrialResult
from sweep.training.trainer import BatchOrder, train_block

SEEDS = [0, 1, 4]
NUMBERS = {"init": 0, "order": 1, "split": 2}


def draws(config: Config, seed: int, stream: str) -> list[float]:
    """Draw the first numbers of a stream."""
    return generator(config, seed, Stream[stream.upper()]).random(8).tolist()


@pytest.mark.parametrize("root", [0, 7])
@pytest.mark.parametrize("seed", [0, 1, 12345])
@pytest.mark.parametrize("stream", NUMBERS)
def test_streams_match_numpy(stream: str, seed: int, root: int) -> None:
    """Streams are PCG64 on SeedSequence(root, spawn_key=(seed, stream)): anybody can draw them again."""
    sequence = np.random.SeedSequence(root, spawn_key=(seed, NUMBERS[stream]))
    config = Config(root_seed=root, vary=["init", "order", "split"])
    assert draws(config, seed, stream) == np.random.default_rng(sequence).random(8).tolist()


def test_streams_all_differ() -> None:
    """No two streams are alike."""
    seen = {
        tuple(draws(Config(root_seed=root, vary=list(NUMBERS)), seed, stream))
        for root in (0, 1)
        for seed in range(20)
        for stream in NUMBERS
    }
    assert len(seen) == 2 * 20 * 3


@pytest.mark.parametrize(
    "vary", [list(names) for n in (1, 2, 3) for names in combinations(NUMBERS, n)], ids=str
)
def test_streams_vary(vary: list[str]) -> None:
    """A stream that does not vary is that of seed 0."""
    config = Config(vary=vary)
    for stream in NUMBERS:
        first, second = draws(config, 0, stream), draws(config, 5, stream)
        assert (first != second) == (stream in vary)


def test_batch_order() -> None:
    """Each epoch is a new permutation of all examples, in NumPy's order; the last batch is smaller."""
    order = BatchOrder([np.random.default_rng(1)], 10, 4, shared=True)
    expected = np.random.default_rng(1)
    for _ in range(3):
        batches = list(order.epoch())
        assert [len(rows) for rows in batches] == [4, 4, 2]
        np.testing.assert_array_equal(np.concatenate(batches), expected.permutation(10))


def trained(
    data: PreparedData, vary: list[str], initializer: str, rate: float, batch: int
) -> list[TrialResult]:
    """Train two epochs without a hidden layer or biases, in float64."""
    config = Config(
        depth=0,
        bias=False,
        vary=vary,
        initializer=initializer,
        learning_rate=rate,
        batch_size=batch,
        epochs=2,
        precision="float64",
        evaluation=EvaluationConfig(parts=["validation"]),
    )
    return train_block(problem_for(config, data), SEEDS, data)


@pytest.mark.parametrize("vary", [["init"], ["order"], ["init", "order"], ["split"]], ids=str)
def test_vary_init(vary: list[str], small_mnist64: PreparedData) -> None:
    """A learning rate too small to change a bit leaves the initial weights, which vary as set."""
    results = trained(small_mnist64, vary, "glorot", 1e-300, 50)
    assert len({result.weights_sha256 for result in results}) == (3 if "init" in vary else 1)


@pytest.mark.parametrize("vary", [["init"], ["order"], ["init", "order"], ["split"]], ids=str)
def test_vary_order(vary: list[str], small_mnist64: PreparedData) -> None:
    """From zero weights, only the order of the mini-batches can make a difference."""
    results = trained(small_mnist64, vary, "zeros", 0.1, 50)
    assert len({result.weights_sha256 for result in results}) == (3 if "order" in vary else 1)


def test_init_independent_of_order(small_mnist64: PreparedData) -> None:
    """Another batch size and another order give the same start."""
    first = trained(small_mnist64, ["init", "order"], "he", 1e-300, 50)
    second = trained(small_mnist64, ["init"], "he", 1e-300, 7)
    for one, other in zip(first, second, strict=True):
        assert one.weights_sha256 == other.weights_sha256


def test_global_generator_unused(small_mnist64: PreparedData) -> None:
    """NumPy's global generator has no influence."""
    hashes = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        hashes.append([r.weights_sha256 for r in trained(small_mnist64, ["init", "order"], "he", 0.1, 50)])
    assert hashes[0] == hashes[1]
