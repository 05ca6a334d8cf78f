"""Training on real digits with both engines, through the trainer."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sweep.config.schema import Config, OptimizerConfig, ParallelConfig, RegularizationConfig
from sweep.data.preprocessing import Part, PreparedData
from sweep.training.problem import problem_for
from sweep.training.trainer import train_block

Array = NDArray[Any]

OPTIMIZERS: list[dict[str, Any]] = [{}, {"momentum": 0.9}, {"optimizer": OptimizerConfig("adam")}]


def trained(data: PreparedData, **settings: Any) -> tuple[Array, Array]:
    """Return the parameters of two seeds after a hundred steps in NumPy, and compiled."""
    parameters = []
    for kernels, name in (("numpy", "numpy"), ("numba", "compiled")):
        config = Config(
            **{"hidden": 16, "precision": "float64", "learning_rate": 0.01, **settings},
            max_iterations=100,
            parallel=ParallelConfig(kernels=kernels),
        )
        results = train_block(problem_for(config, data), [0, 1], data)
        assert [result.iterations for result in results] == [100, 100]
        assert {result.engine.name for result in results} == {name}
        parameters.append(np.array([result.parameters for result in results]))
    return parameters[0], parameters[1]


@pytest.mark.covering(2)
@pytest.mark.parametrize("vary", [["init"], ["init", "order"]], ids=str)
@pytest.mark.parametrize("batch_size", [1, 50, 150])
@pytest.mark.parametrize("settings", OPTIMIZERS, ids=str)
def test_engines_agree(
    settings: dict[str, Any], batch_size: int, vary: list[str], small_mnist64: PreparedData
) -> None:
    """Both engines agree in float64, where rounding stays small; 150 examples need two pieces."""
    one, other = trained(small_mnist64, batch_size=batch_size, vary=vary, **settings)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize("settings", OPTIMIZERS, ids=str)
def test_engines_agree_with_penalty(
    settings: dict[str, Any], penalty: str, small_mnist64: PreparedData
) -> None:
    """Both engines agree with a penalty."""
    regularization = RegularizationConfig(penalty, 0.01)
    one, other = trained(
        small_mnist64, batch_size=50, regularization=regularization, hidden=[20, 9], **settings
    )
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("batch_size", [1, 50])
@pytest.mark.parametrize("strength", [0.0, 0.01])
def test_engines_read_only_data(strength: float, batch_size: int, small_mnist: PreparedData) -> None:
    """Both engines train on read-only data, such as memory maps, with the same bits."""

    def read_only(part: Part) -> Part:
        arrays = [getattr(part, item.name).copy() for item in fields(part)]
        for array in arrays:
            array.flags.writeable = False
        return Part(*arrays)

    shared = PreparedData(*(read_only(getattr(small_mnist, item.name)) for item in fields(small_mnist)))
    settings: dict[str, Any] = {
        "batch_size": batch_size,
        "precision": "float32",
        "regularization": RegularizationConfig("l2" if strength else "none", strength),
    }
    for one, other in zip(trained(shared, **settings), trained(small_mnist, **settings), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("batch_size", [1, 50])
def test_engines_differ_in_float32(batch_size: int, small_mnist: PreparedData) -> None:
    """In float32 the rounding differs, so the tests here do not compare NumPy with itself."""
    one, other = trained(small_mnist, batch_size=batch_size, precision="float32")
    assert not np.array_equal(one, other)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)
