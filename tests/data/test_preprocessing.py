"""Split, normalisation, feature map and targets, against scikit-learn and hand arithmetic."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.preprocessing import LabelBinarizer, MinMaxScaler, StandardScaler, scale

from sweep.core.errors import SettingError
from sweep.data import datasets
from sweep.data.datasets import RawData
from sweep.data.preprocessing import PreparedData, prepare, sizes, split
from sweep.data.settings import DataConfig

DIGITS = DataConfig(train_size=5000, validation_size=700, test_size=4500)  # more than a piece of rows
EXAM = DataConfig(name="exam", classes=2, train_size=200, validation_size=30, test_size=50, features="raw")
SPIRAL = replace(EXAM, name="spiral")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def prepared(config: DataConfig, precision: str = "float64") -> tuple[RawData, PreparedData]:
    raw = datasets.load(config)
    return raw, prepare(raw, config, precision, rng=rng())


def rows(raw: RawData, data: PreparedData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Look up the raw features of the three parts by their indices, in float64."""
    sources = (raw.train_features, raw.train_features, raw.test_features)
    parts = (data.train, data.validation, data.test)
    train, validation, test = (
        source[part.indices].astype(np.float64) for source, part in zip(sources, parts, strict=True)
    )
    return train, validation, test


def test_split_sizes() -> None:
    """Parts are disjoint and have the requested sizes."""
    raw = datasets.load(DIGITS)
    train, validation, test = split(raw, DIGITS, rng())
    assert [len(part) for part in (train, validation, test)] == [5000, 700, 4500]
    assert len(set(train) | set(validation)) == 5700
    assert len(set(test)) == 4500
    assert min(train.min(), validation.min(), test.min()) >= 0
    assert max(train.max(), validation.max()) < 60_000
    assert test.max() < 10_000
    assert test.max() > 5000  # drawn from all of the file, not its beginning


def test_split_default() -> None:
    """By default training takes all that validation leaves, and the test file stays whole."""
    config = DataConfig()
    raw = datasets.load(config)
    train, validation, test = split(raw, config, rng())
    assert len(train) == 55_000
    assert len(validation) == 5000
    assert np.array_equal(np.sort(np.concatenate([train, validation])), np.arange(60_000))
    assert np.array_equal(test, np.arange(10_000))


def test_split_generator() -> None:
    """Equal generators give equal splits."""
    raw = datasets.load(DIGITS)
    first, again, other = (split(raw, DIGITS, rng(seed)) for seed in (0, 0, 1))
    for part in range(3):
        assert np.array_equal(first[part], again[part])
        assert not np.array_equal(first[part], other[part])


def test_parts_come_from_their_file() -> None:
    """Labels and features come from the file of their part."""
    raw, data = prepared(replace(DIGITS, normalization="none"))
    for part, source, labels in (
        (data.train, raw.train_features, raw.train_labels),
        (data.validation, raw.train_features, raw.train_labels),
        (data.test, raw.test_features, raw.test_labels),
    ):
        assert np.array_equal(part.features, source[part.indices])
        assert np.array_equal(part.labels, labels[part.indices])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"train_size": 55_001, "validation_size": 5000}, ["data.train_size=55001", "60000"]),
        ({"train_size": None, "validation_size": 60_000}, ["data.validation_size=60000", "60000"]),
        ({"train_size": 10, "validation_size": 60_000}, ["data.train_size=10", "60000"]),
        ({"test_size": 10_001}, ["data.test_size=10001", "at most 10000"]),
    ],
)
def test_sizes_too_large(change: dict[str, int | None], words: list[str]) -> None:
    """Parts larger than their file are refused."""
    config = replace(DataConfig(), **change)
    for refused, argument in (
        (sizes, datasets.counts(config)),
        (partial(split, rng=rng()), datasets.load(config)),
    ):
        with pytest.raises(SettingError) as caught:
            refused(argument, config)
        assert "\n" not in str(caught.value)
        assert all(word in str(caught.value) for word in words), caught.value


def test_sizes_whole_file() -> None:
    """Parts may be as large as their file."""
    config = replace(DataConfig(), train_size=59_999, validation_size=1, test_size=10_000)
    size = sizes(datasets.counts(config), config)
    assert (size.train, size.validation, size.test, size.inputs) == (59_999, 1, 10_000, 784)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("normalization", ["none", "unit", "image", "feature"])
def test_normalization_digits(normalization: str, precision: str) -> None:
    """The normalisation of digits agrees with scikit-learn."""
    raw, data = prepared(replace(DIGITS, normalization=normalization), precision)
    parts = rows(raw, data)
    if normalization == "feature":
        scaler = StandardScaler().fit(parts[0])
        varies = np.ptp(parts[0], axis=0) > 0
        expected = [np.where(varies, scaler.transform(part), 0) for part in parts]
    elif normalization == "image":
        expected = [scale(part, axis=1) for part in parts]
    else:
        expected = [part / (255 if normalization == "unit" else 1) for part in parts]
    tolerance = 1e-12 if precision == "float64" else 2e-6
    for part, values in zip((data.train, data.validation, data.test), expected, strict=True):
        assert part.features.dtype == part.targets.dtype == np.dtype(precision)
        np.testing.assert_allclose(part.features, values, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("features", ["raw", "quadratic"])
@pytest.mark.parametrize("config", [EXAM, SPIRAL], ids=["exam", "spiral"])
@pytest.mark.parametrize(("normalization", "scaler"), [("unit", MinMaxScaler), ("feature", StandardScaler)])
def test_normalization_generated(
    config: DataConfig, features: str, normalization: str, scaler: type[MinMaxScaler | StandardScaler]
) -> None:
    """The normalisation of generated data agrees with scikit-learn."""
    raw, data = prepared(replace(config, features=features, normalization=normalization))
    parts = list(rows(raw, data))
    if features == "quadratic":
        parts = [np.stack([[a**2, b**2, a * b, a, b] for a, b in part]) for part in parts]
    fitted = scaler().fit(parts[0])
    for part, inputs in zip((data.train, data.validation, data.test), parts, strict=True):
        np.testing.assert_allclose(part.features, fitted.transform(inputs), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_normalization_constant_pixels(precision: str) -> None:
    """Pixels that are constant in the training part become zero in every part."""
    config = DataConfig(train_size=300, validation_size=300, normalization="feature")
    raw, data = prepared(config, precision)
    constant = np.ptp(raw.train_features[data.train.indices], axis=0) == 0
    assert raw.test_features[:, constant].max() > 0  # or the test part would show nothing
    for part in (data.train, data.validation, data.test):
        assert np.isfinite(part.features).all()
        assert not part.features[:, constant].any()


@pytest.mark.parametrize("normalization", ["none", "unit", "image", "feature"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("value", [0, 7, 255])
def test_normalization_flat_images(normalization: str, precision: str, value: int) -> None:
    """Images without contrast stay finite."""
    images, labels = np.full((5, 784), value, np.uint8), np.zeros(5, np.int64)
    config = DataConfig(validation_size=1, normalization=normalization)
    data = prepare(RawData(images, labels, images, labels), config, precision, rng=rng())
    values = {"none": value, "unit": value / 255, "image": 0, "feature": 0}[normalization]
    for part in (data.train, data.validation, data.test):
        np.testing.assert_allclose(part.features, values, rtol=1e-6, atol=0)


def test_quadratic_map() -> None:
    """The quadratic map gives the features computed by hand."""
    points, labels = np.array([[2.0, 3.0], [-1.0, 0.5]]), np.array([1, 0])
    config = DataConfig(
        name="exam",
        classes=2,
        validation_size=0,
        normalization="none",
        features="quadratic",
        targets="scalar",
    )
    data = prepare(RawData(points, labels, points, labels), config, "float64", rng=rng())
    assert data.test.features.tolist() == [[4, 9, 6, 2, 3], [1, 0.25, -0.5, -1, 0.5]]
    assert data.test.targets.tolist() == [[1], [0]]
    assert data.validation.features.shape == (0, 5)


def test_targets_one_hot() -> None:
    """One-hot targets agree with scikit-learn."""
    _, data = prepared(DIGITS)
    encoder = LabelBinarizer().fit(np.arange(10))
    for part in (data.train, data.validation, data.test):
        assert np.array_equal(part.targets, encoder.transform(part.labels))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_targets_scalar(precision: str) -> None:
    """Scalar targets are the labels in one column."""
    _, data = prepared(replace(EXAM, targets="scalar", normalization="none"), precision)
    for part in (data.train, data.validation, data.test):
        assert part.targets.shape == (len(part), 1)
        assert part.targets.dtype == np.dtype(precision)
        assert np.array_equal(part.targets[:, 0], part.labels)
