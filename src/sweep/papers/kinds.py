"""Whether a value from a paper.yaml is of the kind that an annotation asks for."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from sweep.errors import nearest


@dataclass(frozen=True)
class OneOf:
    """In `Annotated`: the value is one of these names."""

    names: Collection[str]


@dataclass(frozen=True)
class AtLeast:
    """In `Annotated`: the number is no smaller."""

    bound: float


@dataclass(frozen=True)
class AtMost:
    """In `Annotated`: the number is no larger."""

    bound: float


@dataclass(frozen=True)
class Length:
    """In `Annotated`: the list has this many items, or at least so many."""

    least: int
    most: int | None = None


@dataclass(frozen=True)
class Problem:
    """A value that is not of its kind: its place below what was asked about, and what is allowed."""

    place: str
    value: Any
    allowed: str


_NOUNS: dict[Any, str] = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}


def problem(value: Any, kind: Any, place: str = "") -> Problem | None:
    """What is wrong with a value, or None where it is of this kind (an annotation, `Annotated` included)."""
    if kind is Any:
        return None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _optional(value, arguments, place)
    if origin is Annotated:
        base, *rules = arguments
        found = problem(value, base, place)
        return found or next(filter(None, (_broken(value, rule, place) for rule in rules)), None)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(value, arguments, place)
    if origin is not None and issubclass(origin, Sequence):
        return _sequence(value, arguments[0], place)
    return None if _is(value, kind) else Problem(place, value, f"must be {_NOUNS[kind]}")


def _optional(value: Any, kinds: tuple[Any, ...], place: str) -> Problem | None:
    """Of a union with None."""
    if value is None:
        return None
    (kind,) = (kind for kind in kinds if kind is not NoneType)
    return problem(value, kind, place)


def _mapping(value: Any, kinds: tuple[Any, ...], place: str) -> Problem | None:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        return Problem(place, value, "must be a mapping of names")
    found = (problem(inner, kinds[1], f"{place}.{key}") for key, inner in value.items())
    return next(filter(None, found), None)


def _sequence(value: Any, kind: Any, place: str) -> Problem | None:
    if not isinstance(value, list | tuple):
        return Problem(place, value, f"must be a list{' of texts' if kind is str else ''}")
    found = (problem(inner, kind, f"{place}[{index}]") for index, inner in enumerate(value))
    return next(filter(None, found), None)


def _is(value: Any, kind: Any) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _broken(value: Any, rule: Any, place: str) -> Problem | None:
    """A value of the right type that does not obey a rule of `Annotated`."""
    if isinstance(rule, OneOf) and value not in rule.names:
        return Problem(place, value, f"must be one of {', '.join(rule.names)}{nearest(value, rule.names)}")
    if isinstance(rule, AtLeast) and value < rule.bound:
        return Problem(place, value, f"must be at least {rule.bound}")
    if isinstance(rule, AtMost) and value > rule.bound:
        return Problem(place, value, f"must be at most {rule.bound}")
    if isinstance(rule, Length) and not rule.least <= len(value) <= (rule.most or len(value)):
        count = f"{rule.least}" if rule.most == rule.least else f"at least {rule.least}"
        return Problem(place, value, f"must be a list of {count}")
    return None
