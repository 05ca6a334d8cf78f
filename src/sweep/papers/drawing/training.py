"""Figures of training: learning curves, and the error of each class."""

from collections.abc import Sequence
from typing import Annotated

from matplotlib.figure import Figure

from sweep.core.rules import OneOf
from sweep.papers import examples
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.drawing.panels import Parts, Range, Where
from sweep.papers.specification import Experiment
from sweep.report import figures
from sweep.report.figures import layout, style
from sweep.report.figures.curves import first_flattens
from sweep.stats.trials import drop_diverged


def learning_curves(
    collection: Collection,
    experiment: Experiment,
    metric: Annotated[str, OneOf(("accuracy", "loss"))] = "accuracy",
    parts: Parts = ("train", "validation", "test"),
    lines: Sequence[str] = (),
    where: Where = None,
    limits: Range | None = None,
) -> Figure:
    """Learning curves, a panel for each part, mean ± std over seeds, a line for each value of `lines`.

    `limits` are those of the vertical axis, in its units.
    """
    rows = drop_diverged(collection.curves(experiment, where, lines))
    names = [f"{part}_{metric}" for part in parts]
    if not any(name in rows and rows[name].notna().any() for name in names):
        raise SelectionError(f"{experiment}: its records hold no {metric} of {', '.join(parts)}")
    figure = figures.draw_curves(rows, metric, lines=lines, parts=parts)
    if limits is None:
        return figure
    for panel in figure.axes:
        panel.set_ylim(*limits)
        if metric == "accuracy":
            style.percent_axis(panel)
    return figure


def class_errors(
    collection: Collection,
    experiment: Experiment,
    parts: Parts = ("train", "test"),
    where: Where = None,
) -> Figure:
    """The error of each class against epochs: a panel a class, a line for each part, mean over seeds."""
    rows = drop_diverged(collection.class_curves(experiment, where))
    rows = rows[rows["part"].isin(parts)].assign(error=100 * rows["error"])
    remarks = []
    if first_flattens(rows, "error", ["part", "class"], share=1 / 2):
        remarks = [f"not drawn: epoch {rows['epoch'].min():.3g}"]
        rows = rows[rows["epoch"] > rows["epoch"].min()]
    classes = sorted(rows["class"].unique())
    named = examples.classes(collection, experiment, where)
    titles = tuple(named.title(number) for number in classes)
    columns = min(5, len(classes))
    grid = layout.Grid(len(classes), columns, width=1.75, height=1.5, share="all", titles=titles)
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
        style.epoch_axis(panel, rows["epoch"].min(), rows["epoch"].max(), width=grid.width)
    handles = [look.handle(label, marked=False) for label, look in looks.items()]
    return grid.finish("epoch", "error (%)", handles=handles, title="error of the class", remarks=remarks)
