"""Initial weights against the distributions of the papers that define them."""

import numpy as np
import pytest
from scipy import stats

from sweep.nn.architecture import Architecture, Parameters
from sweep.nn.initializers import INITIALIZERS, Initializer, Normal

INPUTS, OUTPUTS, STD = 150, 400, 0.03


def uniform(bound: float) -> stats.rv_continuous:
    """Return the uniform distribution on +-bound."""
    return stats.uniform(-bound, 2 * bound)


DISTRIBUTION = {
    "he": lambda inputs, outputs: stats.norm(0, (2 / inputs) ** 0.5),
    "glorot": lambda inputs, outputs: uniform((6 / (inputs + outputs)) ** 0.5),
    "fan_in_uniform": lambda inputs, outputs: uniform(inputs**-0.5),
    "normal": lambda inputs, outputs: stats.norm(0, STD),
}


def initializer_named(name: str) -> Initializer:
    """Return the initializer of this name; a normal one has the standard deviation STD."""
    return Normal(STD) if name == "normal" else INITIALIZERS[name]()


def test_initializers_all_covered() -> None:
    """Every initializer of the package has an expected distribution here."""
    assert set(INITIALIZERS.builtin) == {*DISTRIBUTION, "zeros"}


@pytest.mark.parametrize("name", DISTRIBUTION)
def test_initializers_distribution(name: str) -> None:
    """Weights follow the distribution: its shape (Kolmogorov-Smirnov), mean, deviation and bounds."""
    weights = initializer_named(name).weights(INPUTS, OUTPUTS, np.random.default_rng(3))
    expected, count = DISTRIBUTION[name](INPUTS, OUTPUTS), INPUTS * OUTPUTS
    assert weights.shape == (INPUTS, OUTPUTS)
    assert stats.kstest(weights.ravel(), expected.cdf).pvalue > 0.01
    assert abs(weights.mean()) < 3 * expected.std() / count**0.5
    assert weights.std() == pytest.approx(expected.std(), rel=3 / (2 * count) ** 0.5)
    low, high = expected.support()
    assert low <= weights.min()
    assert weights.max() <= high
    if np.isfinite(high):  # with this many uniform numbers, some are close to each end
        assert min(low - weights.min(), weights.max() - high) > -0.001 * high
    # Rows and columns are not repeated: no two of them are correlated.
    assert np.abs(np.corrcoef(weights) - np.eye(INPUTS)).max() < 6 / OUTPUTS**0.5
    assert np.abs(np.corrcoef(weights.T) - np.eye(OUTPUTS)).max() < 6 / INPUTS**0.5


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", DISTRIBUTION)
def test_initial_parameters_by_layer(name: str, bias: bool) -> None:
    """The weights of each layer depend on the size of that layer, and biases start at zero."""
    architecture = Architecture((300, 100, 40), "relu", bias)
    flat = architecture.initial_parameters(initializer_named(name), np.random.default_rng(5))
    parameters = Parameters(architecture, flat[None])
    weights, biases = parameters.weights, parameters.biases
    assert flat.shape == (300 * 100 + 100 * 40 + bias * (100 + 40),)
    for layer, (inputs, outputs) in zip(weights, [(300, 100), (100, 40)], strict=True):
        assert layer.shape == (1, inputs, outputs)
        assert stats.kstest(layer.ravel(), DISTRIBUTION[name](inputs, outputs).cdf).pvalue > 0.01
    assert [layer.shape for layer in biases] == ([(1, 1, 100), (1, 1, 40)] if bias else [])
    assert not any(layer.any() for layer in biases)


def test_initializers_zeros() -> None:
    """All weights and biases are zero."""
    architecture = Architecture((6, 4, 3), "relu")
    np.testing.assert_array_equal(
        architecture.initial_parameters(initializer_named("zeros"), np.random.default_rng(0)),
        np.zeros(6 * 4 + 4 + 4 * 3 + 3),
    )


@pytest.mark.parametrize("name", DISTRIBUTION)
def test_initializers_generator(name: str) -> None:
    """Equal generators give equal weights, and different generators different ones."""
    architecture = Architecture((6, 4, 3), "relu")
    first, again, other = (
        architecture.initial_parameters(initializer_named(name), np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).sum() == 6 * 4 + 4 * 3
