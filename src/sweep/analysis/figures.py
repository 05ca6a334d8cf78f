"""Figures over seeds: mean and one standard deviation, drawn with seaborn."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.analysis.aggregate import sound

# Distinguishable by the colour-blind; dashes and markers tell the same lines apart in grey.
PALETTE = "colorblind"
WHOLE_EPOCHS = 3  # from this length on, ticks stand at whole epochs only
_LINE = "line: "  # begins the name of the column that tells lines apart
MOST_LINES = 8
MOST_PAGES = 12
PARTS = {"train": "training", "validation": "validation", "test": "test"}

Page = tuple[str, pd.DataFrame, list[str]]


def draw_all(trials: pd.DataFrame, curves: pd.DataFrame, axes: Sequence[str], folder: Path) -> list[Path]:
    """Learning curves, and test accuracy against each swept setting, as PNG files in `folder`.

    `trials` and `curves` are those of `records`, with one column for each of `axes`, the swept settings.
    Diverged trials are left out and counted below the figure.
    """
    folder.mkdir(parents=True, exist_ok=True)
    caption = note(trials)
    trials, curves = sound(trials), sound(curves)
    files: list[Path] = []
    if trials.empty:
        return files
    for metric in ("accuracy", "loss"):
        for number, (title, rows, lines) in enumerate(_pages(curves, list(axes)), 1):
            figure = draw_curves(rows, metric, lines)
            files.append(_save(figure, title, caption, folder / _name(f"curves_{metric}", number)))
    for axis in axes:
        others = [other for other in axes if other != axis]
        for number, (title, rows, lines) in enumerate(_pages(trials, others), 1):
            figure = draw_axis(rows, axis, lines)
            files.append(_save(figure, title, caption, folder / _name(f"accuracy_by_{axis}", number)))
    return files


def draw_curves(curves: pd.DataFrame, metric: str, lines: Sequence[str]) -> Figure:
    """One panel for each evaluated part: `metric` against the epoch, a mean ± std band for each line.

    `lines` are the settings that tell the lines apart.
    """
    parts = [part for part in PARTS if f"{part}_{metric}" in curves]
    data, hue = _labelled(curves, lines)
    figure, panels = _panels(len(parts), 3.6, data, hue)
    style = {"style": hue, "hue": hue, "palette": PALETTE} if hue else {"color": "C0"}
    marker = "o" if data["epoch"].min() == data["epoch"].max() else None
    for panel, part in zip(panels, parts, strict=True):
        name = f"{part}_{metric}"
        data = data.assign(**{name: data[name] * (100 if metric == "accuracy" else 1)})
        sns.lineplot(data, x="epoch", y=name, errorbar="sd", ax=panel, marker=marker, **style)
        if data["epoch"].max() >= WHOLE_EPOCHS:
            panel.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
        panel.set(xlabel="epoch", ylabel="accuracy (%)" if metric == "accuracy" else metric)
        panel.set_title(PARTS[part])
        _legend(panel, hue, keep=part == parts[-1])
    return figure


def draw_axis(trials: pd.DataFrame, axis: str, lines: Sequence[str]) -> Figure:
    """Test accuracy against one setting: mean ± std bars, numbers to scale and names as categories."""
    data, hue = _labelled(trials, lines)
    figure, (panel,) = _panels(1, 5.5, data, hue)
    data = data.assign(test_accuracy=100 * data["test_accuracy"])
    style = {"hue": hue, "palette": PALETTE} if hue else {"color": "C0"}
    shared = {"x": axis, "y": "test_accuracy", "errorbar": "sd", "ax": panel}
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in data[axis]):
        data[axis] = pd.to_numeric(data[axis])
        bars = {"err_style": "bars", "err_kws": {"capsize": 4}}
        marks = {"style": hue, "markers": True} if hue else {"marker": "o"}
        sns.lineplot(data, **shared, **bars, **marks, **style)
        _numeric_scale(panel, sorted(data[axis].unique()))
    else:
        data[axis] = data[axis].map(str)
        dodge = 0.4 if hue else False
        sns.pointplot(data, capsize=0.1, linestyle="none", dodge=dodge, **shared, **style)
    panel.set(xlabel=axis, ylabel="test accuracy (%)")
    _legend(panel, hue, keep=True)
    return figure


def _panels(count: int, width: float, data: pd.DataFrame, hue: str | None) -> tuple[Figure, list[Axes]]:
    """Panels of `width` inches side by side, with room for a legend on the right.

    Margins are set by hand: matplotlib's automatic layouts draw every figure twice.
    """
    legend = 0.0
    if hue:
        longest = max(len(text) for text in [*data[hue].unique(), hue.removeprefix(_LINE)])
        legend = 0.8 + 0.085 * longest
    total, height = 0.8 + count * width + legend, 3.8
    with sns.axes_style("whitegrid"):
        figure, panels = plt.subplots(
            1, count, figsize=(total, height), squeeze=False, sharey=True, gridspec_kw={"wspace": 0.06}
        )
    figure.subplots_adjust(
        left=0.75 / total, right=1 - (legend + 0.15) / total, bottom=0.85 / height, top=1 - 0.6 / height
    )
    return figure, list(panels[0])


def _pages(rows: pd.DataFrame, axes: list[str]) -> Iterator[Page]:
    """The rows in portions of at most MOST_LINES lines: (title, rows, axes that tell lines apart)."""
    if not axes:
        yield "", rows, []
        return
    if len(rows[axes].map(str).drop_duplicates()) <= MOST_LINES:
        yield "", rows, axes
        return
    # The axis with the most values makes the lines; every combination of the others is a page.
    counts = {axis: rows[axis].map(str).nunique() for axis in axes}
    line = max(axes, key=lambda axis: counts[axis] if counts[axis] <= MOST_LINES else 0)
    others = [axis for axis in axes if axis != line]
    labels = rows[others].apply(lambda row: _label(row, others), axis=1)
    for label in labels.unique()[:MOST_PAGES]:
        yield label, rows[labels == label], [line]


def _labelled(rows: pd.DataFrame, lines: Sequence[str]) -> tuple[pd.DataFrame, str | None]:
    """The rows with a column that names each one's line, and that column's name (None for one line)."""
    if not lines:
        return rows, None
    name = ", ".join(lines)
    if len(lines) == 1:
        labels = rows[lines[0]].map(str)
    else:
        labels = rows[list(lines)].apply(lambda row: ", ".join(map(str, row)), axis=1)
    return rows.assign(**{_LINE + name: labels}), _LINE + name


def _label(row: pd.Series, axes: Sequence[str]) -> str:
    return ", ".join(f"{axis}={row[axis]}" for axis in axes)


def _legend(panel: Axes, hue: str | None, keep: bool) -> None:
    legend = panel.get_legend()
    if legend is None:
        return
    if keep and hue:
        title = hue.removeprefix(_LINE)
        sns.move_legend(panel, "upper left", bbox_to_anchor=(1.02, 1), title=title, frameon=False)
    else:
        legend.remove()


def _numeric_scale(panel: Axes, values: list[float]) -> None:
    """Ticks at the values themselves where few; a logarithmic axis where they span two decades."""
    if values[0] > 0 and values[-1] / values[0] >= 50:
        panel.set_xscale("log")
    if len(values) <= 10:
        panel.set_xticks(values, [f"{value:g}" for value in values])
        panel.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def note(trials: pd.DataFrame) -> str:
    """What stands below a figure: how many seeds, and how many trials diverged."""
    diverged = len(trials) - len(sound(trials))
    seeds = trials.groupby("cell")["seed"].nunique()
    count = f"n = {seeds.min()}" if seeds.min() == seeds.max() else f"n = {seeds.min()} to {seeds.max()}"
    text = f"mean ± standard deviation over seeds, {count}" if seeds.max() > 1 else "one seed, no spread"
    return text + (f"; {diverged} diverged trials left out" if diverged else "")


def _save(figure: Figure, title: str, caption: str, file: Path) -> Path:
    figure.suptitle(title, fontsize=10)
    figure.text(0.1 / figure.get_figwidth(), 0.1 / figure.get_figheight(), caption, fontsize=8, color="0.3")
    figure.savefig(file, dpi=150)
    plt.close(figure)
    return file


def _name(stem: str, number: int) -> str:
    return f"{stem}.png" if number == 1 else f"{stem}_{number}.png"
