"""Main effects and interactions of a sweep's axes, as in a factorial design.

A main effect is the mean difference between two values of a setting over the combinations of all others; an
interaction is how that difference changes between two values of another setting. Source: Yates (1937), "The
design and analysis of factorial experiments". They speak of the cells that were trained, not of other values.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sweep.core.formats import setting_value
from sweep.stats.compare import Observations
from sweep.stats.contrast import SHARED, Contrast, contrast
from sweep.stats.judge import Criteria, verdict_table
from sweep.stats.trials import Factor, factors

Level = tuple[str, ...]  # the values of a factor, as texts
Rows = list[dict[str, object]]


def main_effects(
    observed: Observations,
    cells: pd.DataFrame,
    axes: Sequence[str],
    criteria: Criteria,
    baseline: str | None = None,
) -> pd.DataFrame:
    """Each value of each axis against one of its values: one row an effect, corrected over all rows.

    That one is the value of the cell whose id is `baseline`, or else the first. `cells` has a row for each
    cell: `cell` and its values of `axes`. In the result `setting` names the axis ("a, b" for axes that vary
    together), `value` and `against` are the two values, and `cells` is how many pairs of cells are averaged;
    the other columns are those of `compare`. Cells with missing or diverged seeds are left out. Two values
    that no combination of the other axes has in common get no row.
    """
    design = _Design.of(observed, cells, axes, baseline)
    rows: Rows = []
    found: list[Contrast] = []
    for factor in design.factors:
        for against, value in _against_first(design.levels(factor)):
            signs = {value: 1.0, against: -1.0}
            pairs = design.combinations({factor: signs})
            if pairs:
                names = {"setting": ", ".join(factor), "value": _text(value), "against": _text(against)}
                rows.append({**names, "cells": len(pairs)})
                found.append(design.contrast(pairs, criteria))
    return pd.DataFrame(rows).join(verdict_table(found, criteria, len(found)))


def interactions(
    observed: Observations,
    cells: pd.DataFrame,
    axes: Sequence[str],
    criteria: Criteria,
    baseline: str | None = None,
) -> pd.DataFrame:
    """How each main effect changes with the values of each other axis: one row a difference of differences.

    `with_setting`, `with_value` and `with_against` name the other axis; else as `main_effects`.
    """
    design = _Design.of(observed, cells, axes, baseline)
    rows: Rows = []
    found: list[Contrast] = []
    for first, second in itertools.combinations(design.factors, 2):
        values = _against_first(design.levels(first)), _against_first(design.levels(second))
        for (against, value), (other, beside) in itertools.product(*values):
            signs = {first: {value: 1.0, against: -1.0}, second: {beside: 1.0, other: -1.0}}
            fours = design.combinations(signs)
            if fours:
                names = {"setting": ", ".join(first), "value": _text(value), "against": _text(against)}
                names |= {"with_setting": ", ".join(second), "with_value": _text(beside)}
                rows.append({**names, "with_against": _text(other), "cells": len(fours)})
                found.append(design.contrast(fours, criteria))
    return pd.DataFrame(rows).join(verdict_table(found, criteria, len(found)))


class _Design:
    """The cells of a sweep by their level of each factor."""

    def __init__(
        self, observed: Observations, found: Sequence[Factor], cells: Mapping[tuple[Level, ...], int]
    ):
        self.observed, self.factors, self.cells = observed, found, cells

    @staticmethod
    def of(
        observed: Observations, cells: pd.DataFrame, axes: Sequence[str], baseline: str | None
    ) -> "_Design":
        own = cells[cells["cell"].isin(_complete(observed))]
        # Where two cells have the same values of all axes, one would replace the other: no effects then.
        found = [] if own[list(axes)].map(str).duplicated().any() else factors(own, axes)
        levels = [
            list(zip(*(map(setting_value, own[axis]) for axis in factor), strict=True)) for factor in found
        ]
        places = {name: position for position, name in enumerate(observed.cells)}
        positions = [places[name] for name in own["cell"]]
        by_key = dict(zip(zip(*levels, strict=True), positions, strict=False))
        base = [key for key, position in by_key.items() if observed.cells[position] == baseline]
        return _Design(observed, found, {key: by_key[key] for key in [*base, *by_key]})

    def levels(self, factor: Factor) -> list[Level]:
        """The values of a factor, the baseline's first, then in the order of the cells."""
        place = self.factors.index(factor)
        return list(dict.fromkeys(key[place] for key in self.cells))

    def combinations(self, signs: Mapping[Factor, Mapping[Level, float]]) -> list[dict[int, float]]:
        """For each combination of the other factors that has all of these levels: sign by cell."""
        places = {self.factors.index(factor): own for factor, own in signs.items()}
        groups: dict[tuple[Level, ...], list[tuple[int, float]]] = {}
        for key, cell in self.cells.items():
            if all(key[place] in own for place, own in places.items()):
                rest = tuple(level for place, level in enumerate(key) if place not in places)
                sign = float(np.prod([own[key[place]] for place, own in places.items()]))
                groups.setdefault(rest, []).append((cell, sign))
        full = [_summed(group) for group in groups.values() if len(group) == 2 ** len(places)]
        return [signs for signs in full if any(signs.values())]

    def contrast(self, combinations: Sequence[Mapping[int, float]], criteria: Criteria) -> Contrast:
        """The mean of the signed sums of these combinations."""
        weights = np.zeros(len(self.observed.cells))
        for signs in combinations:
            for cell, sign in signs.items():
                weights[cell] += sign / len(combinations)
        there = weights != 0
        return contrast(self.observed.values[:, there], weights[there], criteria.pairing)


def _complete(observed: Observations) -> list[str]:
    """The cells with all seeds that most cells have; one that lacks a seed would cost all cells that seed."""
    there = ~np.isnan(observed.values)
    usual = there.mean(axis=1) >= SHARED
    return [name for name, own in zip(observed.cells, there.T, strict=True) if own[usual].all()]


def _summed(group: Sequence[tuple[int, float]]) -> dict[int, float]:
    """Sign by cell; a cell that stands in a sweep twice has both."""
    signs: dict[int, float] = {}
    for cell, sign in group:
        signs[cell] = signs.get(cell, 0.0) + sign
    return signs


def _against_first(levels: Sequence[Level]) -> list[tuple[Level, Level]]:
    return [(levels[0], level) for level in levels[1:]]


def _text(level: Level) -> str:
    return ", ".join(level)
