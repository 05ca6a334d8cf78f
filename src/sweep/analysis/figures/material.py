"""The trials and curves that the figures of a sweep show, and figures that are planned but not drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from matplotlib.figure import Figure

from sweep.analysis.factors import Factor, factors
from sweep.analysis.figures.against import Against
from sweep.analysis.figures.notes import note


@dataclass(frozen=True)
class Planned:
    """A figure that is to be drawn, and the name of its file."""

    name: str
    draw: Callable[[], Figure]


@dataclass(frozen=True)
class Material:
    """The trials and curves of a sweep, with one column for each of `axes`, the swept settings.

    Diverged trials are among them. `settings` is what all cells share, `everything` whether all figures are
    wanted.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    axes: tuple[str, ...]
    settings: str = ""
    against: Against | None = None
    everything: bool = False

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row for each cell, twice for one that stands in the sweep under two names."""
        return self.trials.drop_duplicates(["cell", *self.axes])

    @cached_property
    def varying(self) -> list[Factor]:
        """The settings that vary, those that vary together as one."""
        return factors(self.cells, self.axes)

    def caption(self, trials: pd.DataFrame) -> str:
        """What stands below a figure of these trials."""
        return f"{self.settings}: {note(trials)}" if self.settings else note(trials)
