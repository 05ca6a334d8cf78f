"""Rules for a single value, in one language for settings, paper.yaml and the criteria of a comparison.

`mistake(2, float, [AtLeast(0.5), Below(1)])` is "=2: must be a number, at least 0.5, below 1".
"""

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import UnionType
from typing import Any, ClassVar, get_args, get_origin

from sweep.core.errors import nearest, shortened
from sweep.core.formats import plural, typed_value

NOUNS: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


class Rule(ABC):
    """A condition on a value, besides its type."""

    complete: ClassVar[bool] = False  # the words stand by themselves, without the noun of the type

    @property
    @abstractmethod
    def words(self) -> str:
        """Return the condition as it follows "must be" and the noun of the type."""

    @abstractmethod
    def allows(self, value: Any) -> bool:
        """Return True if a value of the right type meets the condition."""


@dataclass(frozen=True)
class Bound(Rule):
    """A limit on a number."""

    bound: float
    word: ClassVar[str]
    holds: ClassVar[Callable[[Any, Any], bool]]

    @property
    def words(self) -> str:
        return f"{self.word} {self.bound:g}"

    def allows(self, value: Any) -> bool:
        return type(self).holds(value, self.bound)


class AtLeast(Bound):
    """The smallest number that is allowed."""

    word, holds = "at least", operator.ge


class Above(Bound):
    """A limit below all numbers that are allowed."""

    word, holds = "above", operator.gt


class AtMost(Bound):
    """The largest number that is allowed."""

    word, holds = "at most", operator.le


class Below(Bound):
    """A limit above all numbers that are allowed."""

    word, holds = "below", operator.lt


@dataclass(frozen=True, eq=False)  # hashable, whatever the collection
class OneOf(Rule):
    """Names to choose from. In a table that is registered in, later entries count as well."""

    names: Collection[Any]
    complete = True

    @property
    def words(self) -> str:
        return f"one of {', '.join(map(typed_value, self.names))}"

    def allows(self, value: Any) -> bool:
        return value in self.names


@dataclass(frozen=True)
class Length(Rule):
    """The number of items of a list: exactly `least` if `most` is the same, otherwise at least that many."""

    least: int
    most: int | None = None

    @property
    def words(self) -> str:
        return f"of {'' if self.most == self.least else 'at least '}{plural(self.least, 'item')}"

    def allows(self, value: Any) -> bool:
        return self.least <= len(value) <= (self.most or len(value))


class Increasing(Rule):
    """A list in which each number is larger than the one before."""

    @property
    def words(self) -> str:
        return "increasing"

    def allows(self, value: Any) -> bool:
        return all(low < high for low, high in pairwise(value))


def mistake(value: Any, kind: Any, rules: Sequence[Rule]) -> str | None:
    """Return the clause "=VALUE: must be ALLOWED; did you mean ...?", or None if the value is allowed.

    `kind` is the type of the value: bool, int, float, str, list[str], or one of them | None.
    """
    return None if fits(value, kind, rules) else refusal(value, allowed(kind, rules), hint(value, rules))


def refusal(value: Any, words: str, clause: str = "", *, file: str = "") -> str:
    """Return the clause that refuses a value; `file` says where it stands, as " (in FILE)"."""
    return f"={shortened(typed_value(value))}{file}: must be {words}{clause}"


def hint(value: Any, rules: Sequence[Rule]) -> str:
    """Return the clause "did you mean X?" for the first name that is not among the choices, or nothing."""
    choices = choices_of(rules)
    names = value if isinstance(value, list | tuple) else [value]
    clauses = (nearest(str(name), map(str, choices)) for name in names if name not in choices)
    return next(filter(None, clauses), "")


def choices_of(rules: Sequence[Rule]) -> tuple[Any, ...]:
    """Return the names to choose from, in the order in which they are listed to a user."""
    return next((tuple(rule.names) for rule in rules if isinstance(rule, OneOf)), ())


def allowed(kind: Any, rules: Sequence[Rule]) -> str:
    """Return what is allowed for a value of this type, in words: "a number, above 0, or null"."""
    kinds = _kinds(kind)
    choices = choices_of(rules)
    complete = next((rule.words for rule in rules if rule.complete), None)
    if list[str] in kinds:
        words = "a list of different names" + (f" from {', '.join(choices)}" if choices else "")
    elif complete:
        words = complete
    else:
        words = NOUNS.get(kinds[0], "a mapping" if get_origin(kind) is Mapping else "a list")
        words += "".join(f"{'' if rule.words.startswith('of ') else ','} {rule.words}" for rule in rules)
    return words + (", or null" if type(None) in kinds else "")


def fits(value: Any, kind: Any, rules: Sequence[Rule]) -> bool:
    """Return True if a value is of this type and meets all rules."""
    kinds = _kinds(kind)
    if value is None and type(None) in kinds:
        return True
    if list[str] in kinds:
        names = choices_of(rules) or value
        if not isinstance(value, list) or not all(isinstance(name, str) and name in names for name in value):
            return False
        return bool(value) and len(set(value)) == len(value)
    return is_kind(value, kinds[0]) and all(rule.allows(value) for rule in rules)


def is_kind(value: Any, kind: Any) -> bool:
    """Return True if a value is of this primitive type; an integer is also a number, but true is not 1."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is str:
        return isinstance(value, str) and "\0" not in value  # which would end the name of a file
    return kind is object or isinstance(value, kind)


def widest(several: Sequence[Sequence[Rule]]) -> tuple[Bound, ...]:
    """Return the bounds that allow every number that one of these sets of rules allows."""
    lowest = [next((rule for rule in rules if isinstance(rule, AtLeast | Above)), None) for rules in several]
    highest = [next((rule for rule in rules if isinstance(rule, AtMost | Below)), None) for rules in several]
    bounds: list[Bound] = []
    if None not in lowest:
        # Of two equal bounds, "at least" allows more than "above".
        bounds.append(min(filter(None, lowest), key=lambda rule: (rule.bound, isinstance(rule, Above))))
    if None not in highest:
        # Of two equal bounds, "at most" allows more than "below".
        bounds.append(max(filter(None, highest), key=lambda rule: (rule.bound, isinstance(rule, AtMost))))
    return tuple(bounds)


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if isinstance(kind, UnionType) else (kind,)
