"""The content of a YAML file as objects of typed classes; what does not fit is one mistake with its place.

cattrs walks the classes. The hooks here refuse what it would convert without a word (a number for a text,
true for 1, a text for a list), and check the rules of `Annotated` types.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import partial
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.cols import list_structure_factory
from cattrs.errors import IterableValidationNote
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory
from cattrs.gen.typeddicts import make_dict_structure_fn as make_typed_dict_structure_fn

from sweep.errors import nearest
from sweep.papers.functions import Settings
from sweep.papers.rules import MistakeError, Names, refused

Hook = Callable[[Any, Any], Any]

_NOUNS: dict[type, str] = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}


def strict_converter(names: Names) -> Converter:
    """A converter that converts no value; `names` is what the rule `Known` looks names up in."""
    converter = Converter(forbid_extra_keys=True)

    def annotated(kind: Any) -> Hook:
        base, *rules = get_args(kind)
        inner = converter.get_structure_hook(base)

        def hook(value: Any, _: Any) -> Any:
            made = inner(value, base)
            for rule in rules:
                rule.check(value, names)
            return made

        return hook

    def sequence(kind: Any) -> Hook:
        item = get_args(kind)[0]
        inner = list_structure_factory(list[item], converter)  # type: ignore[valid-type]
        made = tuple if get_origin(kind) is tuple else list
        allowed = "a list of texts" if item is str else "a list"
        return _checked(lambda value, kind: made(inner(value, kind)), list, allowed)

    def mapping(kind: Any) -> Hook:
        return _checked(mapping_structure_factory(kind, converter), dict, "a mapping")

    def dataclass(kind: Any) -> Hook:
        return _checked(make_dict_structure_fn(kind, converter), dict, "a mapping")

    def typed_dict(kind: Any) -> Hook:
        return _checked(make_typed_dict_structure_fn(kind, converter), dict, "a mapping")

    for primitive in _NOUNS:
        converter.register_structure_hook(primitive, _primitive)
    converter.register_structure_hook_factory(is_dataclass, dataclass)
    converter.register_structure_hook_factory(is_typeddict, typed_dict)
    for factory, origins in (
        (mapping, (Mapping, dict)),
        (sequence, (Sequence, list, tuple)),
        (annotated, (Annotated,)),
    ):
        converter.register_structure_hook_factory(partial(_has_origin, origins), factory)
    return converter


def structured(converter: Converter, content: Any, kind: Any, place: str = "") -> Any:
    """`content` as a `kind`. Raises MistakeError, with its place below `place`, where it is none."""
    try:
        return converter.structure(content, kind)
    except BaseValidationError as error:
        mistake = _first(error)
    except MistakeError as error:
        mistake = error
    raise MistakeError(mistake.text, f"{place}{mistake.place}")


def _has_origin(origins: tuple[Any, ...], kind: Any) -> bool:
    return get_origin(kind) in origins


def _primitive(value: Any, kind: Any) -> Any:
    if kind is float:
        right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    else:
        right = type(value) is kind
    if not right:
        raise refused(value, _NOUNS[kind])
    return value


def _checked(hook: Hook, kind: type, allowed: str) -> Hook:
    """The hook, for values of this kind alone; the keys of a mapping must be texts."""

    def checked(value: Any, wanted: Any) -> Any:
        if not isinstance(value, kind):
            raise refused(value, allowed)
        for key in value if isinstance(value, dict) else ():
            if not isinstance(key, str):
                raise MistakeError(f": {key}: a key must be a text")
        return hook(value, wanted)

    return checked


def _first(error: BaseValidationError) -> MistakeError:
    """The first of the mistakes that cattrs has found, an unknown key before others."""
    unknown = [each for each in error.exceptions if isinstance(each, ForbiddenExtraKeysError)]
    if unknown:
        return _unknown_key(unknown[0])
    inner = error.exceptions[0]
    if isinstance(inner, BaseValidationError):
        found = _first(inner)
    elif isinstance(inner, KeyError):
        setting = issubclass(error.cl, Settings)
        found = MistakeError(f": is missing; {error.cl.__name__} needs it" if setting else ": is missing")
    elif isinstance(inner, MistakeError):
        found = inner
    else:
        raise inner
    return MistakeError(found.text, f"{_step(inner)}{found.place}")


def _unknown_key(error: ForbiddenExtraKeysError) -> MistakeError:
    key, kind = min(error.extra_fields), error.cl
    what = f"setting of {kind.__name__}" if issubclass(kind, Settings) else "key"
    return MistakeError(f": no such {what}{nearest(key, get_type_hints(kind))}", f".{key}")


def _step(error: Exception) -> str:
    """The key or position at which an error was found, as cattrs noted it."""
    note = error.__notes__[-1]
    if isinstance(note, IterableValidationNote):
        return f"[{note.index}]" if isinstance(note.index, int) else f".{note.index}"
    return f".{note.name}"  # type: ignore[attr-defined]
