"""Figures of functions: activations, gradients of losses, and columns of a measurement."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from sweep.core.rules import Length, OneOf
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.losses import LOSSES
from sweep.nn.objective import Objective
from sweep.nn.outputs import OUTPUTS
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.drawing.panels import Pair, Range, plot_lines, side_by_side
from sweep.papers.specification import MeasurementName


def activation(
    collection: Collection, name: Annotated[str, OneOf(ACTIVATIONS)], extent: Range = (-8.0, 8.0)
) -> Figure:
    """An activation and its derivative, as the networks compute them."""
    z = np.linspace(extent[0], extent[1], 401)
    function, output, slope = ACTIVATIONS[name], z.copy(), np.ones_like(z)
    function.apply(output)
    function.backward(slope, output)
    figure, (panel,) = side_by_side(1, 6.0, 3.4)
    plot_lines(panel, {name: (z, output), "its derivative": (z, slope)})
    panel.set(xlabel="z", ylabel="value", xlim=extent)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right upper")
    return figure


def output_gradients(
    collection: Collection,
    output: Annotated[str, OneOf(OUTPUTS)],
    losses: Annotated[Mapping[Annotated[str, OneOf(LOSSES)], float], Length(1)],
    extent: Range = (-8.0, 8.0),
) -> Figure:
    """The size of the gradient with respect to the pre-activation of one output, a line for each loss.

    `losses` maps each to the factor by which it is multiplied.
    """
    for loss in losses:
        if output not in LOSSES[loss].goes_with():
            raise SelectionError(f"losses.{loss}: does not go with output={output}")
    z = np.linspace(extent[0], extent[1], 401)
    figure, panels = side_by_side(2, 8.8, 3.3, sharey=True)
    for panel, target in zip(panels, (1.0, 0.0), strict=True):
        found = {}
        for loss, factor in losses.items():
            # One example each, so that a mean over examples does not shrink it.
            slopes = z[:, None, None].copy()
            Objective.named(output, loss).delta(slopes, np.full((len(z), 1, 1), target))
            times = "" if factor == 1 else f"{factor:g} × "
            found[times + loss.replace("_", " ")] = (z, factor * np.abs(slopes[:, 0, 0]))
        plot_lines(panel, found)
        panel.set(xlabel="pre-activation z", title=f"target {target:g}", xlim=extent)
    panels[0].set_ylabel("size of the gradient |dE/dz|")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
    return figure


def measured_lines(
    collection: Collection,
    measurement: MeasurementName,
    x: str,
    y: Annotated[Sequence[str], Length(1)],
    axes: Pair,
) -> Figure:
    """Columns `y` of a measurement against its column `x`, both on logarithmic scales."""
    rows = collection.measurement(measurement, [x, *y]).sort_values(x)
    figure, (panel,) = side_by_side(1, 6.4, 3.6)
    plot_lines(panel, {name.replace("_", " "): (rows[x], rows[name]) for name in y}, marked=True)
    panel.set(xscale="log", yscale="log", xlabel=axes[0], ylabel=axes[1])
    for axis in (panel.xaxis, panel.yaxis):  # matplotlib's own labels of powers are formulas
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right upper")
    return figure
