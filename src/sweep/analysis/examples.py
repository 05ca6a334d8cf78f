"""The test examples that records speak of: their classes, and their images where they are images."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweep.analysis.statistics.comparison import check_comparable
from sweep.config.compose import from_settings
from sweep.config.row import settings_of
from sweep.data import datasets, labels
from sweep.data.preprocessing import split
from sweep.data.settings import DATASETS, GENERATED
from sweep.errors import TrialsError
from sweep.training.evaluation import examples_sha256
from sweep.training.randomness import Stream, generator


@dataclass(frozen=True)
class Examples:
    """The test part: `labels` (examples,), `images` (examples, height, width) or None, names of the classes.

    `noun` is what one of them is called: digit, image, student.
    """

    labels: NDArray[np.int64]
    images: NDArray[Any] | None = field(repr=False)
    class_names: tuple[str, ...]
    noun: str


def of_trials(trials: pd.DataFrame, root: str | None = None) -> Examples:
    """The test examples of all these trials, in the order of their `test_correct`.

    `root` is the folder of their files, which records of other data than MNIST do not name. Raises
    TrialsError where the trials were tested on different examples, or on others than those at hand, DataError
    and SettingError where their data cannot be read.
    """
    row = trials.iloc[0]
    check_comparable(trials, "test_accuracy")
    digest = row["data.digest"]
    own = row.get("data") in GENERATED or DATASETS.outside
    if root is None and digest != datasets.MNIST_DIGEST and not own:
        raise TrialsError(f"{row['data_label']}: its records do not say where its files lie (data.root)")
    given = {str(name): value for name, value in row.items()} | ({} if root is None else {"data.root": root})
    (config,) = from_settings(settings_of(given))
    if datasets.digest(config.data) != digest:
        raise TrialsError(f"{row['data_label']}: the files at hand are not those of its records ({digest})")
    raw = datasets.load(config.data)
    _, _, test = split(raw, config.data, generator(config, int(row["seed"]), Stream.SPLIT))
    if examples_sha256(test) != row["test_examples_sha256"]:
        raise TrialsError(f"{row['data_label']}: the test examples at hand are not those of its records")
    images = None if config.data.generated else _images(raw.test_features[test])
    names = labels.class_names(config.data) if row["class_names"] is None else row["class_names"].split(", ")
    return Examples(raw.test_labels[test], images, tuple(names), labels.example(config.data))


def _images(features: NDArray[Any]) -> NDArray[Any] | None:
    """Square images, of which a data set keeps but the pixels."""
    edge = math.isqrt(features.shape[1])
    return features.reshape(-1, edge, edge) if edge**2 == features.shape[1] else None
