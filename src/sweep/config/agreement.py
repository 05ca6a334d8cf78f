"""Settings that must be equal in all cells of a sweep, or in all configurations of one cell.

Without this check, a sweep would silently be run as its first cell says.
"""

from collections.abc import Sequence
from operator import attrgetter

from sweep.config import grid
from sweep.config.leaves import leaves
from sweep.config.schema import Config
from sweep.errors import SettingError


def of_sweep() -> tuple[str, ...]:
    """The keys of the settings that say how a sweep is run."""
    return tuple(leaf.key for leaf in leaves() if leaf.rule.run)


def of_cell() -> tuple[str, ...]:
    """The keys of the settings that say how a cell is trained and are not part of its identity."""
    return tuple(
        leaf.key
        for leaf in leaves()
        if not (leaf.rule.identity or leaf.rule.axis or leaf.rule.run or leaf.rule.free)
    )


def check_sweep(configs: Sequence[Config]) -> None:
    """Raise SettingError if the cells of one sweep differ in how the sweep is run."""
    _check(of_sweep(), configs, "all cells of a sweep")


def check_equal_cells(configs: Sequence[Config]) -> None:
    """Raise SettingError if configurations of one cell, which is trained once, differ in how to train it."""
    _check(of_cell(), configs, "all that is one cell, whose trials are trained once")


def _check(keys: Sequence[str], configs: Sequence[Config], whose: str) -> None:
    for key in keys:
        values = dict.fromkeys(grid.text(attrgetter(key)(config)) for config in configs)
        if len(values) > 1:
            raise SettingError(f"{key}={','.join(values)}: must be the same for {whose}")
