"""The setting `grid`: the cells of an experiment, as points of settings and values.

    grid:
      product: {hidden: [16, 128], activation: [relu, sigmoid]}   # every combination
      zip: {depth: [1, 2], epochs: [100, 300]}                    # side by side, equal lengths
      union: [{product: ...}, {zip: ...}]                         # one after the other

If one grid has several parts, each point of one is combined with each point of the others.
"""

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sweep.core.errors import SettingError, nearest

Point = dict[str, Any]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = ("null", "true", "false", "nan", "inf")
MOST = 100_000  # cells
PARTS = ("product", "zip", "union")


def points(grid: Any, where: str = "grid") -> list[Point]:
    """The points of a grid, in order, each a mapping from dotted keys to values.

    `where` is what an error calls the grid. Raises SettingError if it is not a grid.
    """
    if not isinstance(grid, Mapping) or not grid:
        raise SettingError(f"{where}={grid}: must be a mapping with product, zip or union")
    parts = [_part(str(name), content, where) for name, content in grid.items()]
    _check_count(math.prod(map(len, parts)), where)
    return [_merge(combination) for combination in itertools.product(*parts)]


def keys(grid: Any) -> list[str]:
    """The keys of a grid's axes, in the order in which they are written."""
    inner = grid.items() if isinstance(grid, Mapping) else ()
    lists = [
        keys_ if name != "union" else [key for each in keys_ for key in keys(each)] for name, keys_ in inner
    ]
    return list(dict.fromkeys(str(key) for each in lists for key in each))


def without(found: Iterable[Point], fixed: Iterable[str]) -> list[Point]:
    """The points without the `fixed` keys, in order; points that are equal then are returned once.

    A value on the command line is fixed: it wins over the grid's axis.
    """
    left_out = set(fixed)
    kept: dict[Any, Point] = {}
    for point in found:
        rest = {key: value for key, value in point.items() if key not in left_out}
        kept.setdefault(_hashable(rest), rest)
    return list(kept.values())


def _hashable(value: Any) -> Any:
    """A hashable value that is equal for equal values; the values may be lists and mappings."""
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(inner)) for key, inner in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def override(key: str, value: Any) -> str:
    """`key=value` in Hydra's override grammar."""
    return f"{key}={text(value)}"


def text(value: Any) -> str:
    """A value in Hydra's override grammar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ",".join(text(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else _quoted(value)
    return str(value)


def _part(name: str, content: Any, where: str) -> list[Point]:
    if name not in PARTS:
        raise SettingError(f"{where}.{name}: must be one of {', '.join(PARTS)}{nearest(name, PARTS)}")
    if name == "union":
        if not isinstance(content, list) or not content:
            raise SettingError(f"{where}.union={content}: must be a list of grids")
        return [
            point for index, inner in enumerate(content) for point in points(inner, f"{where}.union[{index}]")
        ]
    axes = _axes(content, f"{where}.{name}")
    if name == "product":
        _check_count(math.prod(map(len, axes.values())), f"{where}.product")
        combinations: Iterable[tuple[Any, ...]] = itertools.product(*axes.values())
    else:
        lengths = {key: len(values) for key, values in axes.items()}
        if len(set(lengths.values())) > 1:
            raise SettingError(f"{where}.zip: axes must have equal lengths, not {lengths}")
        combinations = zip(*axes.values(), strict=True)
    return [dict(zip(axes, values, strict=True)) for values in combinations]


def _check_count(count: int, where: str) -> None:
    if count > MOST:
        raise SettingError(f"{where}: gives {count:,} cells; must give at most {MOST:,}")


def _axes(content: Any, where: str) -> dict[str, list[Any]]:
    if not isinstance(content, Mapping) or not content:
        raise SettingError(f"{where}={content}: must be a mapping of keys to lists of values")
    for key, values in content.items():
        if not isinstance(values, list) or not values:
            raise SettingError(f"{where}.{key}={values}: must be a list of values, [...]")
    return {str(key): values for key, values in content.items()}


def _merge(combination: Iterable[Point]) -> Point:
    merged: Point = {}
    for point in combination:
        for key in point:
            if key in merged:
                raise SettingError(f"grid: {key} stands on two axes; must stand on one")
        merged.update(point)
    return merged


def _quoted(word: str) -> str:
    # In quotes, Hydra takes a backslash for itself except in a run of them before a quote.
    escaped = re.sub(r"(\\*)'", r"\1\1\'", word)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{escaped[len(escaped) - trailing :]}'"
