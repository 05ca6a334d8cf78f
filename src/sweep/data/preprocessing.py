"""From raw examples to the arrays of a training: feature map, split, normalisation, targets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.data.datasets import RawData
from sweep.data.settings import DataConfig, sizes

Array = NDArray[np.floating[Any]]
Allocate = Callable[[str, tuple[int, ...], Any], NDArray[Any]]
_ROWS = 4096  # rows prepared at a time, so that intermediate arrays stay small


@dataclass(frozen=True)
class Part:
    """One part of a split: features (examples, inputs), targets (examples, outputs), labels (examples,).

    `indices` (examples,) are the positions of the examples in their file.
    """

    features: Array
    targets: Array
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def head(self, count: int) -> "Part":
        """Return the first examples, `count` at most, as views."""
        rows = slice(count)
        return Part(self.features[rows], self.targets[rows], self.labels[rows], self.indices[rows])


@dataclass(frozen=True)
class PreparedData:
    """The three parts, in the precision of the training. The validation part may be empty."""

    train: Part
    validation: Part
    test: Part


def split(
    raw: RawData, config: DataConfig, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw the positions of the training, validation and test examples, (examples,) each.

    From files, `rng` draws the training and validation parts at random, and the test part too if
    `test_subset` is random and takes fewer than all; otherwise test examples keep the order of their file.
    Generated examples are random already: the training part comes first, then the validation part.
    """
    size = sizes(raw.counts, config)
    if config.generated:
        order = np.arange(size.train + size.validation)
        return order[: size.train], order[size.train :], np.arange(size.test)
    order = rng.permutation(size.available)
    # Validation examples come first, so that another train_size does not change them.
    train = order[size.validation : size.validation + size.train]
    test = np.arange(size.available_test)
    if size.test < size.available_test and config.test_subset == "random":
        # Drawn last, so that it changes nothing about the split.
        test = rng.permutation(size.available_test)
    test = test[-size.test :] if config.test_subset == "last" else test[: size.test]
    return train, order[: size.validation], test


def _in_memory(name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    return np.empty(shape, dtype)


def prepare(
    raw: RawData,
    config: DataConfig,
    precision: str,
    *,
    rng: np.random.Generator,
    allocate: Allocate = _in_memory,
) -> PreparedData:
    """Split the examples, map and normalise features, encode targets; `precision` is float32 or float64.

    `allocate(name, shape, dtype)` creates the arrays of features and targets, in memory or in a file.
    """
    train, validation, test = split(raw, config, rng)
    normalize = _normalization(raw, config, precision, train)
    parts = []
    for name, features, labels, indices in (
        ("train", raw.train_features, raw.train_labels, train),
        ("validation", raw.train_features, raw.train_labels, validation),
        ("test", raw.test_features, raw.test_labels, test),
    ):
        rows, inputs = len(indices), _mapped(features[:1], config.features).shape[1]
        out = allocate(f"{name}_features", (rows, inputs), precision)
        for start in range(0, rows, _ROWS):
            chosen = features[indices[start : start + _ROWS]]
            out[start : start + _ROWS] = normalize(_mapped(chosen, config.features))
        targets = allocate(f"{name}_targets", (rows, _outputs(config)), precision)
        targets[...] = _encode(labels[indices], config)
        parts.append(Part(out, targets, labels[indices], indices))
    return PreparedData(*parts)


def _outputs(config: DataConfig) -> int:
    return config.classes if config.targets == "one_hot" else 1


def _encode(labels: NDArray[np.int64], config: DataConfig) -> Array:
    scalar = config.targets == "scalar"
    encoded: NDArray[Any] = labels[:, None] if scalar else labels[:, None] == np.arange(config.classes)
    return encoded.astype(np.float64)


def _mapped(features: NDArray[Any], name: str) -> NDArray[Any]:
    """Apply the feature map to (examples, inputs): raw, or (x1^2, x2^2, x1 x2, x1, x2) of two inputs."""
    if name == "raw":
        return features
    x1, x2 = features[:, 0], features[:, 1]
    return np.column_stack([x1 * x1, x2 * x2, x1 * x2, x1, x2])


def _normalization(
    raw: RawData, config: DataConfig, precision: str, train: NDArray[np.int64]
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return the normalisation, a function of (examples, inputs).

    Its constants come from the training part alone, whose positions are `train`, (examples,).
    """
    name = config.normalization
    if name == "image":
        return lambda rows: _standardised_rows(rows.astype(precision))
    shift, factor = _constants(raw, config, train) if name != "none" else (0, 1)
    # In the precision of the training, as NumPy would otherwise compute in float64.
    shift, factor = np.asarray(shift, precision), np.asarray(factor, precision)
    return lambda rows: (rows.astype(precision) - shift) * factor


def _constants(raw: RawData, config: DataConfig, train: NDArray[np.int64]) -> tuple[Any, Any]:
    """Return the shift and the factor of each feature, (inputs,) each or one number for all."""
    # Pixels have a fixed range, whichever values the training part holds.
    if config.normalization == "unit" and raw.train_features.dtype == np.uint8:
        return 0, 1 / 255

    def pieces() -> Iterator[NDArray[np.float64]]:
        for start in range(0, len(train), _ROWS):
            rows = raw.train_features[train[start : start + _ROWS]]
            yield _mapped(rows, config.features).astype(np.float64)

    if config.normalization == "unit":
        low = np.min([piece.min(axis=0) for piece in pieces()], axis=0)
        high = np.max([piece.max(axis=0) for piece in pieces()], axis=0)
        return low, _inverse(high - low)
    # Two passes: the sum of squared deviations from the mean loses no digits to cancellation.
    mean = np.sum([piece.sum(axis=0) for piece in pieces()], axis=0) / len(train)
    squares = np.sum([np.square(piece - mean).sum(axis=0) for piece in pieces()], axis=0)
    return mean, _inverse(np.sqrt(squares / len(train)))


def _inverse(spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / spread, (inputs,), and 0 for a constant feature, so that it becomes 0 everywhere."""
    return np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)


def _standardised_rows(rows: Array) -> Array:
    """Scale each row, (examples, inputs), to mean 0 and deviation 1 (ddof 0); constant rows become 0."""
    rows -= rows.mean(axis=1, keepdims=True)
    deviation = rows.std(axis=1, keepdims=True)
    rows /= np.where(deviation > 0, deviation, 1)
    return rows
