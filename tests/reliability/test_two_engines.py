"""The two engines round differently; their weights and curves stay within a tolerance."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tests.conftest import SMALL
from tests.reliability.scale import Count, scaled

from sweep.config.schema import Config, EvaluationConfig, ParallelConfig
from sweep.data import datasets
from sweep.data.preprocessing import prepare
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.result import TrialResult
from sweep.training.trainer import train_block

# After STEPS steps. Later a training may enlarge any difference, that of rounding, too: by a factor of ten in
# a hundred steps, where the loss goes up and down.
STEPS = 100
TOLERANCE = {"float32": 1e-4, "float64": 1e-12}


def apart(one: TrialResult, other: TrialResult) -> tuple[float, float]:
    """Return the largest difference of a weight, and of a number of a curve."""
    curves = [np.subtract(one.curves[name], other.curves[name]) for name in one.curves]
    return float(np.abs(one.parameters - other.parameters).max()), float(np.abs(curves).max())


@pytest.mark.parametrize("precision", TOLERANCE)
@scaled("widths", [1, 8, 17], list(range(1, 18)))
def test_engines_differ_by_rounding(widths: Sequence[int], precision: str, count: Count) -> None:
    """Two engines differ only by rounding."""
    pytest.importorskip("numba")
    data = prepare(datasets.load(SMALL), SMALL, precision, rng=generator(Config(), 0, Stream.SPLIT))
    worst = np.zeros(2)
    for width in widths:
        settings: dict[str, Any] = {"hidden": width, "precision": precision, "max_iterations": STEPS}
        numpy, compiled = (
            train_block(
                problem_for(
                    Config(
                        **settings,
                        evaluation=EvaluationConfig(every=10),
                        parallel=ParallelConfig(kernels=kernels),
                    ),
                    data,
                ),
                [0, 1, 2],
                data,
            )
            for kernels in ("numpy", "numba")
        )
        for one, other in zip(numpy, compiled, strict=True):
            assert (one.engine.name, other.engine.name) == ("numpy", "compiled")
            worst = np.maximum(worst, apart(one, other))
    weights, curves = (f"{distance:.1e}" for distance in worst)
    count(
        f"NumPy and compiled after {STEPS} steps, {precision}",
        trainings=3 * len(widths),
        weights_apart=weights,
        curves_apart=curves,
        tolerance=TOLERANCE[precision],
    )
    assert worst.max() <= TOLERANCE[precision]
