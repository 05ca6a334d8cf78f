"""The data sets by name: their examples as read or generated, before any preparation."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.data import idx, outside, synthetic
from sweep.data.settings import DATASETS, DataConfig
from sweep.data.sizes import Counts
from sweep.errors import DataError

MNIST_FOLDER = Path(__file__).parent / "mnist"
# The digest of those files' contents. Their checksums are compared instead of unzipping them each time.
MNIST_DIGEST = "c65580678af93f1e"
# To be changed when the same settings generate other data: cells of the old data then stay apart.
_GENERATED_DIGEST = "generated-2"
_GENERATED_FEATURES = 2
_FILES = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


@dataclass(frozen=True)
class RawData:
    """Examples before any preparation: features (examples, inputs) of uint8 or float64, labels (examples,).

    The training examples include those that a split takes for validation.
    """

    train_features: NDArray[Any]
    train_labels: NDArray[np.int64]
    test_features: NDArray[Any]
    test_labels: NDArray[np.int64]

    @property
    def counts(self) -> Counts:
        """How many examples these are."""
        return Counts(len(self.train_labels), len(self.test_labels), self.train_features.shape[1])


def digest(config: DataConfig) -> str:
    """What identifies the contents of a data set: of files, a hash of their bytes.

    The embedded MNIST files are checked against their committed checksums; gzipped or not, the same
    contents are the same data. Raises DataError when a file is missing or damaged.
    """
    if config.generated:
        return _GENERATED_DIGEST
    if own := DATASETS.get(config.name):
        return outside.digest(config.name, own)
    return _digest(config.name, _files(config))


def counts(config: DataConfig) -> Counts:
    """How many examples `load` gives, without reading them. Raises DataError for a missing or wrong file."""
    if config.generated:
        train = (config.train_size or 0) + config.validation_size
        return Counts(train, config.test_size or 0, _GENERATED_FEATURES)
    if own := DATASETS.get(config.name):
        return RawData(*outside.arrays(config.name, own)).counts
    return _counts(_files(config))


def load(config: DataConfig) -> RawData:
    """The data set that `config` names. Raises DataError when a file is missing or wrong."""
    if own := DATASETS.get(config.name):
        arrays = outside.arrays(config.name, own)
        outside.check_labels(config.name, arrays, config.classes)
        return RawData(*arrays)
    if not config.generated:
        return _read(_files(config), config.classes)
    # Each part has a random stream of its own, so that the size of one part changes no example of another;
    # a smaller part holds the first examples of a larger one.
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
    """A file and its state, the key of the caches below: when the file changes, it is read again.

    `absolute` is part of it because a relative `path` means another file in another working folder.
    """

    path: Path
    absolute: Path
    size: int
    modified: int


def _files(config: DataConfig) -> tuple[_File, ...]:
    """The four files of an IDX data set, in the order of `RawData`."""
    folder = MNIST_FOLDER if config.name == "mnist" or config.root is None else Path(config.root)
    paths = [idx.find(folder, file) for pair in _FILES for file in pair]
    stats = [path.stat() for path in paths]
    return tuple(
        _File(path, path.absolute(), stat.st_size, stat.st_mtime_ns)
        for path, stat in zip(paths, stats, strict=True)
    )


@lru_cache(maxsize=8)
def _counts(files: tuple[_File, ...]) -> Counts:
    train, height, width = idx.shape(files[0].path, dimensions=3)
    return Counts(train, idx.shape(files[2].path, dimensions=3)[0], height * width)


@lru_cache(maxsize=8)
def _digest(name: str, files: tuple[_File, ...]) -> str:
    paths = [file.path for file in files]
    if name == "mnist":
        _verify(paths, [idx.sha256(path) for path in paths])
        return MNIST_DIGEST
    sums = [idx.digest(path, dimensions) for path, dimensions in zip(paths, (3, 1, 3, 1), strict=True)]
    return hashlib.sha256("".join(sums).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _read(files: tuple[_File, ...], classes: int) -> RawData:
    """The images, flattened to (examples, pixels) of uint8, and labels of an IDX data set."""
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


_GENERATORS: dict[str, Callable[[int, float, np.random.Generator], synthetic.Points]] = {
    "exam": synthetic.exam,
    "spiral": synthetic.spiral,
}


def _verify(paths: list[Path], sums: list[str]) -> None:
    lines = (MNIST_FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    expected = {name: digest for digest, name in (line.split() for line in lines)}
    for path, digest in zip(paths, sums, strict=True):
        if expected[path.name] != digest:
            raise DataError(f"{path}: SHA-256 {digest[:16]}...; must be {expected[path.name][:16]}...")
