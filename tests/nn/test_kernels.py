"""Compiled kernels against NumPy's, one operation at a time and over a training."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sweep.nn.kernels import Kernels
from sweep.nn.tiles import SHORT

from sweep.config.schema import Config, OptimizerConfig, ParallelConfig, RegularizationConfig
from sweep.data.preprocessing import Part, PreparedData
from sweep.nn import compiled, panels
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.losses import LOSSES, Objective
from sweep.training.trainer import train_block

Array = NDArray[Any]

TOLERANCE = {"float32": 1e-6, "float64": 1e-14}


ERRORS = [Objective.delta, compiled.errors]


def random(dtype: str, *shape: int) -> Array:
    """Numbers of both signs, some of them zero, infinite and not a number."""
    values = np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)
    values.flat[:: max(3, values.size // 5)] = 0
    return values


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_network_that_is_sure_of_itself_has_no_denormal_errors(dtype: str) -> None:
    """On denormal numbers, or products that are, a processor is a hundred times slower."""
    apart = np.geomspace(1, 5000, 200).astype(dtype)  # how far the largest pre-activation is ahead
    z = np.stack([apart, np.zeros_like(apart), -apart], axis=-1)[None]
    targets = np.tile(np.eye(3, dtype=dtype), (len(apart), 1))[: len(apart)]
    exact = np.exp((z - z.max(axis=-1, keepdims=True)).astype(np.longdouble))
    expected = (exact / exact.sum(axis=-1, keepdims=True) - targets) / len(apart)
    for errors_of in ERRORS:
        errors = z.copy()
        errors_of(Objective("softmax", "cross_entropy"), errors, targets)
        assert not ((errors != 0) & (np.abs(1e-3 * errors) < np.finfo(dtype).tiny)).any()
        np.testing.assert_allclose(errors, expected, rtol=TOLERANCE[dtype], atol=np.finfo(dtype).eps / 100)


def test_relu_passes_on_what_is_not_finite() -> None:
    """So that a training that overflows is seen to diverge, with either kernels."""
    z, output = [np.nan, np.inf, -np.inf, -0.0], [1.0, 1.0, 0.0, 0.0]
    for kernels in Kernels:
        activations, delta = panels.zeros(1, 1 + SHORT, columns=4, dtype="float64")[None].repeat(2, axis=0)
        panels.fill(activations, np.array([z])[None])
        panels.fill(delta, np.array([[np.nan, np.inf, np.nan, 2.0]])[None])
        outputs = np.zeros_like(activations)
        panels.fill(outputs, np.array([output])[None])
        if kernels is Kernels.NUMBA:
            panels.bias_relu(activations, np.zeros_like(activations[:, :, :1]))
            panels.relu_backward(delta, outputs)
        else:
            ACTIVATIONS["relu"].apply(activations)
            ACTIVATIONS["relu"].backward(delta, outputs)
        np.testing.assert_array_equal(panels.matrix(activations, 4)[0, 0], [np.nan, np.inf, 0, 0])
        np.testing.assert_array_equal(panels.matrix(delta, 4)[0, 0], [np.nan, np.inf, np.nan, 0])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    ("output", "loss"),
    [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy"), ("softmax", "mse")],
)
def test_errors_of_the_output_layer(output: str, loss: str, shared: bool, reduction: str, dtype: str) -> None:
    objective = Objective(output, loss, reduction)
    z = 3 * random(dtype, 3, 10, 6).swapaxes(1, 2)
    targets = np.eye(10, dtype=dtype)[np.arange(6) if shared else np.arange(18).reshape(3, 6) % 10]
    results = []
    for errors_of in ERRORS:
        delta = z.copy(order="K")
        errors_of(objective, delta, targets)
        results.append(delta)
    assert np.abs(results[0]).max() > 1e-3
    np.testing.assert_allclose(results[1], results[0], rtol=0, atol=6 * TOLERANCE[dtype])


def trained(data: PreparedData, **settings: Any) -> tuple[Array, Array]:
    """The parameters of two seeds after a hundred steps in NumPy, and compiled; both have moved."""
    parameters = []
    for kernels in Kernels:
        config = Config(
            **{"hidden": 16, "precision": "float64", "learning_rate": 0.01, **settings},
            max_iterations=100,
            parallel=ParallelConfig(kernels=kernels.value),
        )
        results = train_block(config, [0, 1], data)
        assert [result.iterations for result in results] == [100, 100]
        parameters.append(np.array([result.parameters for result in results]))
    return parameters[0], parameters[1]


OPTIMIZERS: list[dict[str, Any]] = [{}, {"momentum": 0.9}, {"optimizer": OptimizerConfig("adam")}]


@pytest.mark.parametrize("vary", [["init"], ["init", "order"]], ids=str)
@pytest.mark.parametrize("batch_size", [1, 50, 150])
@pytest.mark.parametrize("settings", OPTIMIZERS, ids=str)
def test_a_training(
    settings: dict[str, Any], batch_size: int, vary: list[str], small_mnist64: PreparedData
) -> None:
    """A hundred steps on real digits with either kernels; in float64, where rounding stays small.

    The largest mini-batch has its products in two pieces.
    """
    one, other = trained(small_mnist64, batch_size=batch_size, vary=vary, **settings)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize("settings", OPTIMIZERS, ids=str)
def test_a_training_with_a_penalty(
    settings: dict[str, Any], penalty: str, small_mnist64: PreparedData
) -> None:
    regularization = RegularizationConfig(penalty, 0.01)
    one, other = trained(
        small_mnist64, batch_size=50, regularization=regularization, hidden=[20, 9], **settings
    )
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("output", "loss"), [(output, loss) for loss in LOSSES for output in LOSSES[loss].outputs]
)
def test_one_example_at_a_time(
    output: str, loss: str, activation: str, bias: bool, small_mnist64: PreparedData
) -> None:
    """The compiled step for mini-batches of one, for all that it knows, through two hidden layers."""
    network = {"activation": activation, "output": output, "loss": loss, "bias": bias, "hidden": [9, 7]}
    for settings in OPTIMIZERS:
        rate = 1e-4 if "momentum" in settings else 1e-3
        one, other = trained(small_mnist64, batch_size=1, learning_rate=rate, **network, **settings)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-8)


def test_an_activation_that_is_added_needs_no_compiled_step(
    monkeypatch: pytest.MonkeyPatch, small_mnist64: PreparedData
) -> None:
    """One entry in the table is enough, whatever kernels run."""
    monkeypatch.setitem(ACTIVATIONS, "mine", ACTIVATIONS["tanh"])
    one, other = trained(small_mnist64, batch_size=1, activation="mine")
    tanh, _ = trained(small_mnist64, batch_size=1, activation="tanh")
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(one, tanh)


@pytest.mark.parametrize("batch_size", [1, 50])
@pytest.mark.parametrize("strength", [0.0, 0.01])
def test_data_that_workers_share_are_read_only(
    strength: float, batch_size: int, small_mnist: PreparedData
) -> None:
    """As memory maps are."""

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


def test_the_kernels_are_told_apart(small_mnist: PreparedData) -> None:
    """That the tests here do not compare NumPy with itself: in float32 the rounding differs."""
    one, other = trained(small_mnist, batch_size=1, precision="float32")
    assert not np.array_equal(one, other)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)
