"""A seed's bits do not depend on its block for narrow layers either, in every engine, order and precision."""

from itertools import product

import pytest

from sweep.config.schema import Config, EvaluationConfig, ParallelConfig
from sweep.data.preprocessing import PreparedData
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block

WIDTHS = (1, 2, 3, 5, 17)
CASES = list(product(("float32", "float64"), (["init"], ["init", "order"]), ("numpy", "numba")))


@pytest.mark.covering(2)
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("batch_size", [50, 128])
@pytest.mark.parametrize(
    ("precision", "vary", "kernels"), CASES, ids=["-".join(map(str, case)) for case in CASES]
)
def test_bits_narrow_layers(
    precision: str,
    vary: list[str],
    kernels: str,
    batch_size: int,
    depth: int,
    request: pytest.FixtureRequest,
) -> None:
    """A seed has the same bits alone and in a block."""
    data: PreparedData = request.getfixturevalue("small_mnist64" if precision == "float64" else "small_mnist")
    for width, momentum in product(WIDTHS, (0.0, 0.9)):
        config = Config(
            hidden=width,
            depth=depth,
            batch_size=batch_size,
            momentum=momentum,
            learning_rate=0.05,
            vary=vary,
            precision=precision,
            max_iterations=8,
            evaluation=EvaluationConfig(every=8, parts=["train"]),
            parallel=ParallelConfig(kernels=kernels),
        )
        alone = [train_block(problem_for(config, data), [seed], data)[0] for seed in (0, 1, 2)]
        for result in train_block(problem_for(config, data), [2, 0, 1], data):
            same = alone[result.seed]
            assert result.weights_sha256 == same.weights_sha256, f"{width} units, momentum {momentum}"
            assert result.curves == same.curves
