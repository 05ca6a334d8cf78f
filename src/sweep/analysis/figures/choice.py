"""How a sweep is arranged in figures: what makes a line, what a panel, and what is too much to draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import pandas as pd

from sweep.analysis.factors import Factor
from sweep.analysis.figures import names

MOST_LINES = 8  # in a panel
MOST_ROWS = 6  # of panels, with a column for each part
MOST_PANELS = 36  # of one part
FEW_PANELS = 6  # of heatmaps, unless all figures are asked for
MOST_VALUES = 40  # of one setting, in a heatmap


@dataclass(frozen=True)
class Arrangement:
    """The settings that tell lines apart, and those that tell panels apart."""

    lines: tuple[str, ...]
    facets: tuple[str, ...]
    panels: int


def arrange(cells: pd.DataFrame, shown: Sequence[Factor]) -> Arrangement:
    """Lines and panels for the factors `shown`.

    Few combinations are lines of one panel. Otherwise the factor with the most values that fit makes the
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
    """Every two factors of which more than half of the combinations exist, those with fewest panels first.

    `cells` has a row for each cell; a panel stands for a combination of all other factors.
    """
    named, found = _named(cells, tuple(chain(*varying))), []
    counts = {factor: named[factor[0]].nunique() for factor in varying}
    for first, second in combinations(varying, 2):
        across, up = sorted((first, second), key=lambda factor: -counts[factor])
        facets = tuple(chain(*(factor for factor in varying if factor not in (first, second))))
        panels = len(named[list(facets)].drop_duplicates()) if facets else 1
        if 2 * len(named.drop_duplicates()) > panels * counts[across] * counts[up]:
            found.append(Pair(across, up, facets, counts[across], panels))
    return sorted(found, key=lambda pair: pair.panels)


def _named(cells: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({axis: cells[axis].map(names.value) for axis in axes}, index=cells.index)
