"""Main effects and interactions of a sweep's axes, as in a factorial design.

A main effect is the mean difference between two values of a setting over the combinations of all others; an
interaction is how that difference changes between two values of another setting. Source: Yates (1937), "The
design and analysis of factorial experiments". Both describe the cells that were trained, not other values.
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
    *,
    criteria: Criteria,
    baseline: str | None = None,
) -> pd.DataFrame:
    """Compare each value of each axis with one of its values: one row an effect, corrected over all rows.

    That one is the value of the cell whose id is `baseline`, or else the first. `cells` has a row for each
    cell: `cell` and its values of `axes`. In the result `setting` names the axis ("a, b" for axes that vary
    together), `value` and `against` are the two values, and `cells` is how many pairs of cells are averaged;
    the other columns are those of `compare`. Cells with missing or diverged seeds are left out. Two values
    that no combination of the other axes has in common get no row.
    """
    design = _Design.of(observed, cells, axes, baseline)
    rows: Rows = []
    contrasts: list[Contrast] = []
    for factor in design.factors:
        for against, value in _against_first(design.levels(factor)):
            signs = {value: 1.0, against: -1.0}
            pairs = design.combinations({factor: signs})
            if pairs:
                names = {"setting": ", ".join(factor), "value": _text(value), "against": _text(against)}
                rows.append({**names, "cells": len(pairs)})
                contrasts.append(design.contrast(pairs, criteria))
    return pd.DataFrame(rows).join(verdict_table(contrasts, criteria, family=len(contrasts)))


def interactions(
    observed: Observations,
    cells: pd.DataFrame,
    axes: Sequence[str],
    *,
    criteria: Criteria,
    baseline: str | None = None,
) -> pd.DataFrame:
    """Return how each main effect changes with the values of each other axis: differences of differences.

    One row each: `with_setting`, `with_value` and `with_against` name the other axis; else as `main_effects`.
    """
    design = _Design.of(observed, cells, axes, baseline)
    rows: Rows = []
    contrasts: list[Contrast] = []
    for first, second in itertools.combinations(design.factors, 2):
        values = _against_first(design.levels(first)), _against_first(design.levels(second))
        for (against, value), (other, beside) in itertools.product(*values):
            # Products of these signs are +1 and -1 for the four cells of a difference of differences.
            signs = {first: {value: 1.0, against: -1.0}, second: {beside: 1.0, other: -1.0}}
            fours = design.combinations(signs)
            if fours:
                names = {"setting": ", ".join(first), "value": _text(value), "against": _text(against)}
                names |= {"with_setting": ", ".join(second), "with_value": _text(beside)}
                rows.append({**names, "with_against": _text(other), "cells": len(fours)})
                contrasts.append(design.contrast(fours, criteria))
    return pd.DataFrame(rows).join(verdict_table(contrasts, criteria, family=len(contrasts)))


class _Design:
    """The cells of a sweep by their level of each factor."""

    def __init__(
        self,
        observed: Observations,
        factors: Sequence[Factor],
        positions: Mapping[tuple[Level, ...], int],
    ):
        self.observed, self.factors, self.positions = observed, factors, positions

    @staticmethod
    def of(
        observed: Observations, cells: pd.DataFrame, axes: Sequence[str], baseline: str | None
    ) -> "_Design":
        """Return the design of the complete cells, the baseline's first."""
        complete = cells[cells["cell"].isin(_complete(observed))]
        # If two cells have the same values of all axes, one would replace the other: no effects then.
        repeated = complete[list(axes)].map(str).duplicated().any()
        design_factors = [] if repeated else factors(complete, axes)
        levels = [
            list(zip(*(map(setting_value, complete[axis]) for axis in factor), strict=True))
            for factor in design_factors
        ]
        columns = {name: position for position, name in enumerate(observed.cells)}
        positions = [columns[name] for name in complete["cell"]]
        by_key = dict(zip(zip(*levels, strict=True), positions, strict=False))
        first = [key for key, position in by_key.items() if observed.cells[position] == baseline]
        return _Design(observed, design_factors, {key: by_key[key] for key in [*first, *by_key]})

    def levels(self, factor: Factor) -> list[Level]:
        """Return the values of a factor, the baseline's first, then in the order of the cells."""
        number = self.factors.index(factor)
        return list(dict.fromkeys(key[number] for key in self.positions))

    def combinations(self, signs: Mapping[Factor, Mapping[Level, float]]) -> list[dict[int, float]]:
        """Return, for each combination of the other factors that has all of these levels, sign by cell."""
        signed = {self.factors.index(factor): levels for factor, levels in signs.items()}
        groups: dict[tuple[Level, ...], list[tuple[int, float]]] = {}
        for key, cell in self.positions.items():
            if all(key[number] in levels for number, levels in signed.items()):
                rest = tuple(level for number, level in enumerate(key) if number not in signed)
                sign = float(np.prod([levels[key[number]] for number, levels in signed.items()]))
                groups.setdefault(rest, []).append((cell, sign))
        full = [_summed(group) for group in groups.values() if len(group) == 2 ** len(signed)]
        return [by_cell for by_cell in full if any(by_cell.values())]

    def contrast(self, combinations: Sequence[Mapping[int, float]], criteria: Criteria) -> Contrast:
        """Return the mean of the signed sums of these combinations."""
        weights = np.zeros(len(self.observed.cells))
        for signs in combinations:
            for cell, sign in signs.items():
                weights[cell] += sign / len(combinations)
        # A cell without weight must not cost the others a seed that it lacks.
        used = weights != 0
        return contrast(self.observed.values[:, used], weights[used], paired=criteria.pairing)


def _complete(observed: Observations) -> list[str]:
    """Return the cells with all seeds that most cells have; others would cost all cells those seeds."""
    present = ~np.isnan(observed.values)
    usual = present.mean(axis=1) >= SHARED
    return [name for name, seeds in zip(observed.cells, present.T, strict=True) if seeds[usual].all()]


def _summed(group: Sequence[tuple[int, float]]) -> dict[int, float]:
    """Return sign by cell; a cell that is in a sweep twice has both."""
    signs: dict[int, float] = {}
    for cell, sign in group:
        signs[cell] = signs.get(cell, 0.0) + sign
    return signs


def _against_first(levels: Sequence[Level]) -> list[tuple[Level, Level]]:
    return [(levels[0], level) for level in levels[1:]]


def _text(level: Level) -> str:
    return ", ".join(level)
