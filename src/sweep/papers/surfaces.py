"""Functions of two variables: gradient descent on polynomials, and what trained networks say of the plane."""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.datasets import RawData
from sweep.data.preprocessing import prepare
from sweep.nn import backpropagation
from sweep.nn.architecture import Architecture
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Sgd
from sweep.nn.parameters import Parameters
from sweep.training.randomness import Stream, generator

Points = NDArray[np.float64]


class Polynomial:
    """f(x, y) = sum of coefficient * x^i * y^j over `terms` [coefficient, i, j]."""

    def __init__(self, terms: Sequence[Sequence[float]]) -> None:
        self.terms = [(float(coefficient), int(i), int(j)) for coefficient, i, j in terms]

    def __call__(self, points: Points) -> Points:
        """The value at each of `points`, (..., 2)."""
        x, y = points[..., 0], points[..., 1]
        total: Points = sum((c * x**i * y**j for c, i, j in self.terms), np.zeros_like(x))
        return total

    def gradient(self, points: Points) -> Points:
        """The gradient at each of `points`, (..., 2)."""
        x, y = points[..., 0], points[..., 1]
        slopes = np.zeros_like(points)
        for c, i, j in self.terms:
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
            optimizer.update(points, function.gradient(points), state, rate, step + 1)
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
    prepared = prepare(whole, unlimited, "float64", order)
    outputs = prepared.test.targets.shape[1]
    units = (prepared.test.features.shape[1], *settings["hidden_units"], outputs)
    architecture = Architecture(units, settings.get("activation", "identity"), settings["bias"])
    parameters = Parameters(architecture, np.array(weights, float)[None])
    z = backpropagation.forward(parameters, prepared.test.features).z
    values: Any = Objective.named(settings["output"], settings["loss"]).outputs(z)[0, :, -1]
    return x, y, values.reshape(x.shape), raw.train_features, raw.train_labels
