"""The general functions that a paper.yaml picks by name: their settings as a class, and their calls."""

import inspect
from collections.abc import Callable
from dataclasses import field, make_dataclass
from typing import Any, get_type_hints

from sweep.errors import PaperError
from sweep.papers.collection import Collection, SelectionError


class Settings:
    """What the classes of `settings_class` have in common."""


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a function that are settings: all but the records."""
    kinds = get_type_hints(function)
    found = inspect.signature(function).parameters
    return {name: each for name, each in found.items() if kinds[name] is not Collection}


def settings_class(name: str, function: Callable[..., Any]) -> type[Any]:
    """A dataclass with a field for each setting of the function that paper.yaml calls `name`.

    An object of it can be made of exactly the keyword arguments that the function can be called with.
    """
    kinds = get_type_hints(function, include_extras=True)
    fields = [
        (each.name, kinds[each.name], field())
        if each.default is each.empty
        else (each.name, kinds[each.name], field(default=each.default))
        for each in parameters(function).values()
    ]
    return make_dataclass(name, fields, bases=(Settings,), kw_only=True)


def call(place: str, function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Call a general function for `place`, the file and the key that its settings stand at.

    Raises PaperError, in one line, for settings that do not fit the records.
    """
    try:
        return function(*arguments, **settings)
    except SelectionError as error:
        raise PaperError(f"{place}: {error}") from error
