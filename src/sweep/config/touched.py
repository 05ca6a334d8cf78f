"""Which settings of a sweep the user has given, and in which order."""

from collections.abc import Sequence
from typing import Any

from sweep.config.assembled import default
from sweep.config.axes import settings, written
from sweep.config.options import stated
from sweep.config.schema import Config
from sweep.config.tables import GROUPS


def in_order(axes: Sequence[str], given: Sequence[str]) -> list[str]:
    """The axes in the order in which the user gave them; settings that only differ with a group come last."""
    return sorted(axes, key=lambda axis: given.index(axis) if axis in given else len(given))


def fixed(configs: Sequence[Config], axes: Sequence[str], given: Sequence[str]) -> dict[str, Any]:
    """The settings that the user touched and that are the same in all cells, in the order given.

    A setting is touched if it was `given` or differs from the default of the options that are chosen. The
    data set always is.
    """
    rows = [settings(config) for config in configs]
    own, usual = rows[0], _usual(configs[0])
    touched = [
        key for key in own if key not in axes and (key == "data" or key in given or own[key] != usual[key])
    ]
    same = [key for key in touched if all(row[key] == own[key] for row in rows)]
    return {key: own[key] for key in in_order(same, given)}


def _usual(config: Config) -> dict[str, Any]:
    """The settings that `config` would have by default, given its own choices of groups."""
    usual = settings(default())
    for group in ("data", *GROUPS):
        inner = stated(group, getattr(config, group).name)
        usual |= {f"{group}.{key}": written(value) for key, value in inner.items() if key != "name"}
    return usual
