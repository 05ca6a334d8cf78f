"""Settings that a sweep has once: cells that differ in them would be run as the first of them says."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from sweep.config import grid
from sweep.config.schema import Config, ParallelConfig
from sweep.errors import SettingError

_PARALLEL = {f"parallel.{item.name}": item.metadata["setting"].run for item in fields(ParallelConfig)}
OF_SWEEP = (
    *(item.name for item in fields(Config) if item.metadata["setting"].run),
    *(key for key, run in _PARALLEL.items() if run),
)
OF_CELL = tuple(key for key, run in _PARALLEL.items() if not run)


def check_sweep(configs: Sequence[Config]) -> None:
    """Raise SettingError where the cells of one sweep differ in how the sweep is run."""
    _check(OF_SWEEP, configs, "all cells of a sweep")


def check_equal_cells(configs: Sequence[Config]) -> None:
    """Raise SettingError where configurations of one cell differ in how it is trained: it is trained once."""
    _check(OF_CELL, configs, "all that is one cell, whose trials are trained once")


def _check(keys: Sequence[str], configs: Sequence[Config], whose: str) -> None:
    for key in keys:
        values = dict.fromkeys(grid.text(attrgetter(key)(config)) for config in configs)
        if len(values) > 1:
            raise SettingError(f"{key}={','.join(values)}: must be the same for {whose}")
