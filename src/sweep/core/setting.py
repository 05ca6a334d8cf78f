"""The declaration of a setting, and the tables of named choices that code outside the package may add to.

A setting is a dataclass field that says what is allowed and what it means.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sweep.core.rules import Above, AtLeast, AtMost, Below, OneOf, Rule, choices_of


class _NoLegacyDefault:
    """The mark of a setting that has existed since the first records."""


@dataclass(frozen=True)
class Requires:
    """The values that another setting, with the dotted `key`, must have for a setting to have an effect.

    The value must be one of `among` or, if that is empty, none of `other_than`. Otherwise a value that is not
    the default is refused, or ignored if the requirement is `silent`.
    """

    key: str
    among: tuple[Any, ...] = ()
    other_than: tuple[Any, ...] = ()
    silent: bool = False

    def met(self, value: Any) -> bool:
        """Return True if this value of the other setting gives the setting an effect."""
        return value in self.among if self.among else value not in self.other_than


@dataclass(frozen=True)
class Setting:
    """The meaning of a field, with its unit, and what is allowed for it.

    `help` says what it means. `rules` restrict the value; for a setting with checks of its own, `words` say
    what is allowed.

    - `identity`: it can change a result, and so tells cells apart in the store.
    - `axis`: cells of a sweep may differ in it, and a table then shows it.
    - `run`: it says how a whole sweep runs, and is the same for all its cells; neither identity nor axis.
    - `free`: configurations of one and the same cell may differ in it.
    - `legacy_default`: for a setting that is newer than some records, the value that these were trained
      with. A cell with that value keeps its id: the setting is left out of its identity.
    - `needs`: the values of other settings, all of which it requires to have an effect.
    - `key`: its dotted key on the command line, if that is not the field's name within its group. The
      `momentum` of an optimizer, for example, is a top-level key.
    """

    help: str
    rules: tuple[Rule, ...] = ()
    identity: bool = True
    axis: bool = True
    run: bool = False
    free: bool = False
    legacy_default: Any = _NoLegacyDefault
    needs: tuple[Requires, ...] = ()
    key: str | None = None
    words: str | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the names to choose from, in the order in which they are listed to a user."""
        return choices_of(self.rules)

    @property
    def has_legacy_default(self) -> bool:
        """Return True if there may be records from before the setting was added."""
        return self.legacy_default is not _NoLegacyDefault

    def __post_init__(self) -> None:
        if self.run:
            # The class is frozen, so plain assignment would fail.
            object.__setattr__(self, "identity", False)
            object.__setattr__(self, "axis", False)


def setting(
    default: Any,
    help: str,
    choices: Collection[str] = (),
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    **options: Any,
) -> Any:
    """Declare a setting: return a dataclass field with a `Setting` in its metadata.

    Parameters
    ----------
    default : the value if the user gives none: a number, text, true, false or a list of names
    help : the meaning, with the unit
    choices : the names that are allowed, if it is a name or a list of names
    at_least, above, at_most, below : bounds of a number
    **options : other fields of `Setting`
    """
    bounds = {AtLeast: at_least, Above: above, AtMost: at_most, Below: below}
    rules: list[Rule] = [kind(bound) for kind, bound in bounds.items() if bound is not None]
    if choices:
        rules.append(OneOf(choices))
    return declaration(default, Setting(help, tuple(rules), **options))


def declaration(default: Any, rule: Setting) -> Any:
    """Return a dataclass field with this default and this setting in its metadata."""
    metadata = {"setting": rule}
    if isinstance(default, list):
        # Each object gets its own list, because a default that can be changed must not be shared.
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def group(kind: type, help: str, **options: Any) -> Any:
    """Return a dataclass field that is itself a dataclass of settings."""
    return field(default_factory=kind, metadata={"setting": Setting(help, **options)})


Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """The choices of one kind, by name, in the order in which they are listed to a user.

    `kind` is the word for one of them, such as "activation". `registered` maps the names of the user's
    entries to the modules that added them. `version` counts calls of `register`.
    """

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self.kind = kind
        self.registered: dict[str, str] = {}
        self.version = 0
        self._entries = dict(entries)

    def register(self, name: str, entry: Entry, module: str) -> None:
        """Add an entry from a module of the user's. The same name again replaces the entry.

        Raises ValueError for the name of a built-in entry.
        """
        if name in self.builtin:
            raise ValueError(f"{name} is built in")
        self._entries[name] = entry
        self.registered[name] = module
        self.version += 1

    @property
    def builtin(self) -> tuple[str, ...]:
        """Return the names of the package's own entries."""
        return tuple(name for name in self._entries if name not in self.registered)

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
