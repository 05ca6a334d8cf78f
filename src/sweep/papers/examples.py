"""Functions of two variables: gradient descent on polynomials, and what trained networks say of the plane.

[samples] The examples of an experiment, as they stand in its files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from sweep.config.compose import from_settings
from sweep.config.schema import Config
from sweep.core.errors import DataError
from sweep.data import datasets, labels
from sweep.data.datasets import RawData
from sweep.data.preprocessing import prepare
from sweep.data.settings import DataConfig
from sweep.nn import backpropagation
from sweep.nn.architecture import Architecture
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Sgd
from sweep.nn.parameters import Parameters
from sweep.papers.collection import EACH_CELL, Collection, SelectionError
from sweep.training.problem import Stream, generator

Points = NDArray[np.float64]


class Polynomial:
    """f(x, y) = sum of coefficient * x^i * y^j over `criteria` [coefficient, i, j]."""

    def __init__(self, criteria: Sequence[Sequence[float]]) -> None:
        self.criteria = [(float(coefficient), int(i), int(j)) for coefficient, i, j in criteria]

    def __call__(self, points: Points) -> Points:
        """The value at each of `points`, (..., 2)."""
        x, y = points[..., 0], points[..., 1]
        total: Points = sum((c * x**i * y**j for c, i, j in self.criteria), np.zeros_like(x))
        return total

    def gradient(self, points: Points) -> Points:
        """The gradient at each of `points`, (..., 2)."""
        x, y = points[..., 0], points[..., 1]
        slopes = np.zeros_like(points)
        for c, i, j in self.criteria:
            if i:
                slopes[..., 0] += c * i * x ** (i - 1) * y**j
            if j:
                slopes[..., 1] += c * j * x**i * y ** (j - 1)
        return slopes


def descend(function: Polynomial, starts: Points, rate: float, steps: int, momentum: float = 0.0) -> Points:
    """The points that gradient descent passes, (steps + 1, starts, 2), from `starts`, (starts, 2)."""
    points = np.array(starts, float)
    optimizer = Sgd(momentum)
    state = optimizer.init(points)
    path: list[Any] = [points.copy()]
    with np.errstate(over="ignore", invalid="ignore"):  # too large a rate ends in infinity
        for step in range(steps):
            optimizer.update(points, function.gradient(points), state, rate=rate, step=step + 1)
            path.append(points.copy())
    return np.array(path)


def configuration(settings: Mapping[str, Any]) -> Config:
    """The configuration of a cell with these canonical settings, as far as they go."""

    def fitting(kind: Any, values: Mapping[str, Any]) -> Any:
        kinds = get_type_hints(kind)
        known = {key: value for key, value in values.items() if key in kinds}
        groups = {key: fitting(kinds[key], value) for key, value in known.items() if is_dataclass(kinds[key])}
        return kind(**{**known, **groups})

    config: Config = fitting(Config, settings)
    units = settings["hidden_units"]
    return replace(config, hidden=list(units), depth=len(units))


def plane(settings: Mapping[str, Any], seed: int, weights: Sequence[float]) -> tuple[NDArray[Any], ...]:
    """What a network on two features says of a grid over its training examples.

    `settings` are the canonical ones of its cell. Returns x and y of the grid, (121, 121) each, the output
    for class 1 there, the training examples, (examples, 2), and their classes.
    """
    config = configuration(settings)
    data = config.data
    raw = datasets.load(data)
    low, high = raw.train_features.min(axis=0), raw.train_features.max(axis=0)
    x, y = np.meshgrid(np.linspace(low[0], high[0], 121), np.linspace(low[1], high[1], 121))
    grid = np.stack([x.ravel(), y.ravel()], axis=1)
    # As test examples of the same data, they are prepared with the training part's statistics.
    whole = RawData(raw.train_features, raw.train_labels, grid, np.zeros(len(grid), np.int64))
    order = generator(config, seed, Stream.SPLIT)
    unlimited = replace(data, test_size=None)
    prepared = prepare(whole, unlimited, "float64", rng=order)
    outputs = prepared.test.targets.shape[1]
    units = (prepared.test.features.shape[1], *settings["hidden_units"], outputs)
    architecture = Architecture(units, settings.get("activation", "identity"), settings["bias"])
    parameters = Parameters(architecture, np.array(weights, float)[None])
    z = backpropagation.forward(parameters, prepared.test.features).z
    values: Any = Objective.named(settings["output"], settings["loss"]).outputs(z)[0, :, -1]
    return x, y, values.reshape(x.shape), raw.train_features, raw.train_labels


@dataclass(frozen=True)
class Classes:
    """What one class is, a digit or another class, and the names of all of them."""

    noun: str
    names: tuple[str, ...]

    def tick(self, number: int) -> str:
        """The class by its name, or its number."""
        return self.names[number] if number < len(self.names) else str(number)

    def title(self, number: int) -> str:
        """The class by its name where that says enough: 'digit 3', 'Sneaker'."""
        name = self.tick(number)
        return f"{self.noun} {name}" if name.isdecimal() else name


def of_experiment(name: str) -> tuple[DataConfig, RawData]:
    """The data of the first cell of an experiment, `<paper>/<name>`. Raises DataError for missing files."""
    data = from_settings({"experiment": name})[0].data
    return data, datasets.load(data)


def of_records(
    collection: Collection, experiment: str, digest: str | None = None
) -> tuple[DataConfig, RawData]:
    """The data that an experiment's records were made from: those of `digest`, or of its first cell.

    Raises SelectionError where the experiment's data are others now, DataError where its files are missing.
    """
    if digest is None:
        digest = collection.trials(experiment, lines=EACH_CELL)["data.digest"].iloc[0]
    found = [config.data for config in from_settings({"experiment": f"{collection.paper}/{experiment}"})]
    digests = [datasets.contents_digest(data) for data in found]
    if digest not in digests:
        raise SelectionError(f"{experiment}: its data ({digests[0]}) are not those of its records ({digest})")
    data = found[digests.index(digest)]
    return data, datasets.load(data)


def classes(collection: Collection, experiment: str, where: Mapping[str, Any] | None = None) -> Classes:
    """What the classes of one cell's data are called; numbers where its files are not at hand."""
    kept = collection.test_outcomes(experiment, where).iloc[0]
    if kept["class_names"] is not None:
        noun = "digit" if kept["data_label"] in labels.OF_DIGITS else "class"
        return Classes(noun, tuple(kept["class_names"]))
    digest = collection.trials(experiment, where)["data.digest"].iloc[0]
    if digest == datasets.MNIST_DIGEST:
        return Classes("digit", labels.class_names(DataConfig()))
    try:
        data, _ = of_records(collection, experiment, digest)
    except (DataError, SelectionError):
        return Classes("class", ())
    return Classes("class", labels.class_names(data))
