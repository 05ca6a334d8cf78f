"""Rules that an annotation adds to a type: `Annotated[int, AtLeast(1)]` is a whole number of at least 1."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from sweep.core.errors import nearest, shortened

Names = Mapping[str, Collection[str]]

_FILE_NAME = re.compile(r"[a-z0-9_-]{1,100}")
_FORMAT = re.compile(r"[+]?,?(\.\d{1,2})?[deEfFgG%]?|s")


class MistakeError(ValueError):
    """A value that is not allowed: its `place` in the file, relative to what is being read, and a `text`."""

    def __init__(self, text: str, place: str = "") -> None:
        super().__init__(text)
        self.text, self.place = text, place


def refused(value: Any, allowed: str) -> MistakeError:
    """The mistake of writing `value` where something else is allowed."""
    return MistakeError(f"={'null' if value is None else shortened(value)}: must be {allowed}")


class Rule(Protocol):
    """What a value must be besides being of its type."""

    def check(self, value: Any, names: Names) -> None:
        """Raise MistakeError for a value that breaks the rule; `names` is what `Known` looks names up in."""


@dataclass(frozen=True, eq=False)  # hashable, whatever the collection
class OneOf:
    """The value is one of these names."""

    names: Collection[str]

    def check(self, value: Any, names: Names) -> None:
        """Refuse other names, with the nearest that is allowed."""
        if value not in self.names:
            raise refused(value, f"one of {', '.join(self.names)}{nearest(value, self.names)}")


@dataclass(frozen=True)
class Known:
    """The value is the name of an experiment, a column or something else of this `kind` that there is."""

    kind: str

    def check(self, value: Any, names: Names) -> None:
        """Refuse names that are not among those of the kind."""
        OneOf(sorted(names[self.kind])).check(value, names)


@dataclass(frozen=True, eq=False)  # hashable, whatever the collection
class KeyOf:
    """The key of a mapping is one of these."""

    names: Collection[str]

    def check(self, value: Any, names: Names) -> None:
        """Refuse other keys, with the nearest that is allowed."""
        if value not in self.names:
            raise MistakeError(f": no such key{nearest(value, self.names)}")


@dataclass(frozen=True)
class KeyKnown:
    """The key of a mapping is the name of something of this `kind` that there is."""

    kind: str

    def check(self, value: Any, names: Names) -> None:
        """Refuse keys that are not among the names of the kind."""
        KeyOf(sorted(names[self.kind])).check(value, names)


class FileName:
    """The key of a mapping is the name of a file without its ending: no name leads out of its folder."""

    def check(self, value: Any, names: Names) -> None:
        """Refuse names with other characters."""
        if not _FILE_NAME.fullmatch(value):
            raise MistakeError(": a name must be of a-z, 0-9, _ and -, at most 100 of them")


class Format:
    """The text says how a number or a text is written, as in Python's format(): `,d`, `.2f` or `s`.

    It gives no width: one of a thousand million would fill the memory.
    """

    def check(self, value: Any, names: Names) -> None:
        """Refuse what can format neither a whole number nor a text."""
        if not _FORMAT.fullmatch(value):
            raise refused(value, "a format of Python without a width, such as ,d or .2f")


@dataclass(frozen=True)
class AtLeast:
    """The number is no smaller."""

    bound: float

    def check(self, value: Any, names: Names) -> None:
        """Refuse smaller numbers."""
        if value < self.bound:
            raise refused(value, f"at least {self.bound}")


@dataclass(frozen=True)
class AtMost:
    """The number is no larger."""

    bound: float

    def check(self, value: Any, names: Names) -> None:
        """Refuse larger numbers."""
        if value > self.bound:
            raise refused(value, f"at most {self.bound}")


@dataclass(frozen=True)
class Length:
    """The list has this many items, or at least so many."""

    least: int
    most: int | None = None

    def check(self, value: Any, names: Names) -> None:
        """Refuse lists of another length."""
        if not self.least <= len(value) <= (self.most or len(value)):
            count = f"{self.least}" if self.most == self.least else f"at least {self.least}"
            raise refused(value, f"a list of {count}")


class Powers:
    """The list is a term [coefficient, power of x, power of y] of a polynomial."""

    def check(self, value: Any, names: Names) -> None:
        """Refuse powers that are negative or no whole numbers."""
        if any(power < 0 or power != int(power) for power in value[1:]):
            raise refused(value, "a coefficient and two whole powers of at least 0")


class Increasing:
    """Each number of the list is larger than the one before."""

    def check(self, value: Any, names: Names) -> None:
        """Refuse lists that do not rise."""
        if any(low >= high for low, high in pairwise(value)):
            raise refused(value, "a list of increasing numbers")
