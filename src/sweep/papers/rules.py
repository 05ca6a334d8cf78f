"""Rules of paper.yaml: `Annotated[int, AtLeast(1)]` is a whole number of at least 1.

The general rules are those of settings, in `sweep.core.rules`; these are the ones that only papers need.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweep.core.errors import nearest
from sweep.core.rules import OneOf, Rule

Names = Mapping[str, Collection[str]]  # of experiments, columns and so on, by kind

_FILE_NAME = re.compile(r"[a-z0-9_-]{1,100}")
_FORMAT = re.compile(r"[+]?,?(\.\d{1,2})?[deEfFgG%]?|s")


class MistakeError(ValueError):
    """A value that is not allowed: a `text`, and its `path` in the file, relative to what is being read."""

    def __init__(self, text: str, path: str = "") -> None:
        super().__init__(text)
        self.text, self.path = text, path


@dataclass(frozen=True)
class Known:
    """The name of an experiment, a column or something else of this `kind`, from the paper or its records."""

    kind: str

    def resolved(self, names: Names) -> Rule:
        """Return the rule that the value is one of these names."""
        return OneOf(sorted(names[self.kind]))


@dataclass(frozen=True)
class KeyKnown(Known):
    """A key of a mapping that is the name of something of this `kind`."""

    def resolved(self, names: Names) -> Rule:
        return KeyOf(sorted(names[self.kind]))


class KeyRule(Rule):
    """A rule for the keys of a mapping, with an error of its own."""

    def refusal(self, key: str) -> str:
        """Return the error for a key that the rule does not allow."""
        return f": a name must be {self.words}"


@dataclass(frozen=True, eq=False)  # hashable, whatever the collection
class KeyOf(KeyRule):
    """A key of a mapping that is one of these names."""

    names: Collection[str]

    @property
    def words(self) -> str:
        return f"one of {', '.join(self.names)}"

    def allows(self, value: Any) -> bool:
        return value in self.names

    def refusal(self, key: str) -> str:
        return f": no such key{nearest(key, self.names)}"


class FileName(KeyRule):
    """A key of a mapping that names a file, without its ending: no name leads out of its folder."""

    @property
    def words(self) -> str:
        return "of a-z, 0-9, _ and -, at most 100 of them"

    def allows(self, value: Any) -> bool:
        return _FILE_NAME.fullmatch(value) is not None


class Format(Rule):
    """The format of a number or a text, as in Python's format(): `,d`, `.2f` or `s`.

    It gives no width: one of a thousand million would fill the memory.
    """

    complete = True

    @property
    def words(self) -> str:
        return "a format of Python without a width, such as ,d or .2f"

    def allows(self, value: Any) -> bool:
        return _FORMAT.fullmatch(value) is not None


class Powers(Rule):
    """A term [coefficient, power of x, power of y] of a polynomial, whose powers are whole numbers."""

    complete = True

    @property
    def words(self) -> str:
        return "a coefficient and two whole powers of at least 0"

    def allows(self, value: Sequence[float]) -> bool:
        return all(power >= 0 and power == int(power) for power in value[1:])
