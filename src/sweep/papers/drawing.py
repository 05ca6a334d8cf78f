"""What a paper's figures can be: general functions, picked by name and settings in paper.yaml.

A new kind of figure is one function here and its entry in `DRAWS`. Each gets the paper's records; the
figure's `settings` are its keyword arguments.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from sweep.analysis import figures
from sweep.analysis.aggregate import sound
from sweep.data import datasets
from sweep.data.settings import DataConfig
from sweep.execution.store import MOST_WEIGHTS
from sweep.nn.activations import ACTIVATIONS
from sweep.nn.losses import OUTPUTS, Objective
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.kinds import AtLeast, Length, OneOf
from sweep.papers.surfaces import Polynomial, descend, plane

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
    rows = sound(collection.curves(experiment, where, lines))
    left_out = [f"{part}_{metric}" for part in figures.PARTS if part not in parts]
    rows = rows.drop(columns=left_out, errors="ignore").dropna(axis=1, how="all")
    if not any(f"{part}_{metric}" in rows for part in parts):
        raise SelectionError(f"{experiment}: its records hold no {metric} of {', '.join(parts)}")
    figure = figures.draw_curves(rows, metric, lines)
    if limits is not None:
        figure.axes[0].set_ylim(*limits)
    return figure


def class_errors(
    collection: Collection,
    experiment: str,
    parts: Parts = ("train", "test"),
    where: dict[str, Any] | None = None,
) -> Figure:
    """The error of each class against epochs, a panel for each part, mean over seeds."""
    rows = sound(collection.class_curves(experiment, where))
    rows = rows.assign(error=100 * rows["error"], digit=rows["class"].astype(str))
    figure, axes = plt.subplots(
        1, len(parts), figsize=(4.4 * len(parts) + 1, 4.2), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, part in zip(axes[0], parts, strict=True):
        sns.lineplot(
            rows[rows["part"] == part],
            x="epoch",
            y="error",
            hue="digit",
            style="digit",
            palette=figures.PALETTE,
            errorbar=None,
            ax=axis,
            legend=part == parts[-1],
        )
        axis.set(
            xlabel="epoch", ylabel="error (percent of the class)", title=figures.PARTS[part], yscale="log"
        )
        axis.grid(color="0.9")
    sns.move_legend(axes[0, -1], "upper left", bbox_to_anchor=(1.02, 1), title="digit", frameon=False)
    return figure


def confusion(collection: Collection, experiment: str, where: dict[str, Any] | None = None) -> Figure:
    """Test digits by true and predicted class, in percent of the true class, mean over seeds."""
    counts = collection.confusions(experiment, where)
    share = (100 * counts / counts.sum(axis=2, keepdims=True)).mean(axis=0)
    figure, axis = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    text = np.vectorize(lambda value: "" if value < 0.05 else f"{value:.1f}")(share)
    # The diagonal is near 100: errors get the whole range of greys.
    worst = share[~np.eye(len(share), dtype=bool)].max()
    sns.heatmap(
        share,
        annot=text,
        fmt="",
        cmap="Greys",
        vmin=0,
        vmax=2 * worst,
        square=True,
        ax=axis,
        annot_kws={"size": 8},
        cbar_kws={"label": "percent of the true class (darkest: that or more)"},
    )
    axis.set(xlabel="predicted digit", ylabel="true digit")
    axis.tick_params(rotation=0)
    return figure


def hardest_digits(
    collection: Collection, experiment: str, where: dict[str, Any] | None = None, count: Count = 20
) -> Figure:
    """The test digits of highest loss of the first seed, with label and prediction."""
    row = sound(collection.reports(experiment, where)).iloc[0]
    images = datasets.load(DataConfig()).test_features[np.array(row["hardest_indices"][:count], int)]
    titles = [
        f"{label}, read as {predicted}\nloss {loss:.1f}"
        for label, predicted, loss in zip(
            row["hardest_labels"], row["hardest_predictions"], row["hardest_losses"], strict=True
        )
    ]
    return _digits(images, titles[:count])


def sample_digits(
    collection: Collection, count: Count = 20, first: Annotated[int, AtLeast(0)] = 0, statistics: bool = False
) -> Figure:
    """Training digits as they stand in the file, with their labels; or mean and std of their pixels."""
    raw = datasets.load(DataConfig())
    images, labels = raw.train_features[first : first + count], raw.train_labels[first : first + count]
    titles = [str(label) for label in labels]
    if statistics:
        titles = [
            f"{label}: mean {image.mean() / 255:.4f}, standard deviation {image.std() / 255:.4f}"
            for label, image in zip(labels, images, strict=True)
        ]
    return _digits(images, titles)


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
    figure, axes = plt.subplots(
        1,
        len(rates),
        figsize=(4.6 * len(rates) + 0.6, 4.4),
        squeeze=False,
        layout="constrained",
        subplot_kw={"projection": "3d"} if solid else {"aspect": "equal"},
    )
    colours = sns.color_palette(figures.PALETTE, len(starts))
    for axis, rate in zip(axes[0], rates, strict=True):
        paths = descend(function, np.array(starts, float), rate, steps)
        if not np.isfinite(paths).all():
            raise SelectionError(f"rates={rate:g}: the descent leaves all bounds in {steps} steps")
        if solid:
            axis.plot_surface(x, y, heights, cmap="Greys", alpha=0.5, linewidth=0, rasterized=True)
            axis.set(zlabel="f(x, y)")
        else:
            contours = axis.contour(x, y, heights, levels=25, cmap="cividis", linewidths=0.8)
            if axis is axes[0, -1]:
                figure.colorbar(contours, ax=axis, label="f(x, y)")
            axis.set(xlim=extent[:2], ylim=extent[2:])
        for path, colour in zip(paths.swapaxes(0, 1), colours, strict=True):
            heights_passed = [function(path)] if solid else []
            axis.plot(*path.T, *heights_passed, "o-", color=colour, markersize=3, linewidth=1.2, zorder=10)
            ends = [values[-1:] for values in (*path.T, *heights_passed)]
            axis.plot(*ends, "X", color=colour, markersize=9, markeredgecolor="black", zorder=11)
        axis.set(xlabel="x", ylabel="y", title=f"learning rate {rate:g}, {steps} steps")
    return figure


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
    rows = sound(collection.networks(experiment, where)).drop_duplicates("cell")
    if rows["weights"].isna().any():
        raise SelectionError(
            f"{experiment}: the records hold no weights; they do of networks of at most {MOST_WEIGHTS}"
        )
    figure, panels = plt.subplots(
        1, len(rows), figsize=(4.4 * len(rows) + 0.8, 4.2), squeeze=False, layout="constrained"
    )
    for panel, title, row in zip(panels[0], titles, rows.to_dict("records"), strict=True):
        x, y, values, points, classes = plane(row["config"], row["seed"], row["weights"])
        shades = panel.contourf(x, y, values, levels=np.linspace(0, 1, 11), cmap="cividis", extend="both")
        shades.set_rasterized(True)  # as shapes they would make most of the file
        for label, marker, colour in zip((0, 1), "ox", ("black", "white"), strict=True):
            across, up = points[classes == label].T
            panel.scatter(
                across,
                up,
                s=16,
                marker=marker,
                facecolor=colour,
                edgecolor="white" if marker == "o" else None,
                linewidth=0.8,
                label=labels[label],
            )
        panel.set(xlabel=axes[0], ylabel=axes[1], title=title)
    figure.colorbar(shades, ax=panels[0, -1], label=f"output for {labels[1]}")
    handles, names = panels[0, 0].get_legend_handles_labels()
    legend = figure.legend(handles, names, loc="outside lower center", ncols=2)
    legend.get_frame().set_facecolor("0.7")
    return figure


def points(collection: Collection, data: dict[str, Any], labels: Pair, axes: Pair = ("x", "y")) -> Figure:
    """The training part of a generated data set in the plane."""
    raw = datasets.load(DataConfig(**data))
    figure, axis = plt.subplots(figsize=(5.4, 4.2), layout="constrained")
    for label, marker, colour in zip((0, 1), "ox", sns.color_palette(figures.PALETTE), strict=False):
        across, up = raw.train_features[raw.train_labels == label].T
        axis.scatter(across, up, marker=marker, color=colour, s=22)
    axis.set(xlabel=axes[0], ylabel=axes[1])
    axis.legend(labels, loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    return figure


def activation(
    collection: Collection, name: Annotated[str, OneOf(ACTIVATIONS)], extent: Range = (-8.0, 8.0)
) -> Figure:
    """An activation and its derivative, as the networks compute them."""
    z = np.linspace(extent[0], extent[1], 401)
    function, output, slope = ACTIVATIONS[name], z.copy(), np.ones_like(z)
    function.apply(output)
    function.backward(slope, output)
    figure, axis = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    axis.set_prop_cycle(color=sns.color_palette(figures.PALETTE))
    axis.plot(z, output, label=name)
    axis.plot(z, slope, "--", label="its derivative")
    axis.set(xlabel="z", ylabel="value")
    axis.grid(color="0.9")
    axis.legend(frameon=False)
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
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for axis, target in zip(axes, (1.0, 0.0), strict=True):
        axis.set_prop_cycle(color=sns.color_palette(figures.PALETTE))
        for (loss, factor), style in zip(losses.items(), ("-", "--", ":", "-."), strict=False):
            # One example each, so that a mean over examples does not shrink it.
            slopes = z[:, None, None].copy()
            Objective(output, loss).delta(slopes, np.full((len(z), 1, 1), target))
            times = "" if factor == 1 else f"{factor:g} × "
            axis.plot(z, factor * np.abs(slopes[:, 0, 0]), style, label=times + loss.replace("_", " "))
        axis.set(xlabel="pre-activation z", title=f"target {target:g}")
        axis.grid(color="0.9")
    axes[0].set_ylabel("size of the gradient |dE/dz|")
    axes[1].legend(frameon=False)
    return figure


def measured(collection: Collection, measurement: str, x: str, y: Sequence[str], axes: Pair) -> Figure:
    """Columns `y` of a measurement against its column `x`, both on logarithmic scales."""
    rows = collection.measurement(measurement, [x, *y]).sort_values(x)
    figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
    axis.set_prop_cycle(color=sns.color_palette(figures.PALETTE))
    for name, style in zip(y, ("o-", "s--", "^:", "D-."), strict=False):
        axis.plot(rows[x], rows[name], style, label=name.replace("_", " "))
    axis.set(xscale="log", yscale="log", xlabel=axes[0], ylabel=axes[1])
    axis.grid(color="0.9")
    axis.legend(frameon=False)
    return figure


def _digits(images: np.ndarray, titles: Sequence[str]) -> Figure:
    columns = min(len(images), 5)
    rows = -(-len(images) // columns)
    side = 1.5 if len(images) > 1 else 3.5
    figure, axes = plt.subplots(
        rows, columns, figsize=(side * columns, (side + 0.45) * rows), squeeze=False, layout="constrained"
    )
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
    "decision": "the first seed",
}
