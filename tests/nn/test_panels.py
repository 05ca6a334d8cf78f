"""Networks in panels against NumPy's own, whose gradients `test_gradients` proves by finite differences."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sweep.nn.compiled import Rule
from sweep.nn.network import Architecture, Network
from sweep.nn.panel_network import PanelNetwork
from sweep.nn.tiles import SHORT, VECTOR_BYTES

from sweep.nn import panel_products, panels
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.losses import Objective

Array = NDArray[Any]

TOLERANCE = {"float32": 1e-6, "float64": 1e-14}
# Fewer units than lanes, exactly as many, one more, and several panels; deep and without hidden layers.
UNITS = [(9, 8, 7, 4), (16, 32, 16), (5, 17, 33, 3), (20, 2), (2, 70, 1)]
BATCHES = [1, 7, 50, 300]


def random(dtype: str, *shape: int) -> Array:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def in_panels(matrices: Array, rows: int) -> Array:
    """Matrices (seeds, rows, columns) in panels with room for so many rows."""
    *outer, columns = matrices.shape
    room = panels.zeros(outer[0], rows, columns=columns, dtype=matrices.dtype)
    panels.fill(room, matrices)
    return room


def objective(outputs: int) -> Objective:
    if outputs == 1:
        return Objective("sigmoid", "binary_cross_entropy")
    return Objective("softmax", "cross_entropy")


def gradient(network: Network, features: Array, targets: Array) -> Array:
    out = network.zeros()
    out.flat[:] = np.nan
    network.gradient(features, targets, objective(network.architecture.units[-1]), out)
    return out.parameters


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("rows", [1, 9, 200, 300])
def test_products(rows: int, batch: int, shared: bool, dtype: str) -> None:
    """Against NumPy in float64, with one panel of columns, an odd number of them and an even one."""
    for columns in (3, 33, 64):
        inputs = random(dtype, 1 if shared else 3, batch, rows)
        weights, delta = random(dtype, 3, rows, columns), random(dtype, 3, batch, columns)
        packed, packed_weights = in_panels(inputs, batch + SHORT), in_panels(weights, rows)
        packed_delta = in_panels(delta, batch + SHORT)
        exact_inputs, exact_delta = inputs.astype(float), delta.astype(float)
        size = TOLERANCE[dtype] * max(batch, rows)

        out = in_panels(np.full_like(delta, np.nan), batch + SHORT)
        panel_products.multiply(packed, packed_weights, out)
        np.testing.assert_allclose(
            panels.matrix(out, columns)[:, :batch], exact_inputs @ weights.astype(float), rtol=0, atol=size
        )
        expected = exact_inputs.swapaxes(1, 2) @ exact_delta
        for scale, add in ((1.0, False), (-0.1, True)):
            sums = in_panels(weights if add else np.full_like(weights, np.nan), rows)
            factor = weights.dtype.type(scale)
            unused = packed_weights, packed_weights, packed_weights, int(Rule.none), packed_weights[0, 0, 0]
            panel_products.add_products(packed, packed_delta, sums, factor, add, *unused)
            np.testing.assert_allclose(
                panels.matrix(sums, columns),
                add * weights.astype(float) + scale * expected,
                rtol=0,
                atol=size,
            )
            assert not sums.reshape(-1)[in_panels(np.ones_like(weights), rows).reshape(-1) == 0].any()

        bias = in_panels(weights[:, :1], 1)
        ones = np.ones(batch, dtype)
        panel_products.add_sums(packed_delta, ones, bias, weights.dtype.type(-0.5), True)
        np.testing.assert_allclose(
            panels.matrix(bias, columns),
            weights[:, :1] - 0.5 * exact_delta.sum(axis=1, keepdims=True),
            rtol=0,
            atol=size,
        )
        turned = panels.zeros(3, packed_weights.shape[1] * panels.lanes(dtype), columns=rows, dtype=dtype)
        panel_products.turn(packed_weights, turned)
        np.testing.assert_array_equal(panels.matrix(turned, rows)[:, :columns], weights.swapaxes(1, 2))


@pytest.mark.parametrize("units", UNITS, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_a_network_in_panels_holds_the_same_numbers(bias: bool, units: tuple[int, ...]) -> None:
    architecture = Architecture(units, "relu", bias)
    parameters = random("float32", 3, architecture.parameters)
    network = PanelNetwork(architecture, parameters)
    np.testing.assert_array_equal(network.parameters, parameters)
    assert np.count_nonzero(network.flat) == parameters.size
    np.testing.assert_array_equal(network.keep([2, 0]).parameters, parameters[[2, 0]])
    assert not network.zeros().flat.any()


@pytest.mark.parametrize("units", UNITS, ids=str)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shared", [True, False])
def test_outputs_and_gradients(shared: bool, activation: str, bias: bool, units: tuple[int, ...]) -> None:
    """Of all layers at once; in float64, where no rectifier is so near zero that rounding decides."""
    architecture = Architecture(units, activation, bias)
    parameters = 0.3 * random("float64", 3, architecture.parameters)
    rows, panel = Network(architecture, parameters), PanelNetwork(architecture, parameters)
    for batch in BATCHES:
        features = random("float64", *(() if shared else (3,)), batch, units[0])
        targets = np.eye(units[-1])[np.arange(batch) % units[-1]]
        np.testing.assert_allclose(
            panel.forward(features)[-1], rows.forward(features)[-1], rtol=0, atol=1e-13
        )
        in_rows = panel.forward(features)[-1].copy()
        np.testing.assert_array_equal(panel.forward(np.asfortranarray(features))[-1], in_rows)
        expected = gradient(rows, features, targets)
        np.testing.assert_allclose(
            gradient(panel, features, targets), expected, rtol=0, atol=1e-13 * np.abs(expected).max()
        )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("units", UNITS, ids=str)
def test_a_seed_has_the_same_bits_alone(units: tuple[int, ...], dtype: str) -> None:
    architecture = Architecture(units, "tanh")
    parameters = random(dtype, 5, architecture.parameters)
    for batch in BATCHES:
        features, own = random(dtype, batch, units[0]), random(dtype, 5, batch, units[0])
        targets = np.eye(units[-1], dtype=dtype)[np.arange(batch) % units[-1]]
        for examples in (features, own):
            together = gradient(PanelNetwork(architecture, parameters), examples, targets)
            for seed in (0, 3):
                network = PanelNetwork(architecture, parameters[seed : seed + 1])
                alone = gradient(network, examples if examples.ndim == 2 else examples[[seed]], targets)
                np.testing.assert_array_equal(alone[0], together[seed])


def test_gathering_a_mini_batch() -> None:
    """Rows in any order, some of them twice, from data that cannot be written to."""
    features = random("float32", 30, 21)
    features.flags.writeable = False
    network = PanelNetwork(Architecture((21, 3), "relu"), np.zeros((2, 66), np.float32))
    for rows in (np.array([4, 29, 0, 4]), np.array([[1, 1, 2], [29, 0, 3]])):
        packed = panels.matrix(network.gather(features, rows), 21)
        np.testing.assert_array_equal(packed[:, : rows.shape[-1]], features[np.atleast_2d(rows)])


NARROW_VECTORS = """
import numpy as np
from sweep.nn.compiled import Rule
from sweep.nn.losses import Objective
from sweep.nn.network import Architecture, Network
from sweep.nn.panel_network import PanelNetwork
from sweep.nn.tiles import VECTOR_BYTES

rng = np.random.default_rng(0)
architecture = Architecture((30, 21, 9, 4), "tanh")
parameters = rng.normal(size=(3, architecture.parameters))
features, targets = rng.normal(size=(3, 50, 30)), np.eye(4)[np.arange(50) % 4]
gradients = []
for network in (Network(architecture, parameters), PanelNetwork(architecture, parameters)):
    out = network.zeros()
    network.gradient(features, targets, Objective("softmax", "cross_entropy"), out)
    gradients.append(out.parameters)
print(VECTOR_BYTES, np.allclose(*gradients, rtol=0, atol=1e-13))
"""


@pytest.mark.skipif(VECTOR_BYTES != 64, reason="no processor of wider vectors")
def test_a_processor_with_narrower_vectors(tmp_path: Path) -> None:
    """Numba compiles for one without AVX-512 where it is told so."""
    narrow = {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma",
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    command = [sys.executable, "-c", NARROW_VECTORS]
    done = subprocess.run(command, env=os.environ | narrow, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["32", "True"]


def test_a_processor_that_numba_is_told_nothing_of(tmp_path: Path) -> None:
    """Without tiles a training is NumPy's; the optimizer is still compiled."""
    code = """
import sweep
from sweep.nn import panel_products
trained = sweep.train({"hidden": 8, "epochs": 1, "data.train_size": 500, "parallel.kernels": "numba"}, seed=0)
print(panel_products.AVAILABLE, trained.result.status)
"""
    generic = {"NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=os.environ | generic, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "completed"]
