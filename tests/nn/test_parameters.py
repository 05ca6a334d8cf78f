"""The positions of the parameters of a network in a flat vector, counted by hand."""

import numpy as np

from sweep.nn.architecture import Architecture, Parameters


def test_parameters_order() -> None:
    """A network 2-3-1 has six weights by row, three biases, three weights, and one bias."""
    architecture = Architecture((2, 3, 1), "relu")
    flat = np.arange(26.0).reshape(2, 13)
    parameters = Parameters(architecture, flat)
    assert (architecture.layers, architecture.parameter_count) == (((2, 3), (3, 1)), 13)
    np.testing.assert_array_equal(parameters.weights[0][1], [[13, 14, 15], [16, 17, 18]])
    np.testing.assert_array_equal(parameters.biases[0][1], [[19, 20, 21]])
    np.testing.assert_array_equal(parameters.weights[1][0], [[9], [10], [11]])
    np.testing.assert_array_equal(parameters.biases[1][:, 0, 0], [12, 25])
    assert [part.shape for part in parameters.parts] == [(2, 2, 3), (2, 1, 3), (2, 3, 1), (2, 1, 1)]
    np.testing.assert_array_equal(np.concatenate([part[0].ravel() for part in parameters.parts]), flat[0])


def test_parameters_without_biases() -> None:
    """Without biases the flat vector holds weights alone."""
    architecture = Architecture((2, 3, 1), "relu", bias=False)
    parameters = Parameters(architecture, np.arange(9.0)[None])
    assert architecture.parameter_count == 9
    assert parameters.biases == []
    assert [part.shape for part in parameters.parts] == [(1, 2, 3), (1, 3, 1)]
    np.testing.assert_array_equal(parameters.weights[1][0], [[6], [7], [8]])


def test_parameters_views() -> None:
    """Writing to a view writes to the flat vector, but `zeros_like` has separate numbers."""
    flat = np.ones((2, 13), np.float32)
    parameters = Parameters(Architecture((2, 3, 1), "relu"), flat)
    zeros = parameters.zeros_like()
    zeros.biases[1][1] = 5
    parameters.weights[0][0, 1, 2] = 7
    assert (zeros.flat.dtype, zeros.flat.sum(), zeros.flat[1, 12]) == (np.float32, 5, 5)
    assert (flat.sum(), flat[0, 5]) == (25 + 7, 7)
