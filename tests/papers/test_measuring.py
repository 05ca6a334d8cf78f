"""Measurements that need no training, and their tables."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

import sweep
from sweep.papers import measuring, tables
from sweep.papers.collection import Collection
from sweep.report import latex, markdown

WEIGHTS = [
    {"label": "input", "layer": 1, "input": 350, "unit": 2, "published": [1.0, 2.0, 3.0]},
    {"label": "hidden bias", "layer": 1, "unit": 1},
    {"label": "hidden", "layer": 2, "input": 2, "unit": 4},
    {"label": "output bias", "layer": 2, "unit": 4},
]


def test_gradient_check_matches_equations() -> None:
    """The gradients of single weights are those of the equations: softmax behind tanh, by hand."""
    settings = {
        "hidden": 3,
        "activation": "tanh",
        "initializer": "glorot",
        "precision": "float64",
        "learning_rate": 1e-300,  # the weights do not move
        "max_iterations": 1,
        "reduction": "sum",
        "data": {"normalization": "image", "validation_size": 12000},
    }
    start = sweep.train(settings)
    first, second = start.weights
    x, label = start.data.train.features[0], start.data.train.labels[0]
    hidden = np.tanh(x @ first)
    z = hidden @ second
    errors = np.exp(z) / np.exp(z).sum() - np.eye(10)[label]
    back = (second @ errors) * (1 - hidden**2)
    expected = [x[350] * back[2], back[1], hidden[2] * errors[4], errors[4]]

    rows = measuring.gradient_check("szeto/momentum", WEIGHTS, epsilon=1e-5, overrides={"hidden": 3})
    np.testing.assert_allclose(rows["backpropagation"], expected, rtol=1e-9)
    np.testing.assert_allclose(rows["central_difference"], expected, rtol=1e-5)
    assert list(rows["weight"]) == [weight["label"] for weight in WEIGHTS]
    assert rows["published_difference"].isna().tolist() == [False, True, True, True]


def test_central_difference_error_is_second_order() -> None:
    """Ten times the step gives a hundred times the difference."""
    fine, coarse = (
        measuring.gradient_check("szeto/momentum", WEIGHTS, epsilon=epsilon, overrides={"hidden": 3})
        for epsilon in (1e-3, 1e-2)
    )
    np.testing.assert_allclose(coarse["difference"] / fine["difference"], 100, rtol=0.05)
    np.testing.assert_allclose(coarse["shrinks"], coarse["difference"] / fine["difference"], rtol=1e-6)


def test_gradient_cost() -> None:
    """Networks, parameters and agreement are known; times are positive, and their ratio is theirs."""
    rows = measuring.gradient_cost("zhao/digits", [[1], [2, 3]])
    assert list(rows["network"]) == ["784-1-10", "784-2-3-10"]
    assert list(rows["parameters"]) == [785 + 20, 785 * 2 + 9 + 40]
    assert (rows["difference"] < 1e-6).all()
    assert (rows["backpropagation"] > 0).all()
    np.testing.assert_allclose(rows["times_as_long"], rows["central_differences"] / rows["backpropagation"])


def test_sample_statistics() -> None:
    """The mean of the 784 pixels of the first training digit is known: 27525 / 784."""
    rows = measuring.sample_statistics("szeto/momentum", 0, [1, 256], published=[0.1, 0.3])
    np.testing.assert_allclose(rows["mean"], [27525 / 784, 27525 / 784 / 256])
    image = load_image()
    np.testing.assert_allclose(rows["standard_deviation"], [image.std(), image.std() / 256])
    assert rows["published_mean"].tolist() == [0.1, 0.1]


def load_image() -> np.ndarray:
    """Load the first training digit from the bytes of the file."""
    file = Path(sweep.__file__).parent / "data" / "mnist" / "train-images-idx3-ubyte.gz"
    return np.frombuffer(gzip.decompress(file.read_bytes())[16 : 16 + 784], np.uint8).astype(float)


def test_confused_pairs_match_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs are counted both ways, as scikit-learn counts made-up predictions of two seeds."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 500)
    predictions = [np.where(rng.random(500) < 0.6, truth, rng.integers(0, 4, 500)) for _ in range(2)]
    matrices = [confusion_matrix(truth, predicted) for predicted in predictions]
    rows = pd.DataFrame({"status": ["completed"] * 2, "confusion": [m.ravel().tolist() for m in matrices]})
    rows = rows.assign(data_label="MNIST", class_names=[list("0123")] * 2)
    collection = Collection(Path("nowhere"))
    monkeypatch.setattr(Collection, "test_outcomes", lambda self, experiment, where: rows)
    trials = pd.DataFrame({"epochs_run": [3.0, 4.0]})
    monkeypatch.setattr(Collection, "trials", lambda self, experiment, where: trials)
    table = tables.confused_pairs_table(collection, "any", count=6)
    counts = {
        f"{a} and {b}": [int(m[a, b] + m[b, a]) for m in matrices] for a in range(4) for b in range(a + 1, 4)
    }
    assert set(table.numbers["pair"]) == set(counts)
    for row in table.numbers.to_dict("records"):
        expected = counts[row["pair"]]
        assert row["mean"] == np.mean(expected)
        assert row["std"] == pytest.approx(np.std(expected, ddof=1))
        tops = [expected[seed] == max(values[seed] for values in counts.values()) for seed in range(2)]
        assert row["seeds_on_top"] == sum(tops)
    assert table.numbers["mean"].is_monotonic_decreasing
    assert (table.numbers["epochs"] == 3.5).all()
    assert table.table.columns[-1].texts == ["3.5"] * 6


def test_measurement_becomes_a_table(tmp_path: Path) -> None:
    """Each column has its format, a missing number is a dash, and special characters are escaped."""
    folder = tmp_path / "mine" / "measurements"
    folder.mkdir(parents=True)
    pd.DataFrame({"name": ["a", "b"], "size": [1234, 5], "share": [0.5, None]}).to_csv(folder / "m.csv")
    result = tables.measurement_table(
        Collection(tmp_path / "mine" / "records.parquet"),
        "m",
        {"name": "s", "size": ",d", "share": ".1e"},
        headings=["name", "size_%", "share"],
        note="How to read it.",
    )
    columns = result.table.columns
    assert [column.texts for column in columns] == [["a", "b"], ["1,234", "5"], ["5.0e-01", "–"]]
    assert markdown.table(columns).splitlines()[0] == "| name | size\\_% | share |"
    assert r"name & size\_\% & share \\" in latex.table(columns, "A caption")
    assert result.table.caption == "How to read it."
