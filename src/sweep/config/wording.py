"""In words, what is allowed for a setting; and the line that refuses a wrong value."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, get_args

from sweep.config.leaves import declared
from sweep.errors import SettingError, nearest
from sweep.setting import Setting

_NOUNS = {int: "a whole number", float: "a number", bool: "true or false", str: "a name"}


def allowed(key: str) -> str:
    """What is allowed for the setting `key` (dotted), in words: 'a number, above 0'."""
    annotation, rule = declared(key)
    if rule.words:
        return rule.words
    if is_dataclass(annotation) and isinstance(annotation, type):
        return f"a group of settings such as {key}.{fields(annotation)[0].name}"
    return in_words(annotation, rule)


def in_words(annotation: Any, rule: Setting) -> str:
    """What is allowed for a setting of this type and rule, in words."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    if list[str] in (annotation, *kinds):
        names = f" from {', '.join(rule.choices)}" if rule.choices else ""
        words = f"a list of different names{names}"
    elif rule.choices:
        words = "one of " + ", ".join(rule.choices)
    else:
        words = _NOUNS[kinds[0]] + _bounds(rule)
    return words + (", or null" if type(None) in kinds else "")


def refuse(key: str, value: object, place: str = "") -> SettingError:
    """The error for a value that is not allowed for `key`, with the nearest allowed name.

    `place` says where the value was given, as ' (in FILE)'.
    """
    choices = declared(key)[1].choices
    names = value if isinstance(value, list | tuple) else [value]
    hints = [nearest(str(name), choices) for name in names if name not in choices]
    hint = next(filter(None, hints), "")
    if isinstance(value, list | tuple) and "list" not in allowed(key):
        hint = several_values(key, value)
    return SettingError(f"{key}={show(value)}{place}: must be {allowed(key)}{hint}")


def several_values(key: str, values: Sequence[object]) -> str:
    """The clause that says how several values of a setting are written."""
    listed = [show(value) for value in values]
    grid = f"grid: {{product: {{{key}: [{', '.join(listed)}]}}}}"
    return f"; several values: -m {key}={','.join(listed)}, or {grid}"


def show(value: object) -> str:
    """A value as it is typed, in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ",".join(show(item) for item in value) + "]"
    return " ".join(str(value).split())


def _bounds(rule: Setting) -> str:
    words = ""
    for word, bound in (
        ("at least", rule.at_least),
        ("above", rule.above),
        ("at most", rule.at_most),
        ("below", rule.below),
    ):
        if bound is not None:
            words += f", {word} {bound:g}"
    return words
