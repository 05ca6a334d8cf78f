"""The data sets by name: their examples as read or generated, before any preparation.

There are three kinds. The embedded MNIST and a user's own IDX files are read (see `idx`). Two small sets in
the plane are generated from a seed. Registered data sets are arrays from a function of the user's, checked
here.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.core.errors import DataError, one_line
from sweep.data import idx
from sweep.data.settings import DATASETS, Counts, DataConfig, DataSet

MNIST_FOLDER = Path(__file__).parent / "mnist"
# The digest of the contents of the embedded files. Comparing their checksums is cheaper than unzipping them.
MNIST_DIGEST = "c65580678af93f1e"
# Change this when the same settings generate other data: cells with the old data then stay apart.
_GENERATED_DIGEST = "generated-2"
_GENERATED_FEATURES = 2
_FILES = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


@dataclass(frozen=True)
class RawData:
    """Examples before any preparation: features (examples, inputs) of uint8 or float64, labels (examples,).

    The training examples include those that a split sets aside for validation.
    """

    train_features: NDArray[Any]
    train_labels: NDArray[np.int64]
    test_features: NDArray[Any]
    test_labels: NDArray[np.int64]

    @property
    def counts(self) -> Counts:
        """Return the numbers of examples and of features."""
        return Counts(len(self.train_labels), len(self.test_labels), self.train_features.shape[1])


def contents_digest(config: DataConfig) -> str:
    """Return the identifier of a data set's contents: sixteen hexadecimal digits, or a version if generated.

    Files are the same data if their unzipped bytes are. The embedded MNIST files are checked against their
    committed checksums. Raises DataError if a file is missing or damaged.
    """
    if config.generated:
        return _GENERATED_DIGEST
    if registered := DATASETS.get(config.name):
        return _registered_digest(config.name, registered)
    return _files_digest(config.name, _files(config))


def counts(config: DataConfig) -> Counts:
    """Count the examples that `load` returns, without reading them.

    Raises DataError for a missing or wrong file.
    """
    if config.generated:
        train = (config.train_size or 0) + config.validation_size
        return Counts(train, config.test_size or 0, _GENERATED_FEATURES)
    if registered := DATASETS.get(config.name):
        return RawData(*_registered_arrays(config.name, registered)).counts
    return _files_counts(_files(config))


def load(config: DataConfig) -> RawData:
    """Load the data set that `config` names. Raises DataError if a file is missing or wrong."""
    if registered := DATASETS.get(config.name):
        arrays = _registered_arrays(config.name, registered)
        _check_labels(config.name, arrays, config.classes)
        return RawData(*arrays)
    if not config.generated:
        return _read(_files(config), config.classes)
    # Every part has its own random stream, so the size of one part changes no example of another; a smaller
    # part holds the first examples of a larger one.
    streams = np.random.SeedSequence(config.generator_seed).spawn(3)
    sizes = (config.train_size or 0, config.validation_size, config.test_size or 0)
    train, validation, test = (
        _GENERATORS[config.name](size, config.noise, np.random.Generator(np.random.PCG64(stream)))
        for size, stream in zip(sizes, streams, strict=True)
    )
    features, labels = (np.concatenate(pair) for pair in zip(train, validation, strict=True))
    return RawData(features, labels, *test)


@dataclass(frozen=True)
class _File:
    """A file and its state, the key of the caches below: a file that changes is read again.

    `absolute` is part of the key because a relative `path` is another file in another working folder.
    """

    path: Path
    absolute: Path
    size: int
    modified: int


def _files(config: DataConfig) -> tuple[_File, ...]:
    """Find the four files of an IDX data set, in the order of `RawData`."""
    folder = MNIST_FOLDER if config.name == "mnist" or config.root is None else Path(config.root)
    paths = [idx.find(folder, file) for pair in _FILES for file in pair]
    stats = [path.stat() for path in paths]
    return tuple(
        _File(path, path.absolute(), stat.st_size, stat.st_mtime_ns)
        for path, stat in zip(paths, stats, strict=True)
    )


@lru_cache(maxsize=8)
def _files_counts(files: tuple[_File, ...]) -> Counts:
    train, height, width = idx.shape(files[0].path, dimensions=3)
    return Counts(train, idx.shape(files[2].path, dimensions=3)[0], height * width)


@lru_cache(maxsize=8)
def _files_digest(name: str, files: tuple[_File, ...]) -> str:
    paths = [file.path for file in files]
    if name == "mnist":
        _check_embedded(paths, [idx.file_sha256(path) for path in paths])
        return MNIST_DIGEST
    sums = [idx.contents_sha256(path, count) for path, count in zip(paths, (3, 1, 3, 1), strict=True)]
    return hashlib.sha256("".join(sums).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _read(files: tuple[_File, ...], classes: int) -> RawData:
    """Read the images of an IDX data set, flattened to (examples, pixels) of uint8, and their labels."""
    parts: list[NDArray[Any]] = []
    for images_path, labels_path in ((files[0].path, files[1].path), (files[2].path, files[3].path)):
        images, labels = idx.read(images_path, dimensions=3), idx.read(labels_path, dimensions=1)
        if len(images) != len(labels):
            raise DataError(f"{labels_path}: {len(labels)} labels for {len(images)} images; must be equal")
        if labels.max() >= classes:
            raise DataError(
                f"{labels_path}: label {labels.max()}; must be 0 to {classes - 1} (data.classes={classes})"
            )
        parts += [images.reshape(len(images), -1), labels.astype(np.int64)]
    if parts[0].shape[1] != parts[2].shape[1]:
        raise DataError(
            f"{files[0].path.parent}: training images have {parts[0].shape[1]} pixels,"
            f" test images {parts[2].shape[1]}; must be equal"
        )
    return RawData(*parts)


def _check_embedded(paths: list[Path], sums: list[str]) -> None:
    """Raise DataError if a file of the embedded MNIST has another SHA-256 than the committed one."""
    lines = (MNIST_FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    expected = {name: digest for digest, name in (line.split() for line in lines)}
    for path, digest in zip(paths, sums, strict=True):
        if expected[path.name] != digest:
            raise DataError(f"{path}: SHA-256 {digest[:16]}...; must be {expected[path.name][:16]}...")


Arrays = tuple[NDArray[Any], NDArray[np.int64], NDArray[Any], NDArray[np.int64]]


@lru_cache(maxsize=2)
def _registered_arrays(name: str, dataset: DataSet) -> Arrays:
    """Load and check features and labels of the training and test examples of a registered data set."""
    try:
        arrays = tuple(map(np.asarray, dataset.load()))
    except Exception as error:
        # The function is the user's and may raise anything.
        raise DataError(
            f"data={name}: cannot be loaded: {type(error).__name__}: {one_line(error)}"
        ) from error
    if len(arrays) != 4:
        raise DataError(
            f"data={name}: gives {len(arrays)} arrays; must be features, labels, features, labels"
        )
    train, test = _checked(name, *arrays[:2]), _checked(name, *arrays[2:])
    if train[0].shape[1] != test[0].shape[1]:
        inputs = train[0].shape[1], test[0].shape[1]
        raise DataError(f"data={name}: training and test examples have {inputs} inputs; must be equal")
    return (*train, *test)


def _check_labels(name: str, arrays: Arrays, classes: int) -> None:
    """Raise DataError unless all labels are below `classes`."""
    # A part may be empty, and the maximum of nothing is an error.
    largest = max(labels.max(initial=0) for labels in arrays[1::2])
    if largest >= classes:
        raise DataError(f"data={name}: label {largest}; must be 0 to {classes - 1} (data.classes={classes})")


@lru_cache(maxsize=2)
def _registered_digest(name: str, dataset: DataSet) -> str:
    """Return a hash of the shapes, types and numbers of a registered data set."""
    whole = hashlib.sha256()
    for array in _registered_arrays(name, dataset):
        # The bytes alone could be those of another shape or type.
        whole.update(f"{array.shape}{array.dtype.str}".encode())
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()[:16]


def _checked(
    name: str, features: NDArray[Any], labels: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return features as uint8 or float64 and labels as int64. Raises DataError if they are wrong."""
    if features.ndim != 2 or labels.shape != (len(features),):
        shapes = f"{features.shape} and {labels.shape}"
        raise DataError(
            f"data={name}: features and labels are {shapes}; must be (examples, inputs) and (examples,)"
        )
    if labels.dtype.kind not in "iu" or (labels < 0).any():
        raise DataError(f"data={name}: labels must be whole numbers, at least 0")
    if features.dtype != np.uint8:
        features = features.astype(np.float64)
    if not np.isfinite(features).all():
        raise DataError(f"data={name}: some features are not finite")
    return features, labels.astype(np.int64)


Points = tuple[NDArray[np.float64], NDArray[np.int64]]


def exam(count: int, noise: float, rng: np.random.Generator) -> Points:
    """Draw students who pass (1) or fail (0) an exam: features (count, 2) and labels (count,).

    The first feature is hours slept, 0 to 10; the second is minutes of listening in a lesson of 45. Students
    pass if they listen long enough; the closer their sleep is to 4 hours, the less they need. `noise` is the
    standard deviation of all other influences, as a fraction of the lesson. Examples are drawn one after the
    other, so the first ones do not depend on `count`.
    """
    # The noise has its own stream: the features stay the same at any noise.
    (unseen,) = rng.spawn(1)
    sleep, listening = (rng.random((count, 2)) * [10, 45]).T
    needed = 0.35 + 0.6 * ((sleep - 4) / 5) ** 2
    passed = listening / 45 + unseen.normal(0, noise, count) > needed
    return np.column_stack([sleep, listening]), passed.astype(np.int64)


def spiral(count: int, noise: float, rng: np.random.Generator) -> Points:
    """Draw points of two interleaved spiral arms: features (count, 2) and labels (count,).

    Each arm turns 1.75 times while its radius grows to 5; `noise` is the standard deviation of both
    coordinates, in the same units. The first examples do not depend on `count`.
    """
    # As in `exam`, the noise has its own stream.
    (scatter,) = rng.spawn(1)
    labels = np.arange(count) % 2
    along = rng.random(count)
    angle = 1.75 * 2 * np.pi * along + np.pi * labels
    arms = 5 * along[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return arms + scatter.normal(0, noise, (count, 2)), labels.astype(np.int64)


_GENERATORS: dict[str, Callable[[int, float, np.random.Generator], Points]] = {
    "exam": exam,
    "spiral": spiral,
}
