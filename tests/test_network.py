"""`sweep.train`: one network, to ask."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sweep
from sweep.core.errors import SettingError
from sweep.store.load import load_networks

SETTINGS: dict[str, Any] = {
    "hidden": [12, 7],
    "activation": "tanh",
    "max_iterations": 40,
    "data": {"train_size": 2000, "validation_size": 500, "test_size": 300},
    "evaluation": {"every": 20},
}
README = Path(__file__).parents[1] / "reports" / "tutorial" / "README.md"


def test_it_says_what_its_weights_say() -> None:
    """Outputs and classes by NumPy from weights and biases; the accuracy is that of the curves."""
    trained = sweep.train(SETTINGS, seed=1)
    features, labels = trained.data.test.features, trained.data.test.labels
    sizes, start, activations = [784, 12, 7, 10], 0, features.astype(float)
    parameters = trained.result.parameters.astype(float)
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        weights = parameters[start : start + inputs * outputs].reshape(inputs, outputs)
        np.testing.assert_array_equal(trained.weights[layer], weights)
        start += inputs * outputs
        activations = activations @ weights + parameters[start : start + outputs]
        start += outputs
        activations = np.tanh(activations) if layer < 2 else activations
    expected = np.exp(activations) / np.exp(activations).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(trained.outputs(features), expected, atol=1e-5)
    predicted = trained.predict(features)
    np.testing.assert_array_equal(predicted, expected.argmax(axis=1))
    assert list(trained.curves["iteration"]) == [20, 40]
    assert trained.curves["test_accuracy"].iloc[-1] == pytest.approx((predicted == labels).mean())


def test_it_is_the_seed_of_a_sweep(tmp_path: Path) -> None:
    """The same bits as when `run` trains it with others."""
    sweep.run({**SETTINGS, "seeds": 3, "results": str(tmp_path)})
    stored = sweep.load(tmp_path).set_index("seed")["weights_sha256"]
    assert sweep.train(SETTINGS, seed=2).result.weights_sha256 == stored[2]


@pytest.mark.part(2)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hidden": [300, 100], "vary": ["init"], "batch_size": "all"},
        {"optimizer": "adam", "learning_rate": 0.01, "regularization": "l2", "schedule": "inverse_epoch"},
        {"data": {"name": "spiral", "validation_size": 20}, "depth": 0},
        {"data": {"test_size": 100, "test_subset": "last"}, "parallel.kernels": "numpy"},
    ],
    ids=str,
)
def test_a_row_of_load_is_trained_again(settings: dict[str, Any], tmp_path: Path) -> None:
    small = {"data.train_size": 300, "data.test_size": 100, "max_iterations": 5, "evaluation.every": 5}
    common = {"results": str(tmp_path), "parallel.n_jobs": 1}
    sweep.run({**small, "seeds": 2, **settings, **common})
    sweep.run({**small, "seeds": 1, "hidden": [7, 5], "early_stopping.patience": 2, **common})
    for _, row in sweep.load(tmp_path).iterrows():
        again = sweep.train(row)
        assert again.result.seed == row["seed"]
        assert again.result.weights_sha256 == row["weights_sha256"]
        assert again.result.metrics["test_accuracy"] == row["test_accuracy"]


def test_a_row_whose_bits_differ_warns(tmp_path: Path) -> None:
    sweep.run({**SETTINGS, "seeds": 1, "results": str(tmp_path)})
    (row,) = sweep.load(tmp_path).to_dict("records")
    with pytest.warns(RuntimeWarning, match="seed 0: the weights differ from the record's in some bits"):
        sweep.train({**row, "weights_sha256": "0" * 64})


def test_weights_are_stored_where_they_are_asked_for(tmp_path: Path) -> None:
    """A network of more than a thousand weights, trained without them before."""
    sweep.run({**SETTINGS, "seeds": 1, "results": str(tmp_path)})
    assert load_networks(tmp_path)["weights"].isna().all()
    sweep.run({**SETTINGS, "seeds": 1, "weights": True, "results": str(tmp_path)})
    (weights,) = load_networks(tmp_path)["weights"]
    np.testing.assert_array_equal(
        np.array(weights, np.float32), sweep.train(SETTINGS, seed=0).result.parameters
    )


def test_it_shows_itself_in_one_line() -> None:
    trained = sweep.train(SETTINGS, seed=1)
    accuracy = 100 * trained.curves["test_accuracy"].iloc[-1]
    assert repr(trained) == f"<784-12-7-10, tanh, seed 1: completed, test accuracy {accuracy:.2f} %>"


def test_a_diverged_network_warns() -> None:
    with pytest.warns(RuntimeWarning, match="seed 2 diverged"):
        trained = sweep.train({**SETTINGS, "activation": "relu", "learning_rate": 1e6}, seed=2)
    assert "diverged" in repr(trained)


@pytest.mark.parametrize("shape", [(784,), (28, 28), (3, 28, 28)])
def test_features_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match=r"features: must be \(examples, 784\), .* not \("):
        sweep.train({**SETTINGS, "max_iterations": 1}).predict(np.zeros(shape, np.float32))


def test_settings_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(SettingError, match="must be a mapping of settings"):
        sweep.run(["hidden=16"])  # type: ignore[arg-type]


def test_more_than_one_cell_is_refused() -> None:
    with pytest.raises(SettingError, match="grid: must be a single cell to train one network, not 2"):
        sweep.train({"grid": {"product": {"hidden": [2, 3]}}})


@pytest.mark.parametrize("seed", [-1, 0.5, True])
def test_a_seed_that_is_none_is_refused(seed: Any) -> None:
    with pytest.raises(SettingError, match=f"seed={seed}: must be a whole number of at least 0"):
        sweep.train(SETTINGS, seed=seed)


def test_the_lines_for_the_tutorials_readers_run() -> None:
    """Those of its README, with fewer iterations."""
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert '"epochs": 2' in code
    short = code.replace('"epochs": 2', '"max_iterations": 30').replace("10000", "15")
    names: dict[str, Any] = {}
    exec(short, names)
    network = names["network"]
    assert list(network.curves["iteration"]) == [0, 15, 30]
    assert network.config.hidden_units == (256,)
    assert len(names["digits"]) == 6000
