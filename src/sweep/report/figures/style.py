"""The common look of all figures: fonts, grid, colours, lines, axes, and the names of settings and values."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sweep.core.formats import MISSING

Colour = tuple[float, float, float]

# Colours that the colour-blind can tell apart; dashes and markers do so in a grey print.
_PALETTE = "colorblind"
_DASHES: tuple[Any, ...] = ("", (4, 1.5), (1, 1.2), (5, 1.5, 1, 1.5), (8, 2), (3, 1, 1, 1, 1, 1), (2, 2))
_MARKERS = "osD^vPX<>h*"
GREY = "0.35"
SMALL, TICK, TITLE = 8.0, 8.5, 10.0  # points: size of remarks, tick labels, titles of panels

_RC: Any = {
    **sns.axes_style("whitegrid"),
    "axes.edgecolor": "0.7",
    "axes.labelcolor": "0.15",
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.titlesize": TITLE,
    "figure.titlesize": 10,
    "font.size": 9,
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same figure on every machine
    "grid.color": "0.9",
    "grid.linewidth": 0.8,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "legend.title_fontsize": 9,
    "lines.linewidth": 1.5,
    "text.parse_math": False,  # a dollar sign in a user's text is a dollar sign
    "xtick.labelsize": TICK,
    "ytick.labelsize": TICK,
}


def applied() -> AbstractContextManager[None]:
    """Return a context with this look; figures are drawn and saved inside it."""
    return mpl.rc_context(_RC)


@dataclass(frozen=True)
class Line:
    """Look of one line of a figure; no two lines of a figure look alike."""

    colour: Colour
    dashes: Any
    marker: str

    @property
    def linestyle(self) -> Any:
        """Return the dashes in the form that matplotlib's plot takes."""
        return (0, self.dashes) if self.dashes else "-"

    def handle(self, label: str, *, connected: bool = True, marked: bool = True) -> Line2D:
        """Return the legend entry of this line."""
        label = f" {label}" if label.startswith("_") else label  # matplotlib hides names like _this
        return Line2D(
            [],
            [],
            color=self.colour,
            marker=self.marker if marked else "",
            markersize=5,
            markeredgecolor="white",
            markeredgewidth=0.6,
            linestyle=self.linestyle if connected else "none",
            label=label,
        )


def colours(count: int) -> list[Colour]:
    """Return `count` different colours."""
    return list(sns.color_palette(_PALETTE if count <= 10 else "husl", count))


def lines(labels: Sequence[str]) -> dict[str, Line]:
    """Return a look for each label."""
    looks = zip(labels, colours(len(labels)), cycle(_DASHES), cycle(_MARKERS), strict=False)
    return {label: Line(colour, dashes, marker) for label, colour, dashes, marker in looks}


def percent_axis(panel: Axes) -> None:
    """Limit the vertical axis to 0 to 100 percent, with a little room, and set its ticks."""
    low, high = panel.get_ylim()
    low, high = max(low, 0.0), min(high, 100.0)
    room = 0.03 * (high - low)  # so that a line at the edge keeps its width
    panel.set_ylim(low - room, high + room)
    ticks = MaxNLocator(nbins=6, steps=[1, 2, 5, 10]).tick_values(low, high)
    panel.set_yticks([tick for tick in ticks if low <= tick <= high])


def epoch_axis(panel: Axes, first: float, last: float, *, width: float) -> None:
    """Set ticks at round epochs and at the last one, on a panel `width` inches wide."""
    if last <= first:
        panel.set_xticks([last], [f"{last:.3g}"])
        return
    most = max(2, round(1.8 * width))
    whole = float(first).is_integer() and last - first >= 1
    ticks = MaxNLocator(nbins=most, steps=[1, 2, 5, 10], integer=whole).tick_values(first, last)
    gap = ticks[1] - ticks[0]
    begin = [first] if first == 1 else []
    # The last epoch always has a tick, so a round one too close to it gives way.
    inner = [
        tick
        for tick in ticks
        if first <= tick <= last - 0.6 * gap and tick - first >= 0.45 * gap * len(begin)
    ]
    ends = [*begin, *inner, last]
    panel.set_xticks(ends, [f"{tick:.4g}" for tick in ends])
    room = 0.03 * (last - first)
    panel.set_xlim(first - room, last + room)


# Names of settings whose key, with spaces for underscores, would not be understood.
_NAMES = {
    "hidden": "hidden units",
    "depth": "hidden layers",
    "regularization": "penalty",
    "regularization.strength": "strength of the penalty",
    "initializer_std": "standard deviation of the initial weights",
    "early_stopping.patience": "patience",
    "early_stopping.monitor": "monitored",
    "data.train_size": "training examples",
    "data.validation_size": "validation examples",
    "data.test_size": "test examples",
}
SEPARATOR = ", "


def setting(key: str) -> str:
    """Return the readable name of a setting: `learning rate` for learning_rate."""
    return _NAMES.get(key, key.replace(".", " ").replace("_", " "))


def settings(keys: Sequence[str]) -> str:
    """Return the readable names of several settings."""
    return SEPARATOR.join(map(setting, keys))


def value(raw: Any, digits: int = 6) -> str:
    """Return a setting's value for a legend; unlike `formats.setting_value`, different values stay different.

    Numbers have at most `digits` digits. With 6, a number that needs more to be exact is written in full.
    """
    if raw is None or raw is pd.NA or (isinstance(raw, float) and raw != raw):
        return MISSING
    if hasattr(raw, "item"):  # a NumPy scalar
        raw = raw.item()
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, float):
        short = f"{raw:.{digits}g}"
        return short if digits < 6 or float(short) == raw else repr(raw)
    text = str(raw)
    # Names of functions, such as binary_cross_entropy, but not paths.
    return text.replace("_", " ").strip() if text.isidentifier() else text


def column(raw: "pd.Series[Any]") -> list[str]:
    """Return the values of one setting as text, with three digits if those tell its values apart."""
    exact, short = [value(entry) for entry in raw], [value(entry, 3) for entry in raw]
    return short if len(set(short)) == len(set(exact)) else exact


def values(rows: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """Return each row's values of several settings as one text, the name of a line in a legend."""
    return _joined([column(rows[key]) for key in keys], len(rows))


def pairs(rows: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """Return each row's settings with their values as one text, the title of a panel."""
    # Non-breaking spaces keep a name and its value on one line.
    columns = [[f"{setting(key)} {text}".replace(" ", "\xa0") for text in column(rows[key])] for key in keys]
    return _joined(columns, len(rows))


def _joined(columns: list[list[str]], count: int) -> list[str]:
    return [SEPARATOR.join(row) for row in zip(*columns, strict=True)] if columns else [""] * count
