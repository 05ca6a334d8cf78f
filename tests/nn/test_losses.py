"""Output functions and losses against scipy.special, scikit-learn and hand arithmetic."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special
from sklearn import metrics

from sweep.nn.losses import LOSSES
from sweep.nn.objective import Objective
from sweep.nn.outputs import OUTPUTS

Array = NDArray[Any]

SEEDS, BATCH, CLASSES = 3, 7, 4
PAIRINGS = [(output, loss) for loss in LOSSES.builtin for output in LOSSES[loss].goes_with()]
EXTREME = np.array([[[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]]])  # (seeds, batch, outputs)
ONE_HOT = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])  # the first example right, the second wrong

EXPECTED_OUTPUT = {
    "softmax": lambda z: special.softmax(z, axis=-1),
    "sigmoid": special.expit,
    "identity": lambda z: z,
}


def problem() -> tuple[Array, Array]:
    """Pre-activations (seeds, batch, classes) and one-hot targets (batch, classes)."""
    rng = np.random.default_rng(1)
    return 3 * rng.normal(size=(SEEDS, BATCH, CLASSES)), np.eye(CLASSES)[rng.integers(0, CLASSES, BATCH)]


def test_pairings_are_those_of_the_textbook() -> None:
    """Cross-entropies go with the output that makes a probability; squared errors with all."""
    assert set(PAIRINGS) == {
        ("softmax", "cross_entropy"),
        ("sigmoid", "binary_cross_entropy"),
        *((output, loss) for output in ("softmax", "sigmoid", "identity") for loss in ("mse", "rmse")),
    }


def test_every_output_is_tested() -> None:
    assert set(OUTPUTS.builtin) == set(EXPECTED_OUTPUT)


@pytest.mark.parametrize("output", EXPECTED_OUTPUT)
def test_outputs(output: str) -> None:
    z, _ = problem()
    a = z.copy()
    OUTPUTS[output].apply(a)
    np.testing.assert_allclose(a, EXPECTED_OUTPUT[output](z), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("output", "loss"), PAIRINGS)
def test_loss_of_each_example_and_of_the_set(output: str, loss: str) -> None:
    """Values by scipy and scikit-learn; the pre-activations are left as they are."""
    z, y = problem()
    given = z.copy()
    objective = Objective.named(output, loss)
    examples, a = objective.examples(given, y), objective.outputs(given)
    np.testing.assert_array_equal(given, z)
    np.testing.assert_allclose(a, EXPECTED_OUTPUT[output](z), rtol=1e-12, atol=1e-15)
    for seed in range(SEEDS):
        if loss == "cross_entropy":
            expected = -special.log_softmax(z[seed], axis=-1)[y == 1]
            whole = metrics.log_loss(y, special.softmax(z[seed], axis=-1))
        elif loss == "binary_cross_entropy":
            p = special.expit(z[seed])
            expected = -(special.xlogy(y, p) + special.xlog1py(1 - y, -p)).sum(axis=-1)
            whole = sum(metrics.log_loss(y[:, k], p[:, k], labels=[0, 1]) for k in range(CLASSES))
        else:
            prediction = EXPECTED_OUTPUT[output](z[seed])
            expected = [metrics.mean_squared_error(*pair) for pair in zip(y, prediction, strict=True)]
            score = metrics.mean_squared_error if loss == "mse" else metrics.root_mean_squared_error
            whole = score(y.ravel(), prediction.ravel())
        np.testing.assert_allclose(examples[seed], expected, rtol=1e-10)
        assert objective.loss.total(float(examples[seed].mean())) == pytest.approx(whole, rel=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("output", "loss", "values", "gradient"),
    [
        # log sum exp(z) - z_y, and softmax - y
        ("softmax", "cross_entropy", [0, 2e4], [[0, 0, 0], [-1, 1, 0]]),
        # sum softplus(z) - y z, and sigmoid - y; the third output has z = 0, y = 0
        ("sigmoid", "binary_cross_entropy", [np.log(2), 2e4 + np.log(2)], [[0, 0, 0.5], [-1, 1, 0.5]]),
        # Saturated outputs do not move any more; sigmoid(0) = 1/2 does: 2/3 * 1/2 * 1/4.
        ("softmax", "mse", [0, 2 / 3], [[0, 0, 0], [0, 0, 0]]),
        ("sigmoid", "mse", [0.25 / 3, 2.25 / 3], [[0, 0, 1 / 12], [0, 0, 1 / 12]]),
        ("identity", "mse", [(9999**2 + 1e8) / 3, (10001**2 + 1e8) / 3], None),
    ],
)
def test_extreme_pre_activations(
    output: str, loss: str, values: list[float], gradient: list[list[float]] | None, dtype: str
) -> None:
    """At +-10000 every loss has its right, finite value, and every gradient too."""
    objective = Objective.named(output, loss)
    z, y = EXTREME.astype(dtype), ONE_HOT.astype(dtype)
    np.testing.assert_allclose(objective.examples(z, y), [values], rtol=1e-6)
    delta = z.copy()
    objective.delta(delta, y)
    assert delta.dtype == dtype
    if gradient is None:
        gradient = (2 / 3 * (EXTREME[0] - ONE_HOT)).tolist()
    np.testing.assert_allclose(delta, np.array([gradient]) / 2, rtol=1e-6, atol=1e-24)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_rmse_at_extreme_pre_activations(output: str, dtype: str) -> None:
    """d sqrt(m)/dz = (dm/dz) / (2 sqrt(m)), m the mean squared error of the batch."""
    z, y = EXTREME.astype(dtype), ONE_HOT.astype(dtype)
    mean, root = z.copy(), z.copy()
    Objective.named(output, "mse").delta(mean, y)
    Objective.named(output, "rmse").delta(root, y)
    mean_error = np.square(EXPECTED_OUTPUT[output](EXTREME) - ONE_HOT).mean()
    np.testing.assert_allclose(root, mean / (2 * np.sqrt(mean_error)), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rmse_without_error_has_gradient_zero(dtype: str) -> None:
    """The root has no derivative at 0; a seed with no error stands still, another one moves on."""
    y = np.eye(CLASSES, dtype=dtype)
    z = np.stack([y, y + 1])
    Objective.named("identity", "rmse").delta(z, y)
    np.testing.assert_array_equal(z[0], 0)
    np.testing.assert_allclose(z[1], 1 / y.size, rtol=1e-6)


@pytest.mark.parametrize(("output", "loss"), [pair for pair in PAIRINGS if LOSSES[pair[1]].additive])
def test_sum_is_the_batch_size_times_the_mean(output: str, loss: str) -> None:
    z, y = problem()
    mean, total = z.copy(), z.copy()
    Objective.named(output, loss, "mean").delta(mean, y)
    Objective.named(output, loss, "sum").delta(total, y)
    np.testing.assert_allclose(total, BATCH * mean, rtol=1e-12, atol=0)
    assert np.abs(mean).max() > 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_that_is_sure_of_itself_has_no_denormal_errors(dtype: str) -> None:
    """On denormal numbers, or products that are, a processor is a hundred times slower."""
    apart = np.geomspace(1, 5000, 200).astype(dtype)  # how far the largest pre-activation is ahead
    z = np.stack([apart, np.zeros_like(apart), -apart], axis=-1)[None]
    targets = np.tile(np.eye(3, dtype=dtype), (len(apart), 1))[: len(apart)]
    exact = np.exp((z - z.max(axis=-1, keepdims=True)).astype(np.longdouble))
    expected = (exact / exact.sum(axis=-1, keepdims=True) - targets) / len(apart)
    Objective.named("softmax", "cross_entropy").delta(z, targets)
    assert not ((z != 0) & (np.abs(1e-3 * z) < np.finfo(dtype).tiny)).any()
    tolerance = {"float32": 1e-6, "float64": 1e-14}[dtype]
    np.testing.assert_allclose(z, expected, rtol=tolerance, atol=np.finfo(dtype).eps / 100)
