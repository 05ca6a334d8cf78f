"""What the figures of papers have in common: panels side by side, and lines with a legend.

[options] Annotations of the settings that several kinds of figures have.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.core.rules import AtLeast, Increasing, Length, OneOf
from sweep.report import figures
from sweep.report.figures import style


def side_by_side(count: int, width: float, height: float, **shared: Any) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels side by side, laid out so that legends and colour bars find room."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False, **shared)[0])


def plot_lines(panel: Axes, found: Mapping[str, tuple[Any, Any]], marked: bool = False) -> None:
    """A line for each (x, y) in `found`, by its label."""
    for (label, (x, y)), look in zip(found.items(), style.lines(list(found)).values(), strict=True):
        marker = look.marker if marked else ""
        panel.plot(
            x, y, color=look.colour, linestyle=look.linestyle, marker=marker, markersize=5, label=label
        )


Where = Mapping[str, Any] | None
Parts = Annotated[Sequence[Annotated[str, OneOf(figures.PARTS)]], Length(1)]
Range = Annotated[Sequence[float], Length(2, 2), Increasing()]
Pair = Annotated[Sequence[str], Length(2, 2)]
Count = Annotated[int, AtLeast(1)]
