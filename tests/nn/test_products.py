"""Products that BLAS adds in place, against NumPy in float64."""

import numpy as np
import pytest
from sweep.nn.network import Architecture, Network
from sweep.nn.products import add_product

from sweep.nn import products
from sweep.nn.losses import Objective

TOLERANCE = {"float32": 1e-5, "float64": 1e-13}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("batch", [1, 2, 7, 50])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("add", [False, True])
def test_a_product_is_added_in_place(dtype: str, batch: int, order: str, add: bool) -> None:
    rng = np.random.default_rng(batch)
    inputs = rng.normal(size=(batch, 9)).astype(dtype)
    delta = np.asarray(rng.normal(size=(batch, 4)).astype(dtype), order=order)
    # As a seed's weights lie in a block: rows of a larger array, at any offset.
    block = rng.normal(size=(3, 41)).astype(dtype)
    before = block.copy()
    out = block[1, 3:39].reshape(9, 4)
    expected = add * out.astype(float) - 0.3 * inputs.astype(float).T @ delta.astype(float)
    add_product(inputs, delta, out, -0.3, add)
    np.testing.assert_allclose(out, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    block[1, 3:39] = before[1, 3:39]
    np.testing.assert_array_equal(block, before)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("batch", [1, 6])
def test_accumulating_is_adding_the_gradient(bias: bool, shared: bool, batch: int) -> None:
    """Also into the network itself, whose weights are needed until each layer's turn."""
    rng = np.random.default_rng(0)
    architecture = Architecture((5, 4, 3, 2), "tanh", bias)
    parameters = rng.normal(size=(3, architecture.parameters))
    features = rng.normal(size=(batch, 5) if shared else (3, batch, 5))
    targets = np.eye(2)[rng.integers(0, 2, batch)]
    objective = Objective("softmax", "mse")
    gradient = Network(architecture, np.zeros_like(parameters))
    Network(architecture, parameters).gradient(features, targets, objective, gradient)

    velocity = rng.normal(size=parameters.shape)
    into = Network(architecture, velocity.copy())
    Network(architecture, parameters).accumulate(features, targets, objective, 2.0, into)
    np.testing.assert_allclose(into.parameters, velocity + 2 * gradient.parameters, atol=1e-13)

    itself = Network(architecture, parameters.copy())
    itself.accumulate(features, targets, objective, -0.1, itself)
    np.testing.assert_allclose(itself.parameters, parameters - 0.1 * gradient.parameters, atol=1e-13)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("units", [(5, 3), (5, 4, 2), (5, 4, 3, 2)], ids=str)
def test_an_interleaved_network_holds_the_same_numbers(units: tuple[int, ...], bias: bool) -> None:
    """Each seed's weights and biases, whatever the order in memory; and what is kept of it."""
    architecture = Architecture(units, "relu", bias)
    parameters = np.random.default_rng(0).normal(size=(3, architecture.parameters))
    apart, interleaved = Network(architecture, parameters), Network(architecture, parameters).interleave()
    np.testing.assert_array_equal(interleaved.parameters, parameters)
    assert sorted(interleaved.flat) == sorted(parameters.reshape(-1))
    for own, given in zip(interleaved.weights, apart.weights, strict=True):
        np.testing.assert_array_equal(own, given)
    for own, given in zip(interleaved.biases, apart.biases, strict=True):
        np.testing.assert_array_equal(own, given)
    kept = interleaved.keep([2, 0])
    assert kept.interleaved
    np.testing.assert_array_equal(kept.parameters, parameters[[2, 0]])


@pytest.mark.parametrize("same_bits", [True, False])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_products_with_common_examples(same_bits: bool, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One wide product for all seeds, or, where that has other bits, one a seed."""
    monkeypatch.setattr(products, "_same_outputs", lambda *shape: same_bits)
    monkeypatch.setattr(products, "_same_sums", lambda *shape: same_bits)
    rng = np.random.default_rng(1)
    inputs, weights = rng.normal(size=(7, 9)).astype(dtype), rng.normal(size=(9, 3, 4)).astype(dtype)
    outputs = np.full((7, 3, 4), np.nan, dtype).swapaxes(0, 1)
    products.multiply(inputs, weights.swapaxes(0, 1), outputs)
    expected = np.einsum("br,rsc->sbc", inputs, weights, dtype=float)
    np.testing.assert_allclose(outputs, expected, rtol=TOLERANCE[dtype], atol=10 * TOLERANCE[dtype])
    for scale, add in ((1.0, False), (-0.3, True), (1.0, True)):
        sums = weights.copy()
        products.add_products(inputs, outputs, sums.swapaxes(0, 1), scale, add)
        gradient = np.einsum("br,sbc->rsc", inputs, outputs, dtype=float)
        np.testing.assert_allclose(
            sums, add * weights + scale * gradient, rtol=TOLERANCE[dtype], atol=100 * TOLERANCE[dtype]
        )
