"""Packed matrices hold the numbers of plain ones, and their products agree with NumPy in float64."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sweep.engines.compiled import gemm, packing
from sweep.engines.compiled.formulas import CONSTANTS, Penalty, Rule
from sweep.engines.compiled.microkernel import SHORT, VECTOR_BYTES
from sweep.engines.compiled.mini_batch import PackedNetwork
from sweep.engines.compiled.packing import PackedBlock
from sweep.nn.architecture import Architecture

Array = NDArray[Any]

TOLERANCE = {"float32": 1e-6, "float64": 1e-14}
# Fewer units than lanes, exactly as many, one more, and several packs; deep and without hidden layers.
UNITS = [(9, 8, 7, 4), (16, 32, 16), (5, 17, 33, 3), (20, 2), (2, 70, 1)]


def random(dtype: str, *shape: int) -> Array:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def packed(matrices: Array, rows: int) -> Array:
    """Return matrices (seeds, rows, columns) in packs with room for `rows` rows."""
    seeds, _, columns = matrices.shape
    room = packing.zeros(seeds, rows, columns=columns, dtype=matrices.dtype)
    packing.fill(room, matrices)
    return room


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("batch", [1, 7, 50, 300])
@pytest.mark.parametrize("rows", [1, 9, 200, 300])
def test_packed_products(rows: int, batch: int, shared: bool, dtype: str) -> None:
    """Products are right with one pack of columns, an odd number of packs, and an even one."""
    for columns in (3, 33, 64):
        inputs = random(dtype, 1 if shared else 3, batch, rows)
        weights, delta = random(dtype, 3, rows, columns), random(dtype, 3, batch, columns)
        packs, packed_weights = packed(inputs, batch + SHORT), packed(weights, rows)
        packed_delta = packed(delta, batch + SHORT)
        exact_inputs, exact_delta = inputs.astype(float), delta.astype(float)
        size = TOLERANCE[dtype] * max(batch, rows)

        plain = ((inputs[None], False),) if shared else ()  # row-major, as in an evaluation
        for left, in_packs in ((packs, True), *plain):
            out = packed(np.full_like(delta, np.nan), batch + SHORT)
            gemm.multiply(packing.read_only(left), in_packs, packed_weights, out)
            product = packing.matrix(out, columns)[:, :batch]
            np.testing.assert_allclose(product, exact_inputs @ weights.astype(float), rtol=0, atol=size)

        expected = exact_inputs.swapaxes(1, 2) @ exact_delta
        unused = packed_weights, packed_weights, packed_weights, int(Rule.NONE), np.zeros(CONSTANTS, dtype)
        for scale, add in ((1.0, False), (-0.1, True)):
            sums = packed(weights if add else np.full_like(weights, np.nan), rows)
            factor = weights.dtype.type(scale)
            gemm.add_products(
                packing.read_only(packs), packed_delta, sums, factor, add, *unused, int(Penalty.NONE), factor
            )
            np.testing.assert_allclose(
                packing.matrix(sums, columns),
                add * weights.astype(float) + scale * expected,
                rtol=0,
                atol=size,
            )
            assert not sums.reshape(-1)[packed(np.ones_like(weights), rows).reshape(-1) == 0].any()
        np.testing.assert_array_equal(packing.matrix(packed_weights, columns), weights)

        bias = packed(weights[:, :1], 1)
        ones = np.ones(batch, dtype)
        gemm.add_sums(packed_delta, ones, bias, weights.dtype.type(-0.5), True)
        np.testing.assert_allclose(
            packing.matrix(bias, columns),
            weights[:, :1] - 0.5 * exact_delta.sum(axis=1, keepdims=True),
            rtol=0,
            atol=size,
        )
        transposed = packing.zeros(
            3, packed_weights.shape[1] * packing.lanes(dtype), columns=rows, dtype=dtype
        )
        gemm.transpose(packed_weights, transposed)
        np.testing.assert_array_equal(packing.matrix(transposed, rows)[:, :columns], weights.swapaxes(1, 2))


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_packs_round_trip(dtype: str) -> None:
    """Matrices come back unchanged from aligned packs that are zero beyond the columns."""
    for columns in (1, packing.lanes(dtype), packing.lanes(dtype) + 1):
        matrices = random(dtype, 2, 5, columns)
        packs = packed(matrices, 7)
        assert packs.shape == (2, -(-columns // packing.lanes(dtype)), 7, packing.lanes(dtype))
        assert packs.ctypes.data % VECTOR_BYTES == 0
        np.testing.assert_array_equal(packing.matrix(packs, columns)[:, :5], matrices)
        assert np.count_nonzero(packs) == matrices.size


@pytest.mark.parametrize("units", UNITS, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_packed_block(bias: bool, units: tuple[int, ...]) -> None:
    """A packed block holds the same parameters, and nothing else but zeros."""
    architecture = Architecture(units, "relu", bias)
    parameters = random("float32", 3, architecture.parameter_count)
    block = PackedBlock.of(architecture, parameters)
    np.testing.assert_array_equal(block.parameters, parameters)
    assert np.count_nonzero(block.flat) == parameters.size
    np.testing.assert_array_equal(block.select([2, 0]).parameters, parameters[[2, 0]])
    assert not block.zeros().flat.any()
    assert len(block.biases) == (len(units) - 1 if bias else 0)


def test_gather() -> None:
    """Rows in any order, some of them twice, are gathered from read-only data."""
    features = random("float32", 30, 21)
    features.flags.writeable = False
    network = PackedNetwork(PackedBlock.of(Architecture((21, 3), "relu"), np.zeros((2, 66), np.float32)))
    for rows in (np.array([4, 29, 0, 4]), np.array([[1, 1, 2], [29, 0, 3]])):
        packs = packing.matrix(network.gather(features, rows), 21)
        np.testing.assert_array_equal(packs[:, : rows.shape[-1]], features[np.atleast_2d(rows)])


def test_packed_relu_not_finite() -> None:
    """ReLU passes on numbers that are not finite, so that an overflowing training is seen to diverge."""
    activations, delta, outputs = packing.zeros(3, 1, 1 + SHORT, columns=4, dtype="float64")
    packing.fill(activations, np.array([[[np.nan, np.inf, -np.inf, -0.0]]]))
    packing.fill(delta, np.array([[[np.nan, np.inf, np.nan, 2.0]]]))
    packing.fill(outputs, np.array([[[1.0, 1.0, 0.0, 0.0]]]))
    packing.bias_relu(activations, np.zeros_like(activations[:, :, :1]))
    packing.relu_backward(delta, outputs)
    np.testing.assert_array_equal(packing.matrix(activations, 4)[0, 0], [np.nan, np.inf, 0, 0])
    np.testing.assert_array_equal(packing.matrix(delta, 4)[0, 0], [np.nan, np.inf, np.nan, 0])


def test_packed_relu() -> None:
    """ReLU is max(z + bias, 0), and errors pass if that is above 0, for two seeds with two packs."""
    width = packing.lanes("float64")
    z, bias = random("float64", 2, 5, width + 3), random("float64", 2, 1, width + 3)
    packs = packed(z, 5 + SHORT)
    packing.bias_relu(packs, packed(bias, 1))
    outputs = np.maximum(z + bias, 0)
    np.testing.assert_array_equal(packing.matrix(packs, width + 3)[:, :5], outputs)
    errors = random("float64", 2, 5, width + 3)[::-1]
    delta = packed(errors, 5 + SHORT)
    packing.relu_backward(delta, packs)
    np.testing.assert_array_equal(packing.matrix(delta, width + 3)[:, :5], errors * (outputs > 0))


def test_take_out_and_put_in() -> None:
    """Outputs leave packs as (seeds, columns, rows) with a bias added, and go back."""
    width = packing.lanes("float64")
    z, bias = random("float64", 2, 5, width + 3), random("float64", 2, 1, width + 3)
    out = np.full((2, width + 3, 5), np.nan)
    packing.take_out(packed(z, 5 + SHORT), packed(bias, 1), out)
    np.testing.assert_array_equal(out, (z + bias).swapaxes(1, 2))
    again = packed(np.zeros_like(z), 5 + SHORT)
    packing.put_in(out, again)
    np.testing.assert_array_equal(packing.matrix(again, width + 3)[:, :5], z + bias)
