"""Data sets that the user has registered: their arrays, checked, and what identifies them."""

import hashlib
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.data.settings import DataSet
from sweep.errors import DataError, one_line

Arrays = tuple[NDArray[Any], NDArray[np.int64], NDArray[Any], NDArray[np.int64]]


@lru_cache(maxsize=2)
def arrays(name: str, entry: DataSet) -> Arrays:
    """Features and labels of the training and of the test examples. Raises DataError where one is wrong."""
    try:
        found = tuple(map(np.asarray, entry.load()))
    except Exception as error:
        raise DataError(
            f"data={name}: cannot be loaded: {type(error).__name__}: {one_line(error)}"
        ) from error
    if len(found) != 4:
        raise DataError(f"data={name}: gives {len(found)} arrays; must be features, labels, features, labels")
    train, test = _checked(name, *found[:2]), _checked(name, *found[2:])
    if train[0].shape[1] != test[0].shape[1]:
        inputs = train[0].shape[1], test[0].shape[1]
        raise DataError(f"data={name}: training and test examples have {inputs} inputs; must be equal")
    return (*train, *test)


def check_labels(name: str, found: Arrays, classes: int) -> None:
    """Raise DataError unless all labels are those of `classes` classes."""
    largest = max(labels.max(initial=0) for labels in found[1::2])
    if largest >= classes:
        raise DataError(f"data={name}: label {largest}; must be 0 to {classes - 1} (data.classes={classes})")


@lru_cache(maxsize=2)
def digest(name: str, entry: DataSet) -> str:
    """A hash of the contents: shapes, types and numbers."""
    whole = hashlib.sha256()
    for array in arrays(name, entry):
        whole.update(f"{array.shape}{array.dtype.str}".encode())
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()[:16]


def _checked(
    name: str, features: NDArray[Any], labels: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
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
