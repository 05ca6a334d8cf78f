"""The factors of a sweep, in the sense of a factorial design: axes that vary independently."""

from collections.abc import Sequence

import pandas as pd

Factor = tuple[str, ...]  # settings that vary together


def factors(cells: pd.DataFrame, axes: Sequence[str]) -> list[Factor]:
    """The swept settings; those that vary together, such as the two of a `zip`, are one factor.

    `cells` has a row for each cell. A setting with a single value among these cells is not a factor.
    """
    values = {axis: list(map(str, cells[axis])) for axis in axes}
    found: list[Factor] = []
    for axis in axes:
        if len(set(values[axis])) < 2:
            continue
        together = [factor for factor in found if one_to_one(values[factor[0]], values[axis])]
        if together:
            found[found.index(together[0])] = (*together[0], axis)
        else:
            found.append((axis,))
    return found


def one_to_one(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two settings vary together: each value of one goes with one value of the other."""
    return len(set(zip(first, second, strict=True))) == len(set(first)) == len(set(second))
