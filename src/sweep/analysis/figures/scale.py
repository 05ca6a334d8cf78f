"""Where the values of a setting stand along an axis: numbers to scale, names side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweep.analysis.figures import layout, names, style

FLAT = 0.2  # inches that horizontal labels need below an axis
MOST_TICKS = 12
NARROWEST = 0.06  # least distance of two ticks, as a fraction of the axis


@dataclass(frozen=True)
class Scale:
    """Where the values of a setting stand on the horizontal axis."""

    labels: list[str]
    places: list[float]
    log: bool = False
    numeric: bool = False  # numbers are joined by lines, names are not

    @property
    def labelled(self) -> bool:
        """Whether every value has a label; of many numbers only round ones do."""
        return not self.numeric or len(self.labels) <= MOST_TICKS

    def room(self, width: float) -> float:
        """Inches that the labels need below an axis of `width`: more where they must stand upright."""
        if not self.labelled:
            return FLAT
        longest = max(layout.width_of(layout.folded(label), style.TICK) for label in self.labels)
        return FLAT if (longest + 0.1) * len(self.labels) < width else longest + 0.12

    def places_of(self, rows: pd.DataFrame, axes: Sequence[str]) -> list[float]:
        """Where each row stands."""
        places = dict(zip(self.labels, self.places, strict=True))
        return [places[label] for label in names.values(rows, axes)]


def scale(rows: pd.DataFrame, axes: Sequence[str]) -> Scale:
    """Numbers to scale, on a logarithmic axis where they would crowd; names, and the rest, evenly spaced."""
    labels = names.values(rows, axes)
    if len(axes) > 1 or not all(map(_is_number, rows[axes[0]])):
        labels = list(dict.fromkeys(labels))
        return Scale(labels, [float(place) for place in range(len(labels))])
    numbers = dict(zip(rows[axes[0]], labels, strict=True))
    labels, values = [numbers[number] for number in sorted(numbers)], sorted(map(float, numbers))
    many = len(values) > MOST_TICKS
    if many or _apart(values):
        return Scale(labels, values, log=many and _wide(values), numeric=True)
    if values[0] > 0 and _apart(list(np.log(values))):
        return Scale(labels, values, log=True, numeric=True)
    return Scale(labels, [float(place) for place in range(len(labels))], numeric=True)


def _is_number(found: object) -> bool:
    return isinstance(found, int | float | np.number) and not isinstance(found, bool) and found == found


def _apart(values: Sequence[float]) -> bool:
    """Whether labels at these places, in ascending order, would not touch each other."""
    gaps = np.diff(values)
    return not len(gaps) or bool(gaps.min() >= NARROWEST * (values[-1] - values[0]))


def _wide(values: Sequence[float]) -> bool:
    return values[0] > 0 and values[-1] / values[0] >= 50
