"""Figures of examples: which classes are taken for which, and the images themselves."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sweep.core.rules import AtLeast
from sweep.data import labels
from sweep.papers import examples
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.drawing.panels import Count, Where, side_by_side
from sweep.papers.specification import Experiment
from sweep.report.figures import style
from sweep.stats.trials import drop_diverged


def confusion(collection: Collection, experiment: Experiment, where: Where = None) -> Figure:
    """Test digits by true and predicted class, in percent of the true class, mean over seeds."""
    counts = collection.confusions(experiment, where)
    per_class = counts.sum(axis=2, keepdims=True)
    # A class without examples has an empty row.
    share = np.divide(100 * counts, per_class, out=np.zeros_like(counts), where=per_class > 0).mean(axis=0)
    right = np.eye(len(share), dtype=bool)
    worst = share[~right].max() or 1.0
    figure, (panel,) = side_by_side(1, 6.2, 5.2)
    # The diagonal is near 100 %. It is left white, so that the errors get the whole range of greys.
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
    named = examples.classes(collection, experiment, where)
    ticks, names = np.arange(len(share)) + 0.5, [named.tick(number) for number in range(len(share))]
    panel.set_xticks(ticks, names, rotation=0 if max(map(len, names)) < 4 else 90)
    panel.set_yticks(ticks, names, rotation=0)
    panel.set(xlabel=f"predicted {named.noun}", ylabel=f"true {named.noun}")
    panel.grid(visible=False)
    return figure


def hardest_digits(
    collection: Collection, experiment: Experiment, where: Where = None, count: Count = 20
) -> Figure:
    """The test images of highest loss of the first seed, with label and prediction."""
    row = drop_diverged(collection.test_outcomes(experiment, where)).iloc[0]
    digest = collection.trials(experiment, where)["data.digest"].iloc[0]
    _, raw = examples.of_records(collection, experiment, digest)
    images = raw.test_features[np.array(row["hardest_indices"][:count], int)]
    named = examples.classes(collection, experiment, where)
    titles = [
        f"{named.tick(label)}, read as {named.tick(predicted)}\nloss {loss:.1f}"
        for label, predicted, loss in zip(
            row["hardest_labels"], row["hardest_predictions"], row["hardest_losses"], strict=True
        )
    ]
    return _images(images, titles[:count])


def sample_digits(
    collection: Collection,
    experiment: Experiment,
    count: Count = 20,
    first: Annotated[int, AtLeast(0)] = 0,
    statistics: bool = False,
) -> Figure:
    """Training images as they stand in the file, with their labels; or mean and std of their pixels."""
    data, raw = examples.of_records(collection, experiment)
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


def _images(images: NDArray[Any], titles: Sequence[str]) -> Figure:
    """Square images, (images, pixels), five a row, each under its title."""
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
