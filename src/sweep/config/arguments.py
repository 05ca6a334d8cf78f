"""The arguments of commands that train nothing; they have the grammar of `python -m sweep`."""

from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import HydraException

from sweep.config.messages import explain
from sweep.config.overrides import parsed
from sweep.errors import SettingError


def values_by_key(arguments: Sequence[str]) -> dict[str, list[Any]]:
    """The values of each `key=value,value`, in order. Raises SettingError for anything else."""
    found: dict[str, list[Any]] = {}
    for argument in arguments:
        try:
            (override,) = parsed([argument])
        except HydraException as error:
            raise SettingError(explain(error)) from error
        if override.key_or_group in found:
            raise SettingError(f"{override.key_or_group}: is given twice; must be given once")
        found[override.key_or_group] = _values(override)
    return found


def _values(override: Override) -> list[Any]:
    if not override.is_sweep_override():
        return [override.value()]
    return [
        value.text if isinstance(value, QuotedString) else value
        for value in override.sweep_iterator(transformer=lambda value: value)
    ]
