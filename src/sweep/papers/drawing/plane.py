"""Figures of the plane: gradient descent on a surface, and what networks say of two features."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from sweep.config.check import check
from sweep.config.schema import Config
from sweep.core.errors import SettingError
from sweep.core.rules import Length
from sweep.data import datasets
from sweep.data.settings import GENERATED, DataConfig
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.drawing.panels import Count, Pair, Where, side_by_side
from sweep.papers.examples import Polynomial, descend, plane
from sweep.papers.rules import Powers
from sweep.papers.specification import Experiment
from sweep.report.figures import style
from sweep.stats.trials import drop_diverged
from sweep.store.schema import MOST_WEIGHTS

Point = Annotated[Sequence[float], Length(2, 2)]
Term = Annotated[Sequence[float], Length(3, 3), Powers()]
Extent = Annotated[Sequence[float], Length(4, 4)]


def descent(
    collection: Collection,
    terms: Sequence[Term],
    starts: Annotated[Sequence[Point], Length(1)],
    rates: Annotated[Sequence[float], Length(1)],
    steps: Count,
    extent: Extent,
    solid: bool = False,
) -> Figure:
    """Gradient descent on the polynomial with these terms [coefficient, power of x, power of y].

    A panel for each rate, a path from each start, over contours on `extent` [x0, x1, y0, y1]; with
    `solid` as a surface in three dimensions.
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
        paths = descend(function, np.array(starts, float), rate, steps)
        if not np.isfinite(paths).all():
            raise SelectionError(f"rates={rate:g}: the descent leaves all bounds in {steps} steps")
        if solid:
            panel.plot_surface(x, y, heights, cmap="Greys", alpha=0.5, linewidth=0, rasterized=True)
            panel.set(zlabel="f(x, y)")
        else:
            contours = panel.contour(x, y, heights, levels=25, cmap="cividis", linewidths=0.8)
            panel.set(xlim=extent[:2], ylim=extent[2:])
            panel.grid(visible=False)
        for path, colour in zip(paths.swapaxes(0, 1), style.colours(len(starts)), strict=True):
            _path(panel, [*path.T, function(path)] if solid else [*path.T], colour)
        panel.set(xlabel="x", ylabel="y", title=f"learning rate {rate:g}, {steps} steps")
    if not solid:
        figure.colorbar(contours, ax=list(panels), label="f(x, y)", pad=0.02)
    place: Any = "lower center" if solid else "outside lower center"
    figure.legend(handles=panels[0].get_lines()[:3], loc=place, ncols=3)
    return figure


def _path(panel: Axes, passed: Sequence[Any], colour: style.Colour) -> None:
    """The points that a descent passes, with its start and its end."""
    above: dict[str, Any] = {"color": colour, "zorder": 10, "clip_on": False}
    first, last = [values[:1] for values in passed], [values[-1:] for values in passed]
    ends: dict[str, Any] = {"markeredgecolor": "black", "linestyle": "none", **above}
    panel.plot(*first, marker="s", markersize=7, label="start", **ends)
    panel.plot(*passed, "o-", markersize=3, linewidth=1.2, label="step", **above)
    panel.plot(*last, marker="X", markersize=9, label="where it ends", **ends)


def decision(
    collection: Collection,
    experiment: Experiment,
    titles: Sequence[str] = ("",),
    where: Where = None,
    labels: Pair = ("class 0", "class 1"),
    axes: Pair = ("x", "y"),
) -> Figure:
    """What networks on two features say all over the plane, of the first seed of each cell, with their data.

    A panel for each cell, with `titles`; only for networks whose weights the records hold.
    """
    rows = drop_diverged(collection.networks(experiment, where)).drop_duplicates("cell")
    if rows["weights"].isna().any():
        raise SelectionError(
            f"{experiment}: the records hold no weights; they do of networks of at most {MOST_WEIGHTS}"
        )
    if len(titles) != len(rows):
        raise SelectionError(f"titles: must be {len(rows)}, one for each cell")
    figure, panels = side_by_side(len(rows), 3.5 * len(rows) + 1.6, 3.6)
    # From the colour of one class over white to the colour of the other, both pale: points stay visible.
    pale = [tuple(1 - 0.45 * (1 - value) for value in colour) for colour in style.colours(2)]
    shading = LinearSegmentedColormap.from_list("classes", [pale[0], (1, 1, 1), pale[1]])
    for panel, title, row in zip(panels, titles, rows.to_dict("records"), strict=True):
        x, y, values, points, classes = plane(row["config"], row["seed"], row["weights"])
        shades = panel.contourf(x, y, np.clip(values, 0, 1), levels=np.linspace(0, 1, 11), cmap=shading)
        shades.set_rasterized(True)  # as vector shapes they would be most of the SVG
        panel.set(xlabel=axes[0], ylabel=axes[1], title=title)
        panel.grid(visible=False)
        _scatter(panel, points, classes, labels)
    figure.colorbar(shades, ax=list(panels), label=f"output for {labels[1]}", pad=0.02)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def points(collection: Collection, data: DataConfig, labels: Pair, axes: Pair = ("x", "y")) -> Figure:
    """The training part of a generated data set in the plane."""
    try:
        # Points are drawn as they are, whatever a network would make of their scaling and targets.
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
    """Examples of two classes in the plane, not cut off at its edge."""
    for label, colour, marker in zip((0, 1), style.colours(2), "o^", strict=True):
        across, up = points[classes == label].T
        dark = tuple(0.75 * value for value in colour)
        look: dict[str, Any] = {"color": dark, "edgecolor": "white", "linewidth": 0.5, "clip_on": False}
        panel.scatter(across, up, s=26, marker=marker, label=labels[label], zorder=3, **look)
