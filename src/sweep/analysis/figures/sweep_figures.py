"""All figures of a sweep: which are drawn, and which are left out and why. No error leaves this module."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import pandas as pd

from sweep.analysis import figure_files
from sweep.analysis.aggregate import drop_diverged
from sweep.analysis.factors import Factor
from sweep.analysis.figures import style
from sweep.analysis.figures.accuracy import draw_accuracy, draw_cells
from sweep.analysis.figures.against import Against
from sweep.analysis.figures.choice import MOST_LINES, MOST_PANELS, MOST_ROWS, arrange
from sweep.analysis.figures.compared import difference_figures, heatmap_figures
from sweep.analysis.figures.learning_curves import draw_curves, evaluated_parts
from sweep.analysis.figures.material import Material, Planned
from sweep.errors import one_line

MOST_FIGURES = 12


@dataclass
class Drawn:
    """The files that were written, and what was not drawn: one text for each figure, with the reason."""

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def draw_all(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    axes: Sequence[str],
    folder: Path,
    formats: Sequence[str] = ("png",),
    settings: str = "",
    against: Against | None = None,
    everything: bool = False,
    beside: Sequence[Planned] = (),
) -> Drawn:
    """The figures of a sweep as files in `folder`: a dozen at most, unless `everything` is wanted.

    Learning curves, each cell against the baseline, `against`, those `beside`, accuracy against each swept
    setting, and a heatmap. `trials` and `curves` are those of `records`, with one column for each of `axes`,
    the swept settings. Diverged trials are left out and counted below each figure, behind `settings`: the
    data set and what all cells share. Raises nothing for a figure that cannot be drawn: it is among what was
    left out.
    """
    planned, left_out = plan_figures(trials, curves, axes, settings, against, everything, beside)
    drawn = Drawn(left_out=left_out)
    with style.applied():
        for figure in planned:
            try:
                drawn.files += figure_files.save(figure.draw(), folder / figure.name, formats)
            except Exception as error:  # one figure that fails must not cost the others
                drawn.left_out.append(f"{figure.name}: {one_line(error)}")
    return drawn


def plan_figures(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    axes: Sequence[str],
    settings: str = "",
    against: Against | None = None,
    everything: bool = False,
    beside: Sequence[Planned] = (),
) -> tuple[list[Planned], list[str]]:
    """The figures of a sweep, the most telling first, and what is left out, with the reason."""
    if drop_diverged(trials).empty:
        return [], ["all figures: every trial diverged" if len(trials) else "all figures: no trials"]
    sweep = Material(trials, curves, tuple(axes), settings, against, everything)
    left_out: list[str] = []
    for axis in axes:
        if axis not in chain(*sweep.varying):
            left_out.append(f"accuracy_by_{figure_files.key([axis])}: has one value in all trials")
    learning = list(_curve_figures(sweep, left_out))
    planned = [
        *learning[:1],
        *difference_figures(sweep),
        *beside,
        *(_accuracy_figure(sweep, factor) for factor in sweep.varying),
        *heatmap_figures(sweep, left_out),
        *learning[1:],
    ]
    most = len(planned) if everything else MOST_FIGURES
    if planned[most:]:
        rest = ", ".join(figure.name for figure in planned[most:])
        left_out.append(f"{rest}: more than {most} figures; figures=all draws every one")
    return planned[:most], left_out


def _curve_figures(sweep: Material, left_out: list[str]) -> Iterator[Planned]:
    """Learning curves of accuracy and loss: one figure each, or, of many cells, one for each part."""
    trials, curves, varying = sweep.trials, drop_diverged(sweep.curves), sweep.varying
    cells = curves.drop_duplicates(["cell", *chain(*varying)])
    arrangement, suffix, caption = arrange(cells, varying), "", sweep.caption(trials)
    if arrangement.panels > MOST_PANELS:
        best = _best(trials)
        left_out.append(
            f"learning curves of {trials['cell'].nunique() - len(best)} cells: too many for one figure;"
            f" those of the {len(best)} with the highest validation accuracy are drawn"
        )
        trials, curves = trials[trials["cell"].isin(best)], curves[curves["cell"].isin(best)]
        arrangement, suffix = arrange(curves.drop_duplicates("cell"), varying), "_best"
        caption = f"the {len(best)} cells with the highest validation accuracy; {sweep.caption(trials)}"
    elif arrangement.facets:
        suffix = f"_by_{figure_files.key(arrangement.lines)}" if arrangement.lines else ""
    by_metric = {metric: evaluated_parts(curves, metric) for metric in ("accuracy", "loss")}
    for metric, parts in by_metric.items():
        if not parts:
            left_out.append(f"curves_{metric}: was not evaluated")
    draw = partial(draw_curves, curves, lines=arrangement.lines, facets=arrangement.facets, caption=caption)
    if arrangement.panels <= MOST_ROWS:
        for metric, parts in by_metric.items():
            if parts:
                yield Planned(f"curves_{metric}{suffix}", partial(draw, metric))
        return
    for part in ("test", "validation", "train"):
        for metric, parts in by_metric.items():
            if part in parts:
                yield Planned(f"curves_{metric}_{part}{suffix}", partial(draw, metric, parts=[part]))


def _accuracy_figure(sweep: Material, factor: Factor) -> Planned:
    name, caption = f"accuracy_by_{figure_files.key(factor)}", sweep.caption(sweep.trials)
    arrangement = arrange(sweep.cells, [other for other in sweep.varying if other != factor])
    trials = drop_diverged(sweep.trials)
    if arrangement.panels > MOST_PANELS:
        return Planned(name, partial(draw_cells, trials, factor, caption))
    arranged = (arrangement.lines, arrangement.facets)
    return Planned(name, partial(draw_accuracy, trials, factor, *arranged, caption, sweep.against))


def _best(trials: pd.DataFrame) -> list[str]:
    """The cells with the highest validation accuracy (or training accuracy, where there is none)."""
    counted = drop_diverged(trials)
    for measure in ("validation_accuracy", "train_accuracy"):
        if measure in counted and counted[measure].notna().any():
            means = counted.groupby("cell", sort=False)[measure].mean()
            return list(means.nlargest(MOST_LINES).index)
    return list(counted["cell"].unique()[:MOST_LINES])
