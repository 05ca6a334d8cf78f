"""The interface of an engine, and all that engines share: the data and the order of the images.

An engine prepares a cell and returns a function that measures it: from a number of steps, the seconds that
they take per seed, with the evaluation of all parts if the cell times a whole epoch. Gathering mini-batches
counts; building a model, compiling, and the first steps do not.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from benchmarks.cells import Cell
from numpy.typing import NDArray

from sweep.config.compose import from_settings
from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.preprocessing import Part, PreparedData, prepare
from sweep.data.settings import DataConfig
from sweep.training.problem import Stream, generator

Measure = Callable[[int], float]
Engine = Callable[[Cell, PreparedData], Measure]
WARM_UP = 3  # steps before the first that is timed
# Images that peers evaluate at a time: it divides all parts, so that nothing is compiled for a remainder, and
# the activations of so many stay in the cache.
EVALUATED = 2_000


def config_of(cell: Cell, steps: int, **settings: Any) -> Config:
    """Return the configuration of `sweep` for a cell."""
    (config,) = from_settings(cell.settings(steps) | settings)
    return config


def data_of(cell: Cell) -> PreparedData:
    """Return the images that a cell trains on, and those that it evaluates."""
    return _prepared(config_of(cell, WARM_UP).data)


@lru_cache(maxsize=1)
def _prepared(config: DataConfig) -> PreparedData:
    return prepare(datasets.load(config), config, "float32", rng=generator(Config(), 0, Stream.SPLIT))


def mini_batches(cell: Cell, data: PreparedData, steps: int) -> NDArray[np.int64]:
    """Return positions of the images of each mini-batch, (steps, batch), shuffled epoch by epoch."""
    rng = np.random.default_rng(0)
    epochs = -(-steps * cell.batch // len(data.train))
    order = np.concatenate([rng.permutation(len(data.train)) for _ in range(epochs)])
    return order[: steps * cell.batch].reshape(steps, cell.batch)


def pieces(data: PreparedData) -> Iterator[Part]:
    """Yield all three parts, `EVALUATED` images at a time."""
    for part in (data.train, data.validation, data.test):
        for start in range(0, len(part), EVALUATED):
            rows = slice(start, start + EVALUATED)
            yield Part(part.features[rows], part.targets[rows], part.labels[rows], part.indices[rows])
