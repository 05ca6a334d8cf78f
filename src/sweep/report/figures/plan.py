"""The figures of a sweep: choose them, draw them, and say which were left out and why.

No error leaves `draw_all`: a figure that cannot be drawn is listed among those left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain, combinations
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from sweep.core.errors import one_line
from sweep.core.formats import plural, span
from sweep.report import saving
from sweep.report.figures import style
from sweep.report.figures.accuracy import draw_accuracy, draw_cells
from sweep.report.figures.answer import MOST_ROWS, draw_answer
from sweep.report.figures.curves import draw_curves, evaluated_parts
from sweep.report.figures.differences import draw_differences
from sweep.report.figures.heatmap import draw_heatmap
from sweep.report.figures.marks import NAMES, BaselineComparison
from sweep.stats.trials import Factor, drop_diverged, factors
from sweep.training.result import Status

MOST_FIGURES = 12
MOST_LINES = 8  # in a panel
MOST_PART_ROWS = 6  # of panels, with a column for each part
MOST_PANELS = 36  # of one part
FEW_PANELS = 6  # of heatmaps, unless all figures are asked for
MOST_VALUES = 40  # of one setting, in a heatmap
MOST_DIFFERENCES = 30


@dataclass(frozen=True)
class Planned:
    """Figure that is to be drawn, and the name of its file."""

    name: str
    draw: Callable[[], Figure]


@dataclass
class Drawn:
    """Files that were written, and a text with the reason for each figure that was not drawn."""

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def draw_all(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    axes: Sequence[str],
    *,
    folder: Path,
    formats: Sequence[str] = ("png",),
    settings: str = "",
    against: BaselineComparison | None = None,
    everything: bool = False,
    beside: Sequence[Planned] = (),
) -> Drawn:
    """Draw the figures of a sweep as files in `folder`: a dozen at most, unless `everything` is True.

    They are the answer of a sweep over one setting, learning curves, each cell against the baseline of
    `against`, those `beside`, accuracy against each swept setting, and a heatmap. `trials` and `curves` are
    those of `sweep.load` and `sweep.curves`, with one column for each of `axes`, the swept settings.
    Diverged trials are left out and counted below each figure, after `settings`: the data set and the
    settings that all cells share. A figure that cannot be drawn is listed among those left out.
    """
    planned, left_out = plan_figures(
        trials, curves, axes, settings=settings, against=against, everything=everything, beside=beside
    )
    drawn = Drawn(left_out=left_out)
    with style.applied():
        for figure in planned:
            try:
                drawn.files += saving.save(figure.draw(), folder / figure.name, formats)
            except Exception as error:  # one figure that fails must not cost the others
                drawn.left_out.append(f"{figure.name}: {one_line(error)}")
    return drawn


def plan_figures(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    axes: Sequence[str],
    *,
    settings: str = "",
    against: BaselineComparison | None = None,
    everything: bool = False,
    beside: Sequence[Planned] = (),
) -> tuple[list[Planned], list[str]]:
    """Return the figures of a sweep, the most telling first, and those left out, with the reason."""
    if drop_diverged(trials).empty:
        return [], ["all figures: every trial diverged" if len(trials) else "all figures: no trials"]
    sweep = Material(trials, curves, tuple(axes), settings, against, everything)
    left_out: list[str] = []
    for axis in axes:
        if axis not in chain(*sweep.varying):
            left_out.append(f"accuracy_by_{saving.key([axis])}: has one value in all trials")
    learning = list(_curve_figures(sweep, left_out))
    planned = [
        *_answer_figure(sweep, left_out),
        *learning[:1],
        *_difference_figure(sweep),
        *beside,
        *(_accuracy_figure(sweep, factor) for factor in sweep.varying),
        *_heatmap_figures(sweep, left_out),
        *learning[1:],
    ]
    most = len(planned) if everything else MOST_FIGURES
    if planned[most:]:
        rest = ", ".join(figure.name for figure in planned[most:])
        left_out.append(f"{rest}: more than {most} figures; figures=all draws every one")
    return planned[:most], left_out


@dataclass(frozen=True)
class Material:
    """Trials and curves of a sweep, with one column for each of `axes`, the swept settings.

    Diverged trials are among them. `settings` names what all cells share; `everything` asks for all figures.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    axes: tuple[str, ...]
    settings: str = ""
    against: BaselineComparison | None = None
    everything: bool = False

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Return a row for each cell, or two if a cell stands in the sweep under two names."""
        return self.trials.drop_duplicates(["cell", *self.axes])

    @cached_property
    def varying(self) -> list[Factor]:
        """Return the settings that vary, those that vary together as one."""
        return factors(self.cells, self.axes)

    def caption(self, trials: pd.DataFrame, *, spread: bool = True) -> str:
        """Return the caption of a figure of these trials; `spread` as in `note`."""
        text = note(trials, spread=spread)
        return f"{self.settings}: {text}" if self.settings else text


def note(trials: pd.DataFrame, *, spread: bool = True) -> str:
    """Count the seeds of a figure's cells, the trials that diverged, and the networks that died.

    `trials` are those of the figure's cells, diverged ones included. `spread` is True if the figure shows
    mean and standard deviation.
    """
    trials = trials.drop_duplicates(["cell", "seed"])  # a cell may stand in a sweep twice
    counted = drop_diverged(trials)
    diverged = len(trials) - len(counted)
    seeds = counted.groupby("cell")["seed"].nunique()
    most, least = int(seeds.max()) if len(seeds) else 0, int(seeds.min()) if len(seeds) else 0
    text = f"{span(least, most)} seeds per setting" if most > 1 else "one seed per setting, no spread"
    text = f"mean ± standard deviation over {span(least, most)} seeds" if spread and most > 1 else text
    text += f"; {plural(diverged, 'diverged trial')} left out" if diverged else ""
    empty = trials["cell"].nunique() - len(seeds)
    if empty:
        text += f", including every trial of {plural(empty, 'cell')}"
    dead = int((counted["status"] == Status.DEAD.value).sum())
    return text + (f"; {plural(dead, 'dead trial')} (same output for every input) included" if dead else "")


def _answer_figure(sweep: Material, left_out: list[str]) -> Iterator[Planned]:
    """Plan the answer: seeds, differences and verdicts of a sweep over one setting."""
    trials, against = drop_diverged(sweep.trials), sweep.against
    if len(sweep.varying) != 1 or against is None or against.cell not in set(trials["cell"]):
        return
    shown = next((name for name in NAMES if name in trials and trials[name].notna().any()), "")
    if against.of(shown) is None:
        return
    if trials["cell"].nunique() > MOST_ROWS:
        left_out.append(f"answer: more than {MOST_ROWS} cells")
        return
    caption = sweep.caption(sweep.trials, spread=False)
    yield Planned("answer", partial(draw_answer, trials, sweep.varying[0], against, caption=caption))


def _difference_figure(sweep: Material) -> Iterator[Planned]:
    """Plan every cell against the baseline, the highest first; of very many, those closest to it."""
    against, axes = sweep.against, tuple(chain(*sweep.varying))
    if against is None or against.cell is None:
        return
    settings = sweep.cells.drop_duplicates("cell").set_index("cell")[list(axes)]
    rows = against.table[against.table["cell"].isin(settings.index)].dropna(subset="difference")
    if rows.empty:
        return
    closest = rows.loc[rows["difference"].abs().sort_values(kind="stable").index[:MOST_DIFFERENCES]]
    count = f"the {len(closest)} of {len(rows)} cells closest to it; " if len(closest) < len(rows) else ""
    shown = closest.sort_values("difference", ascending=False, kind="stable")
    draw = partial(
        draw_differences,
        style.values(settings.loc[shown["cell"]], axes),
        shown,
        against.criteria,
        title=f"compared with {against.baseline}",
        heading=style.settings(axes),
        caption=count + sweep.caption(sweep.trials, spread=False),
    )
    yield Planned("differences", draw)


def _accuracy_figure(sweep: Material, factor: Factor) -> Planned:
    """Plan accuracy against one factor, with lines and panels for the others."""
    name, caption = f"accuracy_by_{saving.key(factor)}", sweep.caption(sweep.trials, spread=False)
    arrangement = arrange(sweep.cells, [other for other in sweep.varying if other != factor])
    trials = drop_diverged(sweep.trials)
    if arrangement.panels > MOST_PANELS:
        return Planned(name, partial(draw_cells, trials, factor, caption=caption))
    draw = partial(draw_accuracy, lines=arrangement.lines, facets=arrangement.facets, against=sweep.against)
    return Planned(name, partial(draw, trials, factor, caption=caption))


def _heatmap_figures(sweep: Material, left_out: list[str]) -> Iterator[Planned]:
    """Plan heatmaps of two settings each: one of them, or all if every figure is asked for."""
    others: list[str] = []
    first = True
    for pair in crossed(sweep.cells, sweep.varying):
        name = f"heatmap_{saving.key((*pair.up, *pair.across))}"
        if pair.panels > MOST_PANELS or pair.values > MOST_VALUES:
            left_out.append(f"{name}: more than {MOST_PANELS} panels or {MOST_VALUES} values")
        elif sweep.everything or (first and pair.panels <= FEW_PANELS):
            draw = partial(draw_heatmap, drop_diverged(sweep.trials), pair.across, pair.up)
            caption = sweep.caption(sweep.trials, spread=False)
            yield Planned(name, partial(draw, facets=pair.facets, caption=caption, against=sweep.against))
            first = False
        else:
            others.append(name)
    if others:
        left_out.append(
            f"{', '.join(others)}: only one heatmap of up to {FEW_PANELS} panels is drawn;"
            " figures=all draws every one"
        )


def _curve_figures(sweep: Material, left_out: list[str]) -> Iterator[Planned]:
    """Plan learning curves of accuracy and loss: one figure each, or, of many cells, one for each part."""
    trials, curves, varying = sweep.trials, drop_diverged(sweep.curves), sweep.varying
    cells = curves.drop_duplicates(["cell", *chain(*varying)])
    arrangement, suffix, caption = arrange(cells, varying), "", sweep.caption(trials)
    if arrangement.panels > MOST_PANELS:
        best = _best(trials)
        left_out.append(
            f"learning curves of {trials['cell'].nunique() - len(best)} cells: too many for one figure;"
            f" the {len(best)} cells with the highest validation accuracy are drawn"
        )
        trials, curves = trials[trials["cell"].isin(best)], curves[curves["cell"].isin(best)]
        arrangement, suffix = arrange(curves.drop_duplicates("cell"), varying), "_best"
        caption = f"the {len(best)} cells with the highest validation accuracy; {sweep.caption(trials)}"
    elif arrangement.facets:
        suffix = f"_by_{saving.key(arrangement.lines)}" if arrangement.lines else ""
    by_metric = {metric: evaluated_parts(curves, metric) for metric in ("accuracy", "loss")}
    for metric, parts in by_metric.items():
        if not parts:
            left_out.append(f"curves_{metric}: was not evaluated")
    draw = partial(draw_curves, curves, lines=arrangement.lines, facets=arrangement.facets, caption=caption)
    if arrangement.panels <= MOST_PART_ROWS:
        for metric, parts in by_metric.items():
            if parts:
                yield Planned(f"curves_{metric}{suffix}", partial(draw, metric))
        return
    for part in ("test", "validation", "train"):
        for metric, parts in by_metric.items():
            if part in parts:
                yield Planned(f"curves_{metric}_{part}{suffix}", partial(draw, metric, parts=[part]))


def _best(trials: pd.DataFrame) -> list[str]:
    """Return the cells with the highest validation accuracy, or training accuracy if there is no other."""
    counted = drop_diverged(trials)
    for measure in ("validation_accuracy", "train_accuracy"):
        if measure in counted and counted[measure].notna().any():
            means = counted.groupby("cell", sort=False)[measure].mean()
            return list(means.nlargest(MOST_LINES).index)
    return list(counted["cell"].unique()[:MOST_LINES])


@dataclass(frozen=True)
class Arrangement:
    """Settings that tell lines apart, and those that tell panels apart."""

    lines: tuple[str, ...]
    facets: tuple[str, ...]
    panels: int


def arrange(cells: pd.DataFrame, shown: Sequence[Factor]) -> Arrangement:
    """Divide the factors `shown` into lines and panels.

    A few combinations are lines of one panel. Otherwise the factor with the most values that fit makes the
    lines, and each combination of the others is a panel.
    """
    axes = tuple(chain(*shown))
    named = _named(cells, axes)
    if not axes or len(named.drop_duplicates()) <= MOST_LINES:
        return Arrangement(axes, (), 1)
    counts = {factor: named[factor[0]].nunique() for factor in shown}
    fitting = [factor for factor in shown if counts[factor] <= MOST_LINES]
    line = max(fitting, key=lambda factor: counts[factor], default=())
    facets = tuple(chain(*(factor for factor in shown if factor != line)))
    return Arrangement(line, facets, len(named[list(facets)].drop_duplicates()))


@dataclass(frozen=True)
class Pair:
    """Two factors for a heatmap: the one with more values `across`, and a panel for each of `facets`."""

    across: Factor
    up: Factor
    facets: tuple[str, ...]
    values: int  # of the one across
    panels: int


def crossed(cells: pd.DataFrame, varying: Sequence[Factor]) -> list[Pair]:
    """Return the pairs of factors with more than half of their combinations, fewest panels first.

    `cells` has a row for each cell; there is a panel for each combination of all other factors.
    """
    named, pairs = _named(cells, tuple(chain(*varying))), []
    counts = {factor: named[factor[0]].nunique() for factor in varying}
    for first, second in combinations(varying, 2):
        across, up = sorted((first, second), key=lambda factor: -counts[factor])
        facets = tuple(chain(*(factor for factor in varying if factor not in (first, second))))
        panels = len(named[list(facets)].drop_duplicates()) if facets else 1
        # Settings varied one at a time would leave most of a heatmap empty.
        if 2 * len(named.drop_duplicates()) > panels * counts[across] * counts[up]:
            pairs.append(Pair(across, up, facets, counts[across], panels))
    return sorted(pairs, key=lambda pair: pair.panels)


def _named(cells: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({axis: cells[axis].map(style.value) for axis in axes}, index=cells.index)
