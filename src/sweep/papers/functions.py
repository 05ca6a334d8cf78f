"""The general functions that a paper.yaml picks by name: their settings checked, and their calls guarded."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_type_hints

from sweep.errors import PaperError, nearest
from sweep.papers.collection import Collection, SelectionError
from sweep.papers.kinds import Problem, problem


def mistakes(function: Callable[..., Any], settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the settings of a function, by its signature: '.metric=los: must be one of ...'."""
    kinds = get_type_hints(function, include_extras=True)
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if kinds[name] is not Collection
    }
    for name, value in settings.items():
        if name not in parameters:
            yield f".{name}: no such setting of {function.__name__}{nearest(str(name), parameters)}"
        elif (found := problem(value, kinds[name], f".{name}")) is not None:
            yield f"{described(found)}"
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in settings:
            yield f".{name}: is missing; {function.__name__} needs it"


def described(found: Problem) -> str:
    """A problem as text: the place, the value, what is allowed."""
    return f"{found.place}={'null' if found.value is None else found.value}: {found.allowed}"


def call(place: str, function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Call a general function for `place`, the file and the key that its settings stand at.

    Raises PaperError, in one line, for settings that it cannot work with, which its signature does not show.
    """
    try:
        return function(*arguments, **settings)
    except SelectionError as error:
        raise PaperError(f"{place}: {error}") from error
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        text = f"{type(error).__name__}: {error}"
        raise PaperError(f"{place}: cannot be made with these settings ({text})") from error
