"""Settings that a sweep has once: cells that differ in them would be run as the first of them says."""

from collections.abc import Sequence
from operator import attrgetter

from sweep.config import grid
from sweep.config.leaves import leaves
from sweep.config.schema import Config
from sweep.errors import SettingError


def of_sweep() -> tuple[str, ...]:
    """The settings of how a sweep is run."""
    return tuple(leaf.key for leaf in leaves() if leaf.rule.run)


def of_cell() -> tuple[str, ...]:
    """The settings of how a cell is trained that its identity does not hold."""
    return tuple(
        leaf.key
        for leaf in leaves()
        if not (leaf.rule.identity or leaf.rule.axis or leaf.rule.run or leaf.rule.free)
    )


def check_sweep(configs: Sequence[Config]) -> None:
    """Raise SettingError where the cells of one sweep differ in how the sweep is run."""
    _check(of_sweep(), configs, "all cells of a sweep")


def check_equal_cells(configs: Sequence[Config]) -> None:
    """Raise SettingError where configurations of one cell differ in how it is trained: it is trained once."""
    _check(of_cell(), configs, "all that is one cell, whose trials are trained once")


def _check(keys: Sequence[str], configs: Sequence[Config], whose: str) -> None:
    for key in keys:
        values = dict.fromkeys(grid.text(attrgetter(key)(config)) for config in configs)
        if len(values) > 1:
            raise SettingError(f"{key}={','.join(values)}: must be the same for {whose}")
