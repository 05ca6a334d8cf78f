"""Products that BLAS adds in place, against NumPy in float64; and blocks whose seeds are interleaved."""

import numpy as np
import pytest
from tests.engines.problems import OPTIMIZER, Setup, data, initial, run, trained

from sweep.engines.numpy import products
from sweep.engines.numpy.engine import PIECE, NumpyEngine
from sweep.engines.numpy.network import Block, NumpyNetwork
from sweep.engines.numpy.products import add_product, add_products, add_sums
from sweep.nn import Array, backpropagation
from sweep.nn.architecture import Architecture, Parameters
from sweep.nn.objective import Objective
from sweep.nn.regularizers import NoPenalty

TOLERANCE = {"float32": 1e-5, "float64": 1e-13}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("batch", [1, 2, 7, 50])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("add", [False, True])
def test_add_product_in_place(dtype: str, batch: int, order: str, add: bool) -> None:
    """A product is added to a seed's weights in place, without touching their neighbours."""
    rng = np.random.default_rng(batch)
    inputs = rng.normal(size=(batch, 9)).astype(dtype)
    delta = np.asarray(rng.normal(size=(batch, 4)).astype(dtype), order=order)
    # Like a seed's weights in a block: rows of a larger array, at any offset.
    block = rng.normal(size=(3, 41)).astype(dtype)
    before = block.copy()
    out = block[1, 3:39].reshape(9, 4)
    expected = add * out.astype(float) - 0.3 * inputs.astype(float).T @ delta.astype(float)
    add_product(inputs, delta, out, scale=-0.3, add=add)
    np.testing.assert_allclose(out, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    block[1, 3:39] = before[1, 3:39]
    np.testing.assert_array_equal(block, before)


@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("batch", [1, 6])
def test_backward_accumulates(batch: int, shared: bool, bias: bool, interleaved: bool) -> None:
    """The gradient can be added to a velocity, or to the network itself, each layer in its turn."""
    rng = np.random.default_rng(0)
    architecture = Architecture((5, 4, 3, 2), "tanh", bias)
    parameters = rng.normal(size=(3, architecture.parameter_count))
    features = rng.normal(size=(batch, 5) if shared else (3, batch, 5))
    targets = np.eye(2)[rng.integers(0, 2, batch)]
    objective = Objective.named("softmax", "mse")
    block = Parameters(architecture, parameters)
    gradient = backpropagation.gradient(
        block, features, targets, objective=objective, regularizer=NoPenalty()
    ).flat

    def accumulate(scale: float, into: Block, block: Block) -> None:
        def accept(index: int, inputs: Array, delta: Array) -> None:
            add_products(inputs, delta, into.weights[index], scale=scale, add=True)
            if into.biases:
                add_sums(delta, into.biases[index], scale=scale, add=True)

        NumpyNetwork(block).backward(features, targets, objective=objective, accept=accept)

    velocity = rng.normal(size=parameters.shape)
    network, into = (
        Block.of(architecture, array, interleaved=interleaved) for array in (parameters, velocity)
    )
    accumulate(2.0, into, network)
    np.testing.assert_allclose(into.parameters, velocity + 2 * gradient, atol=1e-13)
    np.testing.assert_array_equal(network.parameters, parameters)
    accumulate(-0.1, network, network)
    np.testing.assert_allclose(network.parameters, parameters - 0.1 * gradient, atol=1e-13)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("units", [(5, 3), (5, 4, 2), (5, 4, 3, 2)], ids=str)
def test_block_interleaved(units: tuple[int, ...], bias: bool) -> None:
    """An interleaved block holds the weights and biases of each seed; `select` and `like` keep the layout."""
    architecture = Architecture(units, "relu", bias)
    parameters = np.random.default_rng(0).normal(size=(3, architecture.parameter_count))
    apart, interleaved = (
        Block.of(architecture, parameters, interleaved=interleaved) for interleaved in (False, True)
    )
    np.testing.assert_array_equal(apart.parameters, parameters)
    np.testing.assert_array_equal(interleaved.parameters, parameters)
    assert sorted(interleaved.flat) == sorted(parameters.reshape(-1))
    for views, reference in zip(interleaved.weights, apart.weights, strict=True):
        np.testing.assert_array_equal(views, reference)
    for views, reference in zip(interleaved.biases, apart.biases, strict=True):
        np.testing.assert_array_equal(views, reference)
    for block in (apart, interleaved):
        selected = block.select([2, 0])
        assert selected.interleaved is block.interleaved
        np.testing.assert_array_equal(selected.parameters, parameters[[2, 0]])
    doubled = interleaved.like(2 * interleaved.flat)
    np.testing.assert_array_equal(doubled.parameters, 2 * parameters)


@pytest.mark.parametrize("same_bits", [True, False])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_products_common_examples(same_bits: bool, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One wide product serves all seeds, or one product each if the wide one has other bits."""
    monkeypatch.setattr(products, "_same_outputs", lambda *shape: same_bits)
    monkeypatch.setattr(products, "_same_sums", lambda *shape, add: same_bits)
    rng = np.random.default_rng(1)
    inputs, weights = rng.normal(size=(7, 9)).astype(dtype), rng.normal(size=(9, 3, 4)).astype(dtype)
    outputs = np.full((7, 3, 4), np.nan, dtype).swapaxes(0, 1)
    products.multiply(inputs, weights.swapaxes(0, 1), outputs)
    expected = np.einsum("br,rsc->sbc", inputs, weights, dtype=float)
    np.testing.assert_allclose(outputs, expected, rtol=TOLERANCE[dtype], atol=10 * TOLERANCE[dtype])
    for scale, add in ((1.0, False), (-0.3, True), (1.0, True)):
        sums = weights.copy()
        products.add_products(inputs, outputs, sums.swapaxes(0, 1), scale=scale, add=add)
        gradient = np.einsum("br,sbc->rsc", inputs, outputs, dtype=float)
        np.testing.assert_allclose(
            sums, add * weights + scale * gradient, rtol=TOLERANCE[dtype], atol=100 * TOLERANCE[dtype]
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 37, PIECE - 1, PIECE + 1, 2 * PIECE + 4099])
def test_updates_in_pieces(count: int, dtype: str) -> None:
    """Updates in pieces skip no number, and keep the bits of each seed."""
    setup = Setup(NumpyEngine, 2, shared=True)
    (features, targets), batches = data(count, 1, dtype), setup.rows(4, 2)
    features /= count  # the output of so many weights stays small
    for optimizer in OPTIMIZER.values():
        problem = setup.problem(
            (count, 1), objective=Objective.named("identity", "mse"), optimizer=optimizer, bias=False
        )
        parameters = initial(problem, 2, dtype)
        together = run(NumpyEngine(problem, parameters), features, targets, batches, 0.05)
        alone = run(NumpyEngine(problem, parameters[1:]), features, targets, batches, 0.05)
        np.testing.assert_array_equal(together[1], alone[0])
        doubled = parameters.astype(float), features.astype(float), targets.astype(float)
        expected = trained(problem, *doubled, batches, 0.05)
        np.testing.assert_allclose(together, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
