"""How a setting is declared: a dataclass field that says what is allowed and what it means."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any


class _Always:
    """Stands for a setting that has always existed."""


@dataclass(frozen=True)
class Need:
    """What another setting, by its dotted key, must be for this one to have an effect.

    One of `among`, or none of `besides`. If it is not, a value other than the default is refused, unless the
    need is `silent`: then the setting only does not count.
    """

    key: str
    among: tuple[Any, ...] = ()
    besides: tuple[Any, ...] = ()
    silent: bool = False

    def met(self, value: Any) -> bool:
        """Whether the other setting's value gives this one an effect."""
        return value in self.among if self.among else value not in self.besides


@dataclass(frozen=True)
class Setting:
    """What is allowed for one field, and its meaning with the unit.

    `offered` are the names to choose from; a table of them counts as it is when it is looked at. `words` say
    what is allowed where a setting has checks of its own.

    `identity`: it can change a result, and so tells cells apart in the store. `axis`: cells of a sweep may
    differ in it, and a table then shows it. `run`: it says how a whole sweep runs and is the same for all its
    cells, neither identity nor axis. `free`: even equal cells may differ in it.

    A setting that is newer than records that count names in `before` the value that those had: with it, the
    setting is left out of the identity. `needs`: what other settings must be for it to have an effect; all of
    them. `key` is its dotted key on the command line, where that is not the field's name within its group:
    `momentum` of an optimizer stands at the top level.
    """

    help: str
    offered: Collection[str] = ()
    at_least: float | None = None
    above: float | None = None
    below: float | None = None
    at_most: float | None = None
    identity: bool = True
    axis: bool = True
    run: bool = False
    free: bool = False
    before: Any = _Always
    needs: tuple[Need, ...] = ()
    key: str | None = None
    words: str | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The names to choose from, in the order in which they are listed to a user."""
        return tuple(self.offered)

    @property
    def newer(self) -> bool:
        """Whether there are records from before the setting existed."""
        return self.before is not _Always

    def __post_init__(self) -> None:
        if self.run:
            object.__setattr__(self, "identity", False)
            object.__setattr__(self, "axis", False)


def setting(default: Any, help: str, choices: Collection[str] = (), **rules: Any) -> Any:
    """A dataclass field with a `Setting` in its metadata; `rules` are the fields of `Setting`."""
    return declaration(default, Setting(help, choices, **rules))


def declaration(default: Any, rule: Setting) -> Any:
    """A dataclass field that this rule holds for."""
    metadata = {"setting": rule}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def group(kind: type, help: str, **rules: Any) -> Any:
    """A dataclass field that is itself a dataclass of settings."""
    return field(default_factory=kind, metadata={"setting": Setting(help, **rules)})
