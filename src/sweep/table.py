"""Tables from a name to what it stands for, which code outside the package can add to."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Table(Mapping[str, Entry], Generic[Entry]):
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
