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
    """Draw pre-activations (seeds, batch, classes) and one-hot targets (batch, classes)."""
    rng = np.random.default_rng(1)
    return 3 * rng.normal(size=(SEEDS, BATCH, CLASSES)), np.eye(CLASSES)[rng.integers(0, CLASSES, BATCH)]


def test_losses_pairings() -> None:
    """Cross-entropies go with the output that gives a probability, squared errors with every output."""
    assert set(PAIRINGS) == {
        ("softmax", "cross_entropy"),
        ("sigmoid", "binary_cross_entropy"),
        *((output, loss) for output in ("softmax", "sigmoid", "identity") for loss in ("mse", "rmse")),
    }


def test_outputs_all_covered() -> None:
    """Every output function of the package has expected values here."""
    assert set(OUTPUTS.builtin) == set(EXPECTED_OUTPUT)


@pytest.mark.parametrize("output", EXPECTED_OUTPUT)
def test_outputs_values(output: str) -> None:
    """Outputs are those of SciPy."""
    z, _ = problem()
    a = z.copy()
    OUTPUTS[output].apply(a)
    np.testing.assert_allclose(a, EXPECTED_OUTPUT[output](z), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("output", "loss"), PAIRINGS)
def test_losses_values(output: str, loss: str) -> None:
    """Losses of examples and of sets are those of SciPy and scikit-learn; pre-activations do not change."""
    z, y = problem()
    unchanged = z.copy()
    objective = Objective.named(output, loss)
    examples, a = objective.examples(unchanged, y), objective.outputs(unchanged)
    np.testing.assert_array_equal(unchanged, z)
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
def test_losses_extreme_pre_activations(
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
def test_rmse_extreme_pre_activations(output: str, dtype: str) -> None:
    """d sqrt(m)/dz = (dm/dz) / (2 sqrt(m)), m being the mean squared error of the batch."""
    z, y = EXTREME.astype(dtype), ONE_HOT.astype(dtype)
    mean, root = z.copy(), z.copy()
    Objective.named(output, "mse").delta(mean, y)
    Objective.named(output, "rmse").delta(root, y)
    mean_error = np.square(EXPECTED_OUTPUT[output](EXTREME) - ONE_HOT).mean()
    np.testing.assert_allclose(root, mean / (2 * np.sqrt(mean_error)), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rmse_zero_error(dtype: str) -> None:
    """The root has no derivative at 0: a seed without error stands still, while another one moves on."""
    y = np.eye(CLASSES, dtype=dtype)
    z = np.stack([y, y + 1])
    Objective.named("identity", "rmse").delta(z, y)
    np.testing.assert_array_equal(z[0], 0)
    np.testing.assert_allclose(z[1], 1 / y.size, rtol=1e-6)


@pytest.mark.parametrize(("output", "loss"), [pair for pair in PAIRINGS if LOSSES[pair[1]].additive])
def test_reduction_sum(output: str, loss: str) -> None:
    """The gradient of the sum is the batch size times that of the mean."""
    z, y = problem()
    mean, total = z.copy(), z.copy()
    Objective.named(output, loss, "mean").delta(mean, y)
    Objective.named(output, loss, "sum").delta(total, y)
    np.testing.assert_allclose(total, BATCH * mean, rtol=1e-12, atol=0)
    assert np.abs(mean).max() > 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_confident_network(dtype: str) -> None:
    """A confident network has no denormal errors, on which a processor is a hundred times slower."""
    apart = np.geomspace(1, 5000, 200).astype(dtype)  # the lead of the largest pre-activation
    z = np.stack([apart, np.zeros_like(apart), -apart], axis=-1)[None]
    targets = np.tile(np.eye(3, dtype=dtype), (len(apart), 1))[: len(apart)]
    exact = np.exp((z - z.max(axis=-1, keepdims=True)).astype(np.longdouble))
    expected = (exact / exact.sum(axis=-1, keepdims=True) - targets) / len(apart)
    Objective.named("softmax", "cross_entropy").delta(z, targets)
    assert not ((z != 0) & (np.abs(1e-3 * z) < np.finfo(dtype).tiny)).any()
    tolerance = {"float32": 1e-6, "float64": 1e-14}[dtype]
    np.testing.assert_allclose(z, expected, rtol=tolerance, atol=np.finfo(dtype).eps / 100)
