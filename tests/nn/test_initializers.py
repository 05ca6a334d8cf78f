"""Initial weights against the distributions of the papers that define them."""

import numpy as np
import pytest
from scipy import stats

from sweep.nn.architecture import Architecture
from sweep.nn.initializers import INITIALIZERS, Initializer, Normal
from sweep.nn.parameters import Parameters

INPUTS, OUTPUTS, STD = 150, 400, 0.03


def uniform(bound: float) -> stats.rv_continuous:
    """The uniform distribution on +-bound."""
    return stats.uniform(-bound, 2 * bound)


DISTRIBUTION = {
    "he": lambda inputs, outputs: stats.norm(0, (2 / inputs) ** 0.5),
    "glorot": lambda inputs, outputs: uniform((6 / (inputs + outputs)) ** 0.5),
    "fan_in_uniform": lambda inputs, outputs: uniform(inputs**-0.5),
    "normal": lambda inputs, outputs: stats.norm(0, STD),
}


def initializer_named(name: str) -> Initializer:
    """The initializer of this name; a normal one with a standard deviation of its own."""
    return Normal(STD) if name == "normal" else INITIALIZERS[name]()


def test_every_initializer_is_tested() -> None:
    assert set(INITIALIZERS.builtin) == {*DISTRIBUTION, "zeros"}


@pytest.mark.parametrize("name", DISTRIBUTION)
def test_weights_follow_the_distribution(name: str) -> None:
    """Shape of the distribution (Kolmogorov-Smirnov), its mean, its deviation and its bounds."""
    weights = initializer_named(name).weights(INPUTS, OUTPUTS, np.random.default_rng(3))
    expected, count = DISTRIBUTION[name](INPUTS, OUTPUTS), INPUTS * OUTPUTS
    assert weights.shape == (INPUTS, OUTPUTS)
    assert stats.kstest(weights.ravel(), expected.cdf).pvalue > 0.01
    assert abs(weights.mean()) < 3 * expected.std() / count**0.5
    assert weights.std() == pytest.approx(expected.std(), rel=3 / (2 * count) ** 0.5)
    low, high = expected.support()
    assert low <= weights.min()
    assert weights.max() <= high
    if np.isfinite(high):  # of so many uniform numbers, some lie near each end
        assert min(low - weights.min(), weights.max() - high) > -0.001 * high
    # Rows and columns are not repeated: no two of them are correlated.
    assert np.abs(np.corrcoef(weights) - np.eye(INPUTS)).max() < 6 / OUTPUTS**0.5
    assert np.abs(np.corrcoef(weights.T) - np.eye(OUTPUTS)).max() < 6 / INPUTS**0.5


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", DISTRIBUTION)
def test_each_layer_starts_by_its_own_size_and_biases_at_zero(name: str, bias: bool) -> None:
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


def test_zeros() -> None:
    architecture = Architecture((6, 4, 3), "relu")
    np.testing.assert_array_equal(
        architecture.initial_parameters(initializer_named("zeros"), np.random.default_rng(0)),
        np.zeros(6 * 4 + 4 + 4 * 3 + 3),
    )


@pytest.mark.parametrize("name", DISTRIBUTION)
def test_the_same_generator_gives_the_same_weights_and_another_one_others(name: str) -> None:
    architecture = Architecture((6, 4, 3), "relu")
    first, again, other = (
        architecture.initial_parameters(initializer_named(name), np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).sum() == 6 * 4 + 4 * 3
