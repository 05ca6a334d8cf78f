"""Figures of training: learning curves, and the error of each class."""

from collections.abc import Sequence
from typing import Annotated

from matplotlib.figure import Figure

from sweep.core.rules import Length, OneOf
from sweep.papers.collection import Collection, SelectionError, recorded_class_names
from sweep.papers.specification import Experiment, Range, Where
from sweep.report import figures
from sweep.report.figures import layout, style
from sweep.report.figures.curves import first_flattens
from sweep.stats.trials import drop_diverged

Parts = Annotated[Sequence[Annotated[str, OneOf(figures.PARTS)]], Length(1)]


def learning_curves(
    collection: Collection,
    experiment: Experiment,
    *,
    metric: Annotated[str, OneOf(("accuracy", "loss"))] = "accuracy",
    parts: Parts = ("train", "validation", "test"),
    lines: Sequence[str] = (),
    where: Where = None,
    limits: Range | None = None,
) -> Figure:
    """Draw learning curves: a panel for each part, a line (mean ± std over seeds) for each value of `lines`.

    `limits` bound the vertical axis, in its units.
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
    *,
    parts: Parts = ("train", "test"),
    where: Where = None,
) -> Figure:
    """Draw the error of each class against epochs: a panel a class, a line (mean over seeds) a part."""
    rows = drop_diverged(collection.class_curves(experiment, where))
    rows = rows[rows["part"].isin(parts)].assign(error=100 * rows["error"])
    remarks = []
    # The error before training would flatten all that follows.
    if first_flattens(rows, "error", ["part", "class"], share=1 / 2):
        remarks = [f"not drawn: epoch {rows['epoch'].min():.3g}"]
        rows = rows[rows["epoch"] > rows["epoch"].min()]
    classes = sorted(rows["class"].unique())
    names = recorded_class_names(collection, experiment, where)
    titles = tuple(names.title(number) for number in classes)
    columns = min(5, len(classes))
    grid = layout.Grid(len(classes), columns, width=1.75, height=1.5, share="all", titles=titles)
    looks = style.lines([figures.PARTS[part] for part in parts])
    panels = grid.panels()
    for panel, number in zip(panels, classes, strict=True):
        of_class = rows[rows["class"] == number]
        for part in parts:
            look, points = looks[figures.PARTS[part]], of_class[of_class["part"] == part]
            mean = points.groupby("epoch")["error"].mean()
            panel.plot(mean.index, mean, color=look.colour, linestyle=look.linestyle)
    grid.align(panels)
    for panel in panels:
        panel.set_ylim(bottom=0)
        style.epoch_axis(panel, rows["epoch"].min(), rows["epoch"].max(), width=grid.width)
    handles = [look.handle(label, marked=False) for label, look in looks.items()]
    return grid.finish("epoch", "error (%)", handles=handles, title="error of the class", remarks=remarks)
