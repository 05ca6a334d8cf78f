"""The data sets by name: their examples as read or generated, before any preparation."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.data import idx, synthetic
from sweep.data.settings import DataConfig
from sweep.errors import DataError

MNIST_FOLDER = Path(__file__).parent / "mnist"
# What `digest` gives for the contents of those files; their checksums stand for unzipping them each time.
_MNIST_DIGEST = "c65580678af93f1e"
_FILES = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


@dataclass(frozen=True)
class RawData:
    """Examples as they are: features (examples, inputs) of uint8 or float64, labels (examples,).

    Training examples include those that a split will take for validation.
    """

    train_features: NDArray[Any]
    train_labels: NDArray[np.int64]
    test_features: NDArray[Any]
    test_labels: NDArray[np.int64]


def digest(config: DataConfig) -> str:
    """What identifies the contents of a data set: of files, a hash of their bytes.

    The embedded MNIST files are checked against their committed checksums; gzipped or not, the same
    contents are the same data. Raises DataError when a file is missing or damaged.
    """
    if config.name in _GENERATORS:
        return "generated"
    return _digest(config.name, _files(config))


def load(config: DataConfig) -> RawData:
    """The data set that `config` names. Raises DataError when a file is missing or wrong."""
    if config.name not in _GENERATORS:
        return _read(_files(config), config.classes)
    # The validation part is taken from the training examples.
    train = (config.train_size or 0) + config.validation_size
    test = config.test_size or 0
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(config.generator_seed)))
    features, labels = _GENERATORS[config.name](train + test, config.noise, rng)
    return RawData(features[:train], labels[:train], features[train:], labels[train:])


@dataclass(frozen=True)
class _File:
    """A file as it is now: what is read from it is kept only until it, or what its path means, changes."""

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
def _digest(name: str, files: tuple[_File, ...]) -> str:
    paths = [file.path for file in files]
    if name == "mnist":
        _verify(paths, [idx.sha256(path) for path in paths])
        return _MNIST_DIGEST
    sums = [hashlib.sha256(idx.content(path)).hexdigest() for path in paths]
    return hashlib.sha256("".join(sums).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _read(files: tuple[_File, ...], classes: int) -> RawData:
    """The images, flattened to (examples, pixels) of uint8, and labels of an IDX data set."""
    parts: list[NDArray[Any]] = []
    for images_path, labels_path in ((files[0].path, files[1].path), (files[2].path, files[3].path)):
        images = idx.parse(idx.content(images_path), images_path, dimensions=3)
        labels = idx.parse(idx.content(labels_path), labels_path, dimensions=1)
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
    lines = (MNIST_FOLDER / "SHA256SUMS").read_text().splitlines()
    expected = {name: digest for digest, name in (line.split() for line in lines)}
    for path, digest in zip(paths, sums, strict=True):
        if expected[path.name] != digest:
            raise DataError(f"{path}: SHA-256 {digest[:16]}...; must be {expected[path.name][:16]}...")
