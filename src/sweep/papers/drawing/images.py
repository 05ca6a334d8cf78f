"""Figures of examples: which classes are confused, and the images themselves."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sweep.core.rules import AtLeast
from sweep.data import labels
from sweep.papers.collection import Collection, SelectionError, recorded_class_names, recorded_data
from sweep.papers.specification import Count, Experiment, Where
from sweep.report.figures import style
from sweep.stats.trials import drop_diverged


def confusion(collection: Collection, experiment: Experiment, where: Where = None) -> Figure:
    """Draw the test digits by true and predicted class, in percent of the true class, mean over seeds."""
    counts = collection.confusions(experiment, where)
    per_class = counts.sum(axis=2, keepdims=True)
    # A class without examples has an empty row.
    share = np.divide(100 * counts, per_class, out=np.zeros_like(counts), where=per_class > 0).mean(axis=0)
    right = np.eye(len(share), dtype=bool)
    worst = share[~right].max() or 1.0
    figure = Figure(figsize=(6.2, 5.2), layout="constrained")
    panel = figure.subplots()
    # The diagonal is near 100 %. It stays white, so that the errors use the whole range of greys.
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
    classes = recorded_class_names(collection, experiment, where)
    ticks, names = np.arange(len(share)) + 0.5, [classes.tick(number) for number in range(len(share))]
    panel.set_xticks(ticks, names, rotation=0 if max(map(len, names)) < 4 else 90)
    panel.set_yticks(ticks, names, rotation=0)
    panel.set(xlabel=f"predicted {classes.noun}", ylabel=f"true {classes.noun}")
    panel.grid(visible=False)
    return figure


def hardest_digits(
    collection: Collection, experiment: Experiment, where: Where = None, *, count: Count = 20
) -> Figure:
    """Draw the test images of highest loss of the first seed, with label and prediction."""
    row = drop_diverged(collection.test_outcomes(experiment, where)).iloc[0]
    digest = collection.trials(experiment, where)["data.digest"].iloc[0]
    _, raw = recorded_data(collection, experiment, digest)
    images = raw.test_features[np.array(row["hardest_indices"][:count], int)]
    classes = recorded_class_names(collection, experiment, where)
    titles = [
        f"{classes.tick(label)}, read as {classes.tick(predicted)}\nloss {loss:.1f}"
        for label, predicted, loss in zip(
            row["hardest_labels"], row["hardest_predictions"], row["hardest_losses"], strict=True
        )
    ]
    return _images(images, titles[:count])


def sample_digits(
    collection: Collection,
    experiment: Experiment,
    *,
    count: Count = 20,
    first: Annotated[int, AtLeast(0)] = 0,
    statistics: bool = False,
) -> Figure:
    """Draw training images as they stand in the file, with labels, or with mean and std of the pixels."""
    data, raw = recorded_data(collection, experiment)
    available = max(0, len(raw.train_labels) - first)
    if count > available:
        raise SelectionError(f"count={count}: must be at most {available}, the images from {first} on")
    images, chosen = raw.train_features[first : first + count], raw.train_labels[first : first + count]
    titles = [labels.class_names(data)[label] for label in chosen]
    if statistics:
        titles = [
            f"{title}: mean {image.mean() / 255:.4f}, standard deviation {image.std() / 255:.4f}"
            for title, image in zip(titles, images, strict=True)
        ]
    return _images(images, titles)


def _images(images: NDArray[Any], titles: Sequence[str]) -> Figure:
    """Draw square images, (images, pixels), five in a row, each under its title."""
    if not len(images):
        raise SelectionError("first: the data have no images from there on")
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
