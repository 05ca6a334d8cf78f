"""How a setting is declared: a dataclass field that says what is allowed and what it means."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Setting:
    """What is allowed for one field, and its meaning with the unit."""

    help: str
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    above: float | None = None
    below: float | None = None
    at_most: float | None = None


def setting(default: Any, help: str, choices: Iterable[str] = (), **bounds: float) -> Any:
    """A dataclass field with a `Setting` in its metadata."""
    metadata = {"setting": Setting(help, tuple(choices), **bounds)}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)
