"""How a setting is declared: a dataclass field that says what is allowed and what it means.

[table] Tables from a name to what it stands for, which code outside the package can add to.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar


class _Always:
    """In `Setting.before`: the setting has always existed."""


@dataclass(frozen=True)
class Requires:
    """What the setting with the dotted `key` must be for another setting to have an effect.

    Its value must be one of `among` or, if that is empty, none of `besides`. If it is not, a value of the
    other setting that is not its default is refused. If the need is `silent`, the value is ignored instead.
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

    `help` says what it means. `offered` are the names to choose from; if it is a table, entries that are
    added later count, too. `at_least`, `above`, `below` and `at_most` bound a number. `words` say what is
    allowed if a setting has checks of its own.

    - `identity`: it can change a result, and so tells cells apart in the store.
    - `axis`: cells of a sweep may differ in it, and a table then shows it.
    - `run`: it says how a whole sweep runs, and is the same for all its cells; neither identity nor axis.
    - `free`: configurations of one and the same cell may differ in it.
    - `before`: for a setting that was added when there were records already, the value that they were trained
      with. A cell with that value keeps its id: the setting is left out of its identity.
    - `needs`: what other settings must be, all of them, for it to have an effect.
    - `key`: its dotted key on the command line, if that is not the field's name within its group. The
      `momentum` of an optimizer, for example, stands at the top level.
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
    needs: tuple[Requires, ...] = ()
    key: str | None = None
    words: str | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The names to choose from, in the order in which they are listed to a user."""
        return tuple(self.offered)

    @property
    def newer(self) -> bool:
        """Whether there may be records from before the setting was added."""
        return self.before is not _Always

    def __post_init__(self) -> None:
        if self.run:
            object.__setattr__(self, "identity", False)
            object.__setattr__(self, "axis", False)


def setting(default: Any, help: str, choices: Collection[str] = (), **rules: Any) -> Any:
    """A dataclass field with a `Setting` in its metadata; `rules` are the fields of `Setting`."""
    return declaration(default, Setting(help, choices, **rules))


def declaration(default: Any, rule: Setting) -> Any:
    """A dataclass field with this default and this rule in its metadata."""
    metadata = {"setting": rule}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def group(kind: type, help: str, **rules: Any) -> Any:
    """A dataclass field that is itself a dataclass of settings."""
    return field(default_factory=kind, metadata={"setting": Setting(help, **rules)})


Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """The choices of one kind, by name, in the order in which they are listed to a user.

    `kind` is what one of them is called, such as "activation". Entries that `register` adds are the user's
    own: `outside` maps their names to the modules that registered them. `version` counts calls of `register`.
    """

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self.kind = kind
        self.outside: dict[str, str] = {}
        self.version = 0
        self._entries = dict(entries)

    def register(self, name: str, entry: Entry, module: str) -> None:
        """Add an entry of the user's own, which `module` registers. The same name again replaces the entry.

        Raises ValueError for a name of one of the package's own entries.
        """
        if name in self.own:
            raise ValueError(f"{name} is one of the package's own")
        self._entries[name] = entry
        self.outside[name] = module
        self.version += 1

    @property
    def own(self) -> tuple[str, ...]:
        """The names of the package's own entries."""
        return tuple(name for name in self._entries if name not in self.outside)

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
