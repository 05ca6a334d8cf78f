"""Small trials whose numbers are written down.

When one fails because a change of the numbers is meant, raise NUMERICS_VERSION in src/sweep/config/cell.py
by one, so that records made before are not taken for records of the same cell, and write down the new
numbers and version here.
"""

from typing import Any

import pytest

from sweep.config.cell import NUMERICS_VERSION
from sweep.config.schema import (
    Config,
    EvaluationConfig,
    OptimizerConfig,
    RegularizationConfig,
    ScheduleConfig,
)
from sweep.data.preprocessing import PreparedData
from sweep.training.trainer import train_block

ITERATIONS = [0, 10, 20, 30]
# Of seed 3, after these iterations: the version of the numbers, and training and test losses.
GOLDEN: dict[str, tuple[dict[str, Any], int, list[float], list[float]]] = {
    "momentum": (
        {
            "activation": "tanh",
            "momentum": 0.9,
            "learning_rate": 0.05,
            "regularization": RegularizationConfig("l2", 1e-3),
            "schedule": ScheduleConfig("inverse_epoch", a=1.0, b=0.2),
        },
        2,
        [2.7895801005935117, 1.2728683249087573, 1.0329805677915074, 0.8691629697584231],
        [2.7488093249664014, 1.2738127348606807, 1.0775499511975564, 0.9634252095096265],
    ),
    "adam": (
        {
            "activation": "relu",
            "output": "sigmoid",
            "loss": "binary_cross_entropy",
            "optimizer": OptimizerConfig("adam"),
            "learning_rate": 0.01,
            "regularization": RegularizationConfig("l1", 1e-4),
        },
        2,
        [17.765193204569126, 5.9240742052774555, 5.45125856125575, 4.909047375039662],
        [17.42994722469871, 6.018205371788747, 5.5423021712908636, 5.0620119359625],
    ),
}


@pytest.mark.parametrize("trial", GOLDEN)
def test_the_same_configuration_and_seed_give_the_same_numbers(
    trial: str, small_mnist64: PreparedData
) -> None:
    """If this fails on purpose, raise NUMERICS_VERSION in src/sweep/config/cell.py."""
    settings, version, train_losses, test_losses = GOLDEN[trial]
    config = Config(
        hidden=8,
        max_iterations=30,
        precision="float64",
        evaluation=EvaluationConfig(every=10, at_start=True, parts=["train", "test"]),
        **settings,
    )
    (result,) = train_block(config, [3], small_mnist64)
    hint = "numbers changed: if that is meant, raise NUMERICS_VERSION in src/sweep/config/cell.py"
    assert result.curves["iteration"] == ITERATIONS
    assert result.curves["train_loss"] == pytest.approx(train_losses, rel=1e-9), hint
    assert result.curves["test_loss"] == pytest.approx(test_losses, rel=1e-9), hint
    assert version == NUMERICS_VERSION, "these numbers belong to another version: check and renew them"
