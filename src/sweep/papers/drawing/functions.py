"""Figures of functions of one variable: activations, gradients of losses, and columns of a measurement."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from sweep.core.rules import Length, OneOf
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.losses import LOSSES
from sweep.nn.objective import Objective
from sweep.nn.outputs import OUTPUTS
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.specification import MeasurementName, Pair, Range
from sweep.report.figures import style


def side_by_side(count: int, width: float, height: float, **shared: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` panels side by side, and room for legends and colour bars."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False, **shared)[0])


def activation(
    collection: Collection, name: Annotated[str, OneOf(ACTIVATIONS)], extent: Range = (-8.0, 8.0)
) -> Figure:
    """Draw an activation and its derivative, as the networks compute them."""
    z = np.linspace(extent[0], extent[1], 401)
    function, output, slope = ACTIVATIONS[name], z.copy(), np.ones_like(z)
    # Both work in place; the gradient of 1 that goes in comes out as the derivative.
    function.apply(output)
    function.backward(slope, output)
    figure, (panel,) = side_by_side(1, 6.0, 3.4)
    _plot_lines(panel, {name: (z, output), "its derivative": (z, slope)})
    panel.set(xlabel="z", ylabel="value", xlim=extent)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right upper")
    return figure


def output_gradients(
    collection: Collection,
    output: Annotated[str, OneOf(OUTPUTS)],
    losses: Annotated[Mapping[Annotated[str, OneOf(LOSSES)], float], Length(1)],
    *,
    extent: Range = (-8.0, 8.0),
) -> Figure:
    """Draw the size of the gradient with respect to one output's pre-activation, a line for each loss.

    `losses` maps each loss to the factor that multiplies it.
    """
    for loss in losses:
        if output not in LOSSES[loss].goes_with():
            raise SelectionError(f"losses.{loss}: does not go with output={output}")
    z = np.linspace(extent[0], extent[1], 401)
    figure, panels = side_by_side(2, 8.8, 3.3, sharey=True)
    for panel, target in zip(panels, (1.0, 0.0), strict=True):
        gradients = {}
        for loss, factor in losses.items():
            # Each value is the only example of a seed of its own: no mean over examples shrinks the gradient.
            slopes = z[:, None, None].copy()
            Objective.named(output, loss).delta(slopes, np.full((len(z), 1, 1), target))
            times = "" if factor == 1 else f"{factor:g} × "
            gradients[times + loss.replace("_", " ")] = (z, factor * np.abs(slopes[:, 0, 0]))
        _plot_lines(panel, gradients)
        panel.set(xlabel="pre-activation z", title=f"target {target:g}", xlim=extent)
    panels[0].set_ylabel("size of the gradient |dE/dz|")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
    return figure


def measured_lines(
    collection: Collection,
    measurement: MeasurementName,
    *,
    x: str,
    y: Annotated[Sequence[str], Length(1)],
    axes: Pair,
) -> Figure:
    """Draw columns `y` of a measurement against its column `x`, on logarithmic scales."""
    rows = collection.measurement(measurement, [x, *y]).sort_values(x)
    figure, (panel,) = side_by_side(1, 6.4, 3.6)
    _plot_lines(panel, {name.replace("_", " "): (rows[x], rows[name]) for name in y}, marked=True)
    panel.set(xscale="log", yscale="log", xlabel=axes[0], ylabel=axes[1])
    for axis in (panel.xaxis, panel.yaxis):  # matplotlib would write powers as formulas
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right upper")
    return figure


def _plot_lines(panel: Axes, lines: Mapping[str, tuple[Any, Any]], *, marked: bool = False) -> None:
    """Draw a line for each (x, y) in `lines`, by its label."""
    for (label, (x, y)), look in zip(lines.items(), style.lines(list(lines)).values(), strict=True):
        marker = look.marker if marked else ""
        panel.plot(
            x, y, color=look.colour, linestyle=look.linestyle, marker=marker, markersize=5, label=label
        )
