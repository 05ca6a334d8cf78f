"""Compiled kernels against NumPy's, one operation at a time and over a training."""

import itertools
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sweep.config.schema import Config, OptimizerConfig, ParallelConfig, RegularizationConfig
from sweep.data.preprocessing import Part, PreparedData
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.kernels import Kernels, operations
from sweep.nn.losses import LOSSES, Objective
from sweep.nn.network import Architecture, Network
from sweep.training.trainer import train_block

Array = NDArray[Any]

TOLERANCE = {"float32": 1e-6, "float64": 1e-14}


def both(activation: str = "relu") -> tuple[Any, Any]:
    """The operations in NumPy and compiled."""
    return operations(activation, Kernels.NUMPY), operations(activation, Kernels.NUMBA)


def random(dtype: str, *shape: int) -> Array:
    """Numbers of both signs, some of them zero, infinite and not a number."""
    values = np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)
    values.flat[:: max(3, values.size // 5)] = 0
    return values


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation: str, bias: bool, dtype: str) -> None:
    z, shift = random(dtype, 3, 5, 7), random(dtype, 3, 1, 7) if bias else None
    delta = random(dtype, 3, 5, 7)[::-1].copy()
    results = []
    for kernels in both(activation):
        output, slopes = z.copy(), delta.copy()
        kernels.activate(output, shift)
        kernels.backward(slopes, output)
        results.append((output, slopes))
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, expected)
    shifted = z if shift is None else z + shift
    if activation == "relu":
        np.testing.assert_array_equal(results[1][0], np.where(shifted > 0, shifted, 0))
        np.testing.assert_array_equal(results[1][1], np.where(shifted > 0, delta, 0))


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_network_that_is_sure_of_itself_has_no_denormal_errors(dtype: str) -> None:
    """On denormal numbers, or products that are, a processor is a hundred times slower."""
    apart = np.geomspace(1, 5000, 200).astype(dtype)  # how far the largest pre-activation is ahead
    z = np.stack([apart, np.zeros_like(apart), -apart], axis=-1)[None]
    targets = np.tile(np.eye(3, dtype=dtype), (len(apart), 1))[: len(apart)]
    exact = np.exp((z - z.max(axis=-1, keepdims=True)).astype(np.longdouble))
    expected = (exact / exact.sum(axis=-1, keepdims=True) - targets) / len(apart)
    for kernels in both():
        errors = z.copy()
        kernels.errors(Objective("softmax", "cross_entropy"), errors, targets)
        assert not ((errors != 0) & (np.abs(1e-3 * errors) < np.finfo(dtype).tiny)).any()
        np.testing.assert_allclose(errors, expected, rtol=TOLERANCE[dtype], atol=np.finfo(dtype).eps / 100)


def test_relu_passes_on_what_is_not_finite() -> None:
    """So that a training that overflows is seen to diverge, with either kernels."""
    for kernels in both():
        z = np.array([np.nan, np.inf, -np.inf, -0.0])[None, None]
        kernels.activate(z, np.zeros((1, 1, 4)))
        np.testing.assert_array_equal(z[0, 0], [np.nan, np.inf, 0, 0])
        delta = np.array([np.nan, np.inf, np.nan, 2.0])[None, None]
        kernels.backward(delta, np.array([1.0, 1.0, 0.0, 0.0])[None, None])
        np.testing.assert_array_equal(delta[0, 0], [np.nan, np.inf, np.nan, 0])


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
    for kernels in both():
        delta = z.copy(order="K")
        kernels.errors(objective, delta, targets)
        results.append(delta)
    assert np.abs(results[0]).max() > 1e-3
    np.testing.assert_allclose(results[1], results[0], rtol=0, atol=6 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("scale", "add"), [(1.0, False), (-0.1, True), (1.0, True)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("batch", [1, 6])
def test_sums_and_products(batch: int, order: str, scale: float, add: bool, dtype: str) -> None:
    """Against NumPy in float64; without adding it does not matter what was there before."""
    inputs = random(dtype, 3, batch, 8)
    delta = random(dtype, 3, batch, 10) if order == "C" else random(dtype, 3, 10, batch).swapaxes(1, 2)
    bias, weights = random(dtype, 3, 1, 10), random(dtype, 3, 8, 10)
    kept = add * bias.astype(float), add * weights.astype(float)
    if not add:
        bias[:], weights[:] = np.nan, np.inf
    for kernels, common in itertools.product(both(), (False, True)):
        own = inputs[:1] if common else inputs
        sums, products = bias.copy(), weights.copy()
        kernels.add_sums(delta, sums, scale, add)
        kernels.add_products(own[0] if common else own, delta, products, scale, add)
        expected = kept[0] + scale * delta.astype(float).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(sums, expected, rtol=1e-5, atol=10 * TOLERANCE[dtype])
        expected = kept[1] + scale * own.astype(float).swapaxes(1, 2) @ delta.astype(float)
        np.testing.assert_allclose(products, expected, rtol=1e-5, atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_gradient(activation: str, dtype: str) -> None:
    """Of all layers at once, within 1e-6 of its size in float32."""
    rng = np.random.default_rng(1)
    architecture = Architecture((9, 8, 7, 4), activation)
    parameters = rng.normal(size=(2, architecture.parameters)).astype(dtype)
    features, targets = rng.normal(size=(5, 9)).astype(dtype), np.eye(4, dtype=dtype)[[0, 1, 2, 3, 0]]
    gradients = []
    for kernels in Kernels:
        out = Network(architecture, np.full_like(parameters, np.nan))
        network = Network(architecture, parameters, kernels)
        network.gradient(features, targets, Objective("softmax", "cross_entropy"), out)
        gradients.append(out.parameters)
    size = np.abs(gradients[0]).max()
    np.testing.assert_allclose(gradients[1], gradients[0], rtol=0, atol=TOLERANCE[dtype] * size)


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
@pytest.mark.parametrize("batch_size", [1, 50])
@pytest.mark.parametrize("settings", OPTIMIZERS, ids=str)
def test_a_training(
    settings: dict[str, Any], batch_size: int, vary: list[str], small_mnist64: PreparedData
) -> None:
    """A hundred steps on real digits with either kernels; in float64, where rounding stays small."""
    one, other = trained(small_mnist64, batch_size=batch_size, vary=vary, **settings)
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
