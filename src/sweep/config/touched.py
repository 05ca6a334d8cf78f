"""What a user has said of a sweep: which settings, in which order."""

from collections.abc import Sequence
from typing import Any

from sweep.config.assembled import default
from sweep.config.axes import settings, written
from sweep.config.options import stated
from sweep.config.schema import Config
from sweep.config.tables import GROUPS


def in_order(axes: Sequence[str], given: Sequence[str]) -> list[str]:
    """The axes in the order in which the user gave them; those that come with a group last."""
    return sorted(axes, key=lambda axis: given.index(axis) if axis in given else len(given))


def fixed(configs: Sequence[Config], axes: Sequence[str], given: Sequence[str]) -> dict[str, Any]:
    """The settings that are the same in all cells and that the user touched, in the order given.

    Touched is what was `given` or differs from conf/ as its groups were chosen. The data set always counts.
    """
    rows = [settings(config) for config in configs]
    own, usual = rows[0], _usual(configs[0])
    touched = [
        key for key in own if key not in axes and (key == "data" or key in given or own[key] != usual[key])
    ]
    same = [key for key in touched if all(row[key] == own[key] for row in rows)]
    return {key: own[key] for key in in_order(same, given)}


def _usual(config: Config) -> dict[str, Any]:
    """What `config` is compared with: the usual choices of groups, and the defaults of its own choices."""
    usual = settings(default())
    for group in ("data", *GROUPS):
        inner = stated(group, getattr(config, group).name)
        usual |= {f"{group}.{key}": written(value) for key, value in inner.items() if key != "name"}
    return usual
