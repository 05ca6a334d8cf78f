"""Figures of functions of two variables: gradient descent on a surface, and networks on two features."""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Annotated, Any, get_type_hints

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sweep.config.check import check
from sweep.config.schema import Config
from sweep.core.errors import SettingError
from sweep.core.rules import Length
from sweep.data import datasets
from sweep.data.datasets import RawData
from sweep.data.preprocessing import prepare
from sweep.data.settings import GENERATED, DataConfig
from sweep.nn import backpropagation
from sweep.nn.architecture import Architecture, Parameters
from sweep.nn.objective import Objective
from sweep.nn.optimizers import Sgd
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.drawing.functions import side_by_side
from sweep.papers.specification import Count, Experiment, Pair, Powers, Where
from sweep.report.figures import style
from sweep.stats.trials import drop_diverged
from sweep.store.schema import MOST_WEIGHTS
from sweep.training.problem import Stream, generator

Points = NDArray[np.float64]
Point = Annotated[Sequence[float], Length(2, 2)]
Term = Annotated[Sequence[float], Length(3, 3), Powers()]
Extent = Annotated[Sequence[float], Length(4, 4)]


class Polynomial:
    """A polynomial f(x, y) = sum of coefficient * x^i * y^j over the terms [coefficient, i, j]."""

    def __init__(self, terms: Sequence[Sequence[float]]) -> None:
        self.terms = [(float(coefficient), int(i), int(j)) for coefficient, i, j in terms]

    def __call__(self, points: Points) -> Points:
        """Return the value at each of `points`, (..., 2)."""
        x, y = points[..., 0], points[..., 1]
        total: Points = sum((c * x**i * y**j for c, i, j in self.terms), np.zeros_like(x))
        return total

    def gradient(self, points: Points) -> Points:
        """Return the gradient at each of `points`, (..., 2)."""
        x, y = points[..., 0], points[..., 1]
        slopes = np.zeros_like(points)
        for c, i, j in self.terms:
            if i:
                slopes[..., 0] += c * i * x ** (i - 1) * y**j
            if j:
                slopes[..., 1] += c * j * x**i * y ** (j - 1)
        return slopes


def descend(function: Polynomial, starts: Points, rate: float, *, steps: int) -> Points:
    """Descend along the gradient from `starts`, (starts, 2); return all points, (steps + 1, starts, 2).

    Raises SelectionError if the points leave all bounds, as they do at too large a rate.
    """
    points = np.array(starts, float)
    # The optimizer that trains the networks, so that the figure shows its steps.
    optimizer = Sgd(0.0)
    state = optimizer.init(points)
    path: list[Any] = [points.copy()]
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps):
            optimizer.update(points, function.gradient(points), state, rate=rate, step=step + 1)
            path.append(points.copy())
    if not np.isfinite(points).all():
        raise SelectionError(f"rates={rate:g}: the descent leaves all bounds within {steps} steps")
    return np.array(path)


def descent(
    collection: Collection,
    terms: Sequence[Term],
    starts: Annotated[Sequence[Point], Length(1)],
    *,
    rates: Annotated[Sequence[float], Length(1)],
    steps: Count,
    extent: Extent,
    solid: bool = False,
) -> Figure:
    """Draw gradient descent on the polynomial with the terms [coefficient, power of x, power of y].

    Each rate has a panel, with a path from each start over contours on `extent` [x0, x1, y0, y1]; if `solid`,
    over a surface in three dimensions.
    """
    if extent[0] >= extent[1] or extent[2] >= extent[3]:
        raise SelectionError(f"extent={list(extent)}: must be x0, x1, y0, y1 with x0 < x1 and y0 < y1")
    function = Polynomial(terms)
    x, y = np.meshgrid(np.linspace(extent[0], extent[1], 161), np.linspace(extent[2], extent[3], 161))
    heights = function(np.stack([x, y], axis=-1))
    # The automatic layout does not know how much room a surface takes.
    figure = Figure(figsize=(3.7 * len(rates) + 1.6, 3.9), layout=None if solid else "constrained")
    if solid:
        figure.subplots_adjust(left=0.02, right=0.9, bottom=0.14, top=0.94)
    kind: dict[str, Any] = {"projection": "3d"} if solid else {"aspect": "equal"}
    panels = figure.subplots(1, len(rates), squeeze=False, subplot_kw=kind)[0]
    for panel, rate in zip(panels, rates, strict=True):
        drawn = _draw_polynomial(panel, (x, y, heights), extent, solid=solid)
        paths = descend(function, np.array(starts, float), rate, steps=steps)
        for path, colour in zip(paths.swapaxes(0, 1), style.colours(len(starts)), strict=True):
            _draw_path(panel, [*path.T, function(path)] if solid else [*path.T], colour)
        panel.set(xlabel="x", ylabel="y", title=f"learning rate {rate:g}, {steps} steps")
    if not solid:
        figure.colorbar(drawn, ax=list(panels), label="f(x, y)", pad=0.02)
    location: Any = "lower center" if solid else "outside lower center"
    figure.legend(handles=panels[0].get_lines()[:3], loc=location, ncols=3)
    return figure


def _draw_polynomial(panel: Any, grid: tuple[Any, ...], extent: Sequence[float], *, solid: bool) -> Any:
    """Draw a grid (x, y, heights) as contours or, if `solid`, as a surface; return what was drawn."""
    if solid:
        panel.set(zlabel="f(x, y)")
        return panel.plot_surface(*grid, cmap="Greys", alpha=0.5, linewidth=0, rasterized=True)
    panel.set(xlim=extent[:2], ylim=extent[2:])
    panel.grid(visible=False)
    return panel.contour(*grid, levels=25, cmap="cividis", linewidths=0.8)


def _draw_path(panel: Axes, path: Sequence[Any], colour: style.Colour) -> None:
    """Draw the points of a descent, with its start and its end."""
    above: dict[str, Any] = {"color": colour, "zorder": 10, "clip_on": False}
    first, last = [values[:1] for values in path], [values[-1:] for values in path]
    ends: dict[str, Any] = {"markeredgecolor": "black", "linestyle": "none", **above}
    panel.plot(*first, marker="s", markersize=7, label="start", **ends)
    panel.plot(*path, "o-", markersize=3, linewidth=1.2, label="step", **above)
    panel.plot(*last, marker="X", markersize=9, label="where it ends", **ends)


def decision(
    collection: Collection,
    experiment: Experiment,
    titles: Sequence[str] = ("",),
    *,
    where: Where = None,
    labels: Pair = ("class 0", "class 1"),
    axes: Pair = ("x", "y"),
) -> Figure:
    """Draw the outputs of networks on two features over the plane, with their training data.

    Each cell has a panel with one of `titles`, which shows its first seed. The records must hold the weights.
    """
    rows = drop_diverged(collection.networks(experiment, where)).drop_duplicates("cell")
    if rows["weights"].isna().any():
        raise SelectionError(
            f"{experiment}: the records hold no weights; they do for networks of at most {MOST_WEIGHTS}"
        )
    if len(titles) != len(rows):
        raise SelectionError(f"titles: must be {len(rows)}, one for each cell")
    figure, panels = side_by_side(len(rows), 3.5 * len(rows) + 1.6, 3.6)
    # From the colour of one class over white to that of the other, both pale, so that points stay visible.
    pale = [tuple(1 - 0.45 * (1 - value) for value in colour) for colour in style.colours(2)]
    shading = LinearSegmentedColormap.from_list("classes", [pale[0], (1, 1, 1), pale[1]])
    for panel, title, row in zip(panels, titles, rows.to_dict("records"), strict=True):
        x, y, values, points, classes = _outputs_on_plane(row["config"], row["seed"], row["weights"])
        shades = panel.contourf(x, y, np.clip(values, 0, 1), levels=np.linspace(0, 1, 11), cmap=shading)
        shades.set_rasterized(True)  # as vector shapes they would be most of the SVG
        panel.set(xlabel=axes[0], ylabel=axes[1], title=title)
        panel.grid(visible=False)
        _scatter(panel, points, classes, labels)
    figure.colorbar(shades, ax=list(panels), label=f"output for {labels[1]}", pad=0.02)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _outputs_on_plane(
    settings: Mapping[str, Any], seed: int, weights: Sequence[float]
) -> tuple[NDArray[Any], ...]:
    """Compute the outputs of a network on two features over a grid that spans its training examples.

    `settings` are the canonical ones of its cell. Returns x and y of the grid, (121, 121) each, the output
    for class 1 on it, the training examples, (examples, 2), and their classes.
    """
    config = canonical_config(settings)
    data = config.data
    raw = datasets.load(data)
    low, high = raw.train_features.min(axis=0), raw.train_features.max(axis=0)
    x, y = np.meshgrid(np.linspace(low[0], high[0], 121), np.linspace(low[1], high[1], 121))
    grid = np.stack([x.ravel(), y.ravel()], axis=1)
    # As test examples of the same data, they are scaled with the statistics of the training part.
    whole = RawData(raw.train_features, raw.train_labels, grid, np.zeros(len(grid), np.int64))
    order = generator(config, seed, Stream.SPLIT)
    prepared = prepare(whole, replace(data, test_size=None), "float64", rng=order)
    outputs = prepared.test.targets.shape[1]
    units = (prepared.test.features.shape[1], *settings["hidden_units"], outputs)
    architecture = Architecture(units, settings.get("activation", "identity"), settings["bias"])
    parameters = Parameters(architecture, np.array(weights, float)[None])
    z = backpropagation.forward(parameters, prepared.test.features).z
    values: Any = Objective.named(settings["output"], settings["loss"]).outputs(z)[0, :, -1]
    return x, y, values.reshape(x.shape), raw.train_features, raw.train_labels


def canonical_config(settings: Mapping[str, Any]) -> Config:
    """Build a configuration from a cell's canonical settings; settings without effect keep their defaults."""

    def build(kind: Any, values: Mapping[str, Any]) -> Any:
        kinds = get_type_hints(kind)
        fields = {key: value for key, value in values.items() if key in kinds}
        groups = {key: build(kinds[key], value) for key, value in fields.items() if is_dataclass(kinds[key])}
        return kind(**{**fields, **groups})

    config: Config = build(Config, settings)
    units = settings["hidden_units"]
    return replace(config, hidden=list(units), depth=len(units))


def points(collection: Collection, data: DataConfig, labels: Pair, *, axes: Pair = ("x", "y")) -> Figure:
    """Draw the training part of a generated data set in the plane."""
    try:
        # Points are drawn unscaled, so settings of scaling and targets must not be refused.
        check(Config(data=replace(data, normalization="none", targets="one_hot")))
    except SettingError as error:
        raise SelectionError(str(error)) from error
    if not data.generated:
        raise SelectionError(f"data.name={data.name}: must be one of {', '.join(GENERATED)}")
    raw = datasets.load(data)
    figure, (panel,) = side_by_side(1, 5.1, 3.8)
    _scatter(panel, raw.train_features, raw.train_labels, labels)
    panel.set(xlabel=axes[0], ylabel=axes[1])
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _scatter(panel: Axes, points: Any, classes: Any, labels: Sequence[str]) -> None:
    """Draw examples of two classes in the plane, not cut off at its edge."""
    for label, colour, marker in zip((0, 1), style.colours(2), "o^", strict=True):
        across, up = points[classes == label].T
        dark = tuple(0.75 * value for value in colour)
        look: dict[str, Any] = {"color": dark, "edgecolor": "white", "linewidth": 0.5, "clip_on": False}
        panel.scatter(across, up, s=26, marker=marker, label=labels[label], zorder=3, **look)
