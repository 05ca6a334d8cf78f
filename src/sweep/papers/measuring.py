"""Measurements that need no training: general functions that paper.yaml picks by name.

`sweep reproduce` runs them and stores their tables as `measurements/<name>.csv` beside the records; tables
and figures read them there. A new kind of measurement is one function here and its entry in `MEASURES`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from sweep.config import cell
from sweep.config.compose import from_settings
from sweep.config.schema import Config
from sweep.core.rules import AtLeast, Length
from sweep.nn import Array, backpropagation
from sweep.nn.architecture import Parameters
from sweep.nn.backpropagation import central_difference, slope
from sweep.nn.objective import Objective
from sweep.nn.regularizers import NoPenalty
from sweep.papers.collection import SelectionError, call, experiment_data
from sweep.papers.specification import Paper
from sweep.runner.shared_data import load_seed_data
from sweep.system import files
from sweep.training.problem import Stream, architecture, generator, objective

Measure = Callable[..., pd.DataFrame]


class Weight(TypedDict):
    """A weight of a network, or a bias if it has no `input`, with the numbers that a paper `published`."""

    label: str
    layer: Annotated[int, AtLeast(1)]
    unit: Annotated[int, AtLeast(0)]
    input: NotRequired[Annotated[int, AtLeast(0)]]
    published: NotRequired[Annotated[Sequence[float], Length(3, 3)]]


def measure(paper: Paper, folder: Path) -> None:
    """Make the paper's measurements and store them in `folder`. Raises PaperError for wrong settings."""
    for item in paper.measurements:
        location = f"{paper.file}: measurements.{item.name}"
        rows = call(location, MEASURES[item.measure], **item.settings)
        text = rows.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        files.write(folder / "measurements" / f"{item.name}.csv", text)


def gradient_check(
    experiment: str,
    weights: Sequence[Weight],
    *,
    epsilon: float = 0.01,
    overrides: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Compare backpropagation with the central difference for single weights, one row a weight.

    Both gradients are in float64, with the initial weights of seed 0 of the experiment's first cell, on its
    first training example. A weight has a `label`, a `layer` (from 1), the `unit` it leads to (from 0), the
    `input` it comes from (none for a bias), and perhaps `published` numbers: both gradients and their
    difference. `overrides` are settings that differ from the experiment's.

    The column `shrinks` says how many times smaller the difference gets with a tenth of `epsilon`: 100, since
    the error of a central difference is O(epsilon^2).
    """
    config = from_settings({"experiment": experiment, **(overrides or {})})[0]
    features, targets = _example(config)
    parameters, aim = _start(config, features.shape[1]), objective(config)
    gradient = backpropagation.gradient(parameters, features, targets, objective=aim, regularizer=NoPenalty())
    # A network whose parameters are their own positions: looking up a weight gives its index.
    positions = Parameters(parameters.architecture, np.arange(parameters.flat.size, dtype=float)[None])
    rows = []
    for weight in weights:
        index = _position(weight, positions)
        exact = float(gradient.flat[0, index])
        approximate, finer = (
            slope(parameters.flat[0], index, _loss(parameters, features, targets, aim), epsilon=step)
            for step in (epsilon, epsilon / 10)
        )
        numbers = [exact, approximate, abs(exact - approximate)]
        shrinks = abs(exact - approximate) / abs(exact - finer)
        rows.append([weight["label"], *weight.get("published", [np.nan] * 3), *numbers, shrinks])
    names = ["backpropagation", "central_difference", "difference"]
    return pd.DataFrame(rows, columns=["weight", *(f"published_{name}" for name in names), *names, "shrinks"])


def gradient_cost(experiment: str, hidden: Sequence[Sequence[int]], epsilon: float = 1e-6) -> pd.DataFrame:
    """Time one gradient by backpropagation and by central differences, one row a network.

    The times are seconds in float64, on one example and one core, for the experiment's first cell with other
    layers of `hidden` units. The column `difference` is the largest difference between the two gradients,
    divided by the largest entry.
    """
    rows = []
    features, targets = _example(from_settings({"experiment": experiment})[0])
    for units in hidden:
        config = from_settings({"experiment": experiment, "hidden": list(units)})[0]
        parameters, aim = _start(config, features.shape[1]), objective(config)
        with threadpool_limits(limits=1, user_api="blas"):
            seconds = []
            # One backpropagation is short; the median of 51 is not upset by an interruption.
            for _ in range(51):
                start = time.perf_counter()
                gradient = backpropagation.gradient(
                    parameters, features, targets, objective=aim, regularizer=NoPenalty()
                ).flat
                seconds.append(time.perf_counter() - start)
            start = time.perf_counter()
            approximate = central_difference(
                parameters, _loss(parameters, features, targets, aim), epsilon=epsilon
            )
            central = time.perf_counter() - start
        largest = np.abs(gradient).max()
        rows.append(
            {
                "network": "-".join(map(str, parameters.architecture.units)),
                "parameters": parameters.architecture.parameter_count,
                "backpropagation": float(np.median(seconds)),
                "central_differences": central,
                "times_as_long": central / float(np.median(seconds)),
                "difference": float(np.abs(gradient - approximate).max() / largest),
            }
        )
    return pd.DataFrame(rows)


def sample_statistics(
    experiment: str,
    index: Annotated[int, AtLeast(0)],
    divisors: Sequence[float],
    *,
    published: Annotated[Sequence[float], Length(2, 2)],
) -> pd.DataFrame:
    """Return mean and standard deviation of a training image's pixels, divided by each of `divisors`.

    The image is the one at `index` in the experiment's data. `published` are the mean and the standard
    deviation that the paper gives.
    """
    images = experiment_data(experiment)[1].train_features
    if index >= len(images):
        raise SelectionError(f"index={index}: must be less than {len(images)}, the number of training images")
    image = images[index].astype(float)
    return pd.DataFrame(
        {
            "divisor": list(divisors),
            "published_mean": published[0],
            "mean": [(image / divisor).mean() for divisor in divisors],
            "published_standard_deviation": published[1],
            "standard_deviation": [(image / divisor).std() for divisor in divisors],
        }
    )


def _position(weight: Weight, positions: Parameters) -> int:
    """Return the index of a weight among all parameters; `positions` has these indices as its parameters."""
    of_layers = positions.weights if "input" in weight else positions.biases
    try:
        return int(of_layers[weight["layer"] - 1][0, weight.get("input", 0), weight["unit"]])
    except IndexError as error:
        units = "-".join(map(str, positions.architecture.units))
        raise SelectionError(f"weights: {weight['label']}: no such weight in a network {units}") from error


def _example(config: Config) -> tuple[Array, Array]:
    """Return the features and targets of seed 0's first training example, in float64."""
    train = load_seed_data(replace(config, precision="float64"), 0).train
    return train.features[:1], train.targets[:1]


def _start(config: Config, inputs: int) -> Parameters:
    """Return the parameters of seed 0 before its first step, in float64."""
    shape, rng = architecture(config, inputs), generator(config, 0, Stream.INIT)
    return Parameters(shape, shape.initial_parameters(cell.initializer(config), rng)[None])


def _loss(parameters: Parameters, features: Array, targets: Array, aim: Objective) -> Callable[[], float]:
    """Return a function that computes the loss of these examples from the current parameters."""
    return lambda: backpropagation.loss(parameters, features, targets, objective=aim, regularizer=NoPenalty())


MEASURES: dict[str, Measure] = {
    "gradient_check": gradient_check,
    "gradient_cost": gradient_cost,
    "sample_statistics": sample_statistics,
}
