"""What a paper's figures can be: general functions, picked by name and settings in paper.yaml.

A new kind of figure is one function here and its entry in `DRAWS`. Each gets the paper's records; the
figure's `settings` are its keyword arguments.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from sweep.analysis import figures
from sweep.analysis.aggregate import drop_diverged
from sweep.analysis.figures import layout, style
from sweep.analysis.figures.spread import flattens
from sweep.data import datasets, labels
from sweep.data.settings import DataConfig
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.objective import Objective
from sweep.nn.outputs import OUTPUTS
from sweep.papers import samples
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.kinds import AtLeast, Length, OneOf
from sweep.papers.surfaces import Polynomial, descend, plane
from sweep.records.schema import MOST_WEIGHTS

Draw = Callable[..., Figure]

Metric = Annotated[str, OneOf(("accuracy", "loss"))]
Parts = Annotated[Sequence[Annotated[str, OneOf(figures.PARTS)]], Length(1)]
Extent = Annotated[Sequence[float], Length(4, 4)]
Range = Annotated[Sequence[float], Length(2, 2)]
Pair = Annotated[Sequence[str], Length(2, 2)]
Term = Annotated[Sequence[float], Length(3, 3)]
Count = Annotated[int, AtLeast(1)]


def curves(
    collection: Collection,
    experiment: str,
    metric: Metric = "accuracy",
    parts: Parts = ("train", "validation", "test"),
    lines: Sequence[str] = (),
    where: dict[str, Any] | None = None,
    limits: Range | None = None,
) -> Figure:
    """Learning curves, a panel for each part, mean ± std over seeds, a line for each value of `lines`.

    `limits` are those of the vertical axis, in its units.
    """
    rows = drop_diverged(collection.curves(experiment, where, lines))
    names = [f"{part}_{metric}" for part in parts]
    if not any(name in rows and rows[name].notna().any() for name in names):
        raise SelectionError(f"{experiment}: its records hold no {metric} of {', '.join(parts)}")
    figure = figures.draw_curves(rows, metric, lines, parts=parts)
    if limits is None:
        return figure
    for panel in figure.axes:
        panel.set_ylim(*limits)
        if metric == "accuracy":
            style.percent_axis(panel)
    return figure


def class_errors(
    collection: Collection,
    experiment: str,
    parts: Parts = ("train", "test"),
    where: dict[str, Any] | None = None,
) -> Figure:
    """The error of each class against epochs: a panel a class, a line for each part, mean over seeds."""
    rows = drop_diverged(collection.class_curves(experiment, where))
    rows = rows[rows["part"].isin(parts)].assign(error=100 * rows["error"])
    remarks = []
    if flattens(rows, "error", ["part", "class"], share=1 / 2):
        remarks = [f"Not drawn: epoch {rows['epoch'].min():.3g}"]
        rows = rows[rows["epoch"] > rows["epoch"].min()]
    classes = sorted(rows["class"].unique())
    named = samples.classes(collection, experiment, where)
    titles = tuple(named.title(number) for number in classes)
    grid = layout.Grid(len(classes), min(5, len(classes)), 1.75, 1.5, "all", titles=titles)
    looks = style.lines([figures.PARTS[part] for part in parts])
    panels = grid.panels()
    for panel, number in zip(panels, classes, strict=True):
        own = rows[rows["class"] == number]
        for part in parts:
            look, mean = looks[figures.PARTS[part]], own[own["part"] == part].groupby("epoch")["error"].mean()
            panel.plot(mean.index, mean, color=look.colour, linestyle=look.linestyle)
    grid.align(panels)
    for panel in panels:
        panel.set_ylim(bottom=0)
        style.epoch_axis(panel, rows["epoch"].min(), rows["epoch"].max(), grid.width)
    handles = [look.handle(label, marked=False) for label, look in looks.items()]
    return grid.finish("epoch", "error (%)", handles, "error of the class", remarks)


def confusion(collection: Collection, experiment: str, where: dict[str, Any] | None = None) -> Figure:
    """Test digits by true and predicted class, in percent of the true class, mean over seeds."""
    counts = collection.confusions(experiment, where)
    examples = counts.sum(axis=2, keepdims=True)
    # A class without examples has an empty row.
    share = np.divide(100 * counts, examples, out=np.zeros_like(counts), where=examples > 0).mean(axis=0)
    right = np.eye(len(share), dtype=bool)
    worst = share[~right].max() or 1.0
    figure, (panel,) = _panels(1, 6.2, 5.2)
    # The diagonal is near 100: it stands as numbers alone, and errors get the whole range of greys.
    sns.heatmap(
        np.where(right, np.nan, share),
        cmap="Greys",
        vmin=0,
        vmax=worst,
        square=True,
        linewidths=0.5,
        linecolor="0.9",
        ax=panel,
        cbar_kws={"label": "errors, percent of the true class", "shrink": 0.9},
    )
    for (row, column), percent in np.ndenumerate(share):
        look: dict[str, Any] = {"color": "white" if row != column and percent > 0.55 * worst else "0.15"}
        look["weight"] = "bold" if row == column else "normal"
        text = f"{percent:.1f}" if percent >= 0.05 else ""
        panel.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=style.SMALL, **look)
    named = samples.classes(collection, experiment, where)
    ticks, names = np.arange(len(share)) + 0.5, [named.tick(number) for number in range(len(share))]
    panel.set_xticks(ticks, names, rotation=0 if max(map(len, names)) < 4 else 90)
    panel.set_yticks(ticks, names, rotation=0)
    panel.set(xlabel=f"predicted {named.noun}", ylabel=f"true {named.noun}")
    panel.grid(visible=False)
    return figure


def hardest_digits(
    collection: Collection, experiment: str, where: dict[str, Any] | None = None, count: Count = 20
) -> Figure:
    """The test images of highest loss of the first seed, with label and prediction."""
    row = drop_diverged(collection.reports(experiment, where)).iloc[0]
    digest = collection.trials(experiment, where)["data.digest"].iloc[0]
    _, raw = samples.of_records(collection, experiment, digest)
    images = raw.test_features[np.array(row["hardest_indices"][:count], int)]
    named = samples.classes(collection, experiment, where)
    titles = [
        f"{named.tick(label)}, read as {named.tick(predicted)}\nloss {loss:.1f}"
        for label, predicted, loss in zip(
            row["hardest_labels"], row["hardest_predictions"], row["hardest_losses"], strict=True
        )
    ]
    return _images(images, titles[:count])


def sample_digits(
    collection: Collection,
    experiment: str,
    count: Count = 20,
    first: Annotated[int, AtLeast(0)] = 0,
    statistics: bool = False,
) -> Figure:
    """Training images as they stand in the file, with their labels; or mean and std of their pixels."""
    data, raw = samples.of_records(collection, experiment)
    there = max(0, len(raw.train_labels) - first)
    if count > there:
        raise SelectionError(f"count={count}: must be at most {there}, the images from {first} on")
    images, chosen = raw.train_features[first : first + count], raw.train_labels[first : first + count]
    titles = [labels.class_names(data)[label] for label in chosen]
    if statistics:
        titles = [
            f"{title}: mean {image.mean() / 255:.4f}, standard deviation {image.std() / 255:.4f}"
            for title, image in zip(titles, images, strict=True)
        ]
    return _images(images, titles)


def descent(
    collection: Collection,
    terms: Sequence[Term],
    starts: Annotated[Sequence[Range], Length(1)],
    rates: Annotated[Sequence[float], Length(1)],
    steps: Count,
    extent: Extent,
    solid: bool = False,
) -> Figure:
    """Gradient descent on the polynomial with these terms [coefficient, power of x, power of y].

    A panel for each rate, a path from each start, over contours on `extent` [x0, x1, y0, y1]; with
    `solid` as a surface in three dimensions.
    """
    function = Polynomial(terms)
    x, y = np.meshgrid(np.linspace(extent[0], extent[1], 161), np.linspace(extent[2], extent[3], 161))
    heights = function(np.stack([x, y], axis=-1))
    # The automatic layout cannot measure a surface.
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
    experiment: str,
    titles: Sequence[str] = ("",),
    where: dict[str, Any] | None = None,
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
    figure, panels = _panels(len(rows), 3.5 * len(rows) + 1.6, 3.6)
    # From the colour of one class over white to the colour of the other, both pale: points stay visible.
    pale = [tuple(1 - 0.45 * (1 - value) for value in colour) for colour in style.colours(2)]
    shading = LinearSegmentedColormap.from_list("classes", [pale[0], (1, 1, 1), pale[1]])
    for panel, title, row in zip(panels, titles, rows.to_dict("records"), strict=True):
        x, y, values, points, classes = plane(row["config"], row["seed"], row["weights"])
        shades = panel.contourf(x, y, np.clip(values, 0, 1), levels=np.linspace(0, 1, 11), cmap=shading)
        shades.set_rasterized(True)  # as shapes they would make most of the file
        panel.set(xlabel=axes[0], ylabel=axes[1], title=title)
        panel.grid(visible=False)
        _scatter(panel, points, classes, labels)
    figure.colorbar(shades, ax=list(panels), label=f"output for {labels[1]}", pad=0.02)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def points(collection: Collection, data: dict[str, Any], labels: Pair, axes: Pair = ("x", "y")) -> Figure:
    """The training part of a generated data set in the plane."""
    raw = datasets.load(DataConfig(**data))
    figure, (panel,) = _panels(1, 5.1, 3.8)
    _scatter(panel, raw.train_features, raw.train_labels, labels)
    panel.set(xlabel=axes[0], ylabel=axes[1])
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _scatter(panel: Axes, points: Any, classes: Any, labels: Sequence[str]) -> None:
    """Examples of two classes in the plane, whole where they lie at the edge."""
    for label, colour, marker in zip((0, 1), style.colours(2), "o^", strict=True):
        across, up = points[classes == label].T
        dark = tuple(0.75 * value for value in colour)
        look: dict[str, Any] = {"color": dark, "edgecolor": "white", "linewidth": 0.5, "clip_on": False}
        panel.scatter(across, up, s=26, marker=marker, label=labels[label], zorder=3, **look)


def activation(
    collection: Collection, name: Annotated[str, OneOf(ACTIVATIONS)], extent: Range = (-8.0, 8.0)
) -> Figure:
    """An activation and its derivative, as the networks compute them."""
    z = np.linspace(extent[0], extent[1], 401)
    function, output, slope = ACTIVATIONS[name], z.copy(), np.ones_like(z)
    function.apply(output)
    function.backward(slope, output)
    figure, (panel,) = _panels(1, 6.0, 3.4)
    _plot(panel, {name: (z, output), "its derivative": (z, slope)})
    panel.set(xlabel="z", ylabel="value", xlim=extent)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right upper")
    return figure


def output_gradients(
    collection: Collection,
    output: Annotated[str, OneOf(OUTPUTS)],
    losses: Mapping[str, float],
    extent: Range = (-8.0, 8.0),
) -> Figure:
    """The size of the gradient with respect to the pre-activation of one output, a line for each loss.

    `losses` maps each to the factor by which it is multiplied.
    """
    z = np.linspace(extent[0], extent[1], 401)
    figure, panels = _panels(2, 8.8, 3.3, sharey=True)
    for panel, target in zip(panels, (1.0, 0.0), strict=True):
        found = {}
        for loss, factor in losses.items():
            # One example each, so that a mean over examples does not shrink it.
            slopes = z[:, None, None].copy()
            Objective.named(output, loss).delta(slopes, np.full((len(z), 1, 1), target))
            times = "" if factor == 1 else f"{factor:g} × "
            found[times + loss.replace("_", " ")] = (z, factor * np.abs(slopes[:, 0, 0]))
        _plot(panel, found)
        panel.set(xlabel="pre-activation z", title=f"target {target:g}", xlim=extent)
    panels[0].set_ylabel("size of the gradient |dE/dz|")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
    return figure


def measured(collection: Collection, measurement: str, x: str, y: Sequence[str], axes: Pair) -> Figure:
    """Columns `y` of a measurement against its column `x`, both on logarithmic scales."""
    rows = collection.measurement(measurement, [x, *y]).sort_values(x)
    figure, (panel,) = _panels(1, 6.4, 3.6)
    _plot(panel, {name.replace("_", " "): (rows[x], rows[name]) for name in y}, marked=True)
    panel.set(xscale="log", yscale="log", xlabel=axes[0], ylabel=axes[1])
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right upper")
    return figure


def _panels(count: int, width: float, height: float, **shared: Any) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels side by side, and a layout that finds room for legends and bars."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False, **shared)[0])


def _plot(panel: Axes, found: Mapping[str, tuple[Any, Any]], marked: bool = False) -> None:
    """A line for each (x, y) in `found`, by its label."""
    for (label, (x, y)), look in zip(found.items(), style.lines(list(found)).values(), strict=True):
        marker = look.marker if marked else ""
        panel.plot(
            x, y, color=look.colour, linestyle=look.linestyle, marker=marker, markersize=5, label=label
        )


def _images(images: np.ndarray, titles: Sequence[str]) -> Figure:
    if not len(images):
        raise SelectionError("first: there are no images so far back")
    columns = min(len(images), 5)
    rows = -(-len(images) // columns)
    side = 1.5 if len(images) > 1 else 3.5
    figure = Figure(figsize=(side * columns, (side + 0.45) * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        edge = round(len(image) ** 0.5)
        axis.imshow(image.reshape(edge, edge), cmap="gray_r", interpolation="nearest")
        axis.set_title(title, fontsize=8)
    return figure


DRAWS: dict[str, Draw] = {
    "curves": curves,
    "class_errors": class_errors,
    "confusion": confusion,
    "hardest_digits": hardest_digits,
    "sample_digits": sample_digits,
    "descent": descent,
    "decision": decision,
    "points": points,
    "activation": activation,
    "output_gradients": output_gradients,
    "measured": measured,
}

# What a figure shows of its seeds, where that is not the mean with the standard deviation.
SHOWS = {
    "class_errors": "mean over seeds",
    "confusion": "mean over seeds",
    "hardest_digits": "the first seed",
    "sample_digits": "",  # of no seed
    "decision": "the first seed",
}
