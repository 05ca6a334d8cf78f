"""The setting `grid`: the cells of an experiment, as points of settings and values.

    grid:
      product: {hidden: [16, 128], activation: [relu, sigmoid]}   # every combination
      zip: {depth: [1, 2], epochs: [100, 300]}                    # side by side, equal lengths
      union: [{product: ...}, {zip: ...}]                         # one after the other

If one grid has several parts, each point of one is combined with each point of the others.
"""

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any

from sweep.core.errors import SettingError, nearest
from sweep.core.formats import typed_value

Point = dict[str, Any]

MOST = 100_000  # cells
PARTS = ("product", "zip", "union")


def points(grid: Any, name: str = "grid") -> list[Point]:
    """Return the points of a grid, in order, each a mapping from dotted keys to values.

    `name` is what an error calls the grid. Raises SettingError if it is not a grid.
    """
    if not isinstance(grid, Mapping) or not grid:
        raise SettingError(f"{name}={grid}: must be a mapping with product, zip or union")
    parts = [_part(str(part), content, name) for part, content in grid.items()]
    # Counted beforehand, because the points of a huge grid would fill the memory.
    _check_count(math.prod(map(len, parts)), name)
    return [_merge(combination) for combination in itertools.product(*parts)]


def keys(grid: Any) -> list[str]:
    """Return the keys of a grid's axes, in the order in which they are written."""
    written_keys: list[str] = []
    for part, content in grid.items() if isinstance(grid, Mapping) else ():
        written_keys += (
            [key for inner in content for key in keys(inner)] if part == "union" else map(str, content)
        )
    return list(dict.fromkeys(written_keys))


def without(points: Iterable[Point], keys: Iterable[str]) -> list[Point]:
    """Return the points without these keys, in order; points that are equal then are returned once.

    A value on the command line wins over the grid's axis, whose key is then left out.
    """
    left_out = set(keys)
    distinct: dict[Any, Point] = {}
    for point in points:
        rest = {key: value for key, value in point.items() if key not in left_out}
        distinct.setdefault(_hashable(rest), rest)
    return list(distinct.values())


def override(key: str, value: Any) -> str:
    """Write `key=value` in Hydra's override grammar."""
    return f"{key}={typed_value(value, quoted=True)}"


def _hashable(value: Any) -> Any:
    """Return a hashable value that is equal for equal values; the values may be lists and mappings."""
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(inner)) for key, inner in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def _part(part: str, content: Any, name: str) -> list[Point]:
    if part not in PARTS:
        raise SettingError(f"{name}.{part}: must be one of {', '.join(PARTS)}{nearest(part, PARTS)}")
    if part == "union":
        if not isinstance(content, list) or not content:
            raise SettingError(f"{name}.union={content}: must be a list of grids")
        return [
            point for index, inner in enumerate(content) for point in points(inner, f"{name}.union[{index}]")
        ]
    axes = _axes(content, f"{name}.{part}")
    if part == "product":
        _check_count(math.prod(map(len, axes.values())), f"{name}.product")
        combinations: Iterable[tuple[Any, ...]] = itertools.product(*axes.values())
    else:
        lengths = {key: len(values) for key, values in axes.items()}
        if len(set(lengths.values())) > 1:
            raise SettingError(f"{name}.zip: axes must have equal lengths, not {lengths}")
        combinations = zip(*axes.values(), strict=True)
    return [dict(zip(axes, values, strict=True)) for values in combinations]


def _check_count(count: int, name: str) -> None:
    if count > MOST:
        raise SettingError(f"{name}: gives {count:,} cells; must give at most {MOST:,}")


def _axes(content: Any, name: str) -> dict[str, list[Any]]:
    if not isinstance(content, Mapping) or not content:
        raise SettingError(f"{name}={content}: must be a mapping of keys to lists of values")
    for key, values in content.items():
        if not isinstance(values, list) or not values:
            raise SettingError(f"{name}.{key}={values}: must be a list of values, [...]")
    return {str(key): values for key, values in content.items()}


def _merge(combination: Iterable[Point]) -> Point:
    merged: Point = {}
    for point in combination:
        for key in point:
            if key in merged:
                raise SettingError(f"grid: {key} stands on two axes; must stand on one")
        merged.update(point)
    return merged
