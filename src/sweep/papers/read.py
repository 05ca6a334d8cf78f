"""The content of a YAML file as objects of typed classes; what does not fit is one mistake with its place.

cattrs walks the classes. The hooks here refuse what it would convert without a word (a number for a text,
true for 1, a text for a list), and check the rules of `Annotated` types.

[entries] How the entries of a paper.yaml become objects: tables, figures and measurements, each by its name.

[reading] `reports/<paper>/paper.yaml`, found, read and checked.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.cols import list_structure_factory
from cattrs.errors import IterableValidationNote
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory
from cattrs.gen.typeddicts import make_dict_structure_fn as make_typed_dict_structure_fn
from yaml import YAMLError

from sweep.config import untrusted
from sweep.config.messages import experiments
from sweep.core.errors import PaperError, nearest, one_line, shortened
from sweep.papers.collection import Settings, parameters, settings_class
from sweep.papers.findings import typed_number
from sweep.papers.rules import FileName, MistakeError, Names, OneOf, refused
from sweep.papers.specification import SCALES, Finding, Measurement, Paper, PaperFigure, PaperTable
from sweep.system import files

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


Functions = Mapping[str, Callable[..., Any]]
Entries = Mapping[Annotated[str, FileName()], dict[str, Any]]


@dataclass(frozen=True)
class Vocabulary:
    """The general functions that a paper may pick from, by name, and the columns of the records."""

    figures: Functions
    tables: Functions
    measures: Functions
    columns: Collection[str]


def paper_converter(
    vocabulary: Vocabulary, experiments: Collection[str], measurements: Collection[str]
) -> Converter:
    """The converter for a paper.yaml with these experiments and measurements."""
    converter = strict_converter(
        {
            "experiments": experiments,
            "measurements": measurements,
            "columns": vocabulary.columns,
            "figures": vocabulary.figures,
            "tables": vocabulary.tables,
            "measures": vocabulary.measures,
        }
    )
    _register(converter, PaperTable, "make", vocabulary.tables)
    _register(converter, PaperFigure, "draw", vocabulary.figures)
    _register(converter, Measurement, "measure", vocabulary.measures)
    _register_finding(converter)
    return converter


def with_given(content: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """The content and what the place where it stands gives; it must not give that itself."""
    for key in given:
        if key in content:
            raise MistakeError(": no such key", f".{key}")
    return {**content, **given}


def _register(converter: Converter, kind: type[Any], key: str, functions: Functions) -> None:
    """Read a `kind` with its settings, which those of the function that it names under `key` must be.

    A tuple of the kind is, in the file, a mapping from name to content.
    """
    plain = converter.get_structure_hook(kind)
    known = {item.name for item in fields(kind)}

    def entry(content: dict[str, Any], _: Any) -> Any:
        chosen = content.get(key)
        function = functions.get(chosen) if isinstance(chosen, str) else None
        for name in content:
            if function and name not in known and name in parameters(function):
                raise MistakeError(f": no such key; did you mean settings.{name}?", f".{name}")
        if kind is PaperTable and ("rows" in content) == ("make" in content):
            raise MistakeError(": must have rows or make" + (", not both" if "rows" in content else ""))
        made = plain(content, kind)
        if function is None:
            return made
        arguments = made.arguments if isinstance(made, PaperFigure) else made.settings
        bound = structured(converter, arguments, settings_class(str(chosen), function), ".settings")
        return replace(made, settings={name: getattr(bound, name) for name in made.settings})

    def named(content: Any, _: Any) -> tuple[Any, ...]:
        found = structured(converter, content, Entries)
        return tuple(
            structured(converter, with_given(own, name=name), kind, f".{name}") for name, own in found.items()
        )

    converter.register_structure_hook(kind, entry)
    entries: Any = tuple[kind, ...]  # type: ignore[valid-type]
    converter.register_structure_hook_func(lambda other: bool(other == entries), named)


def _register_finding(converter: Converter) -> None:
    """Read a finding: a text, or a text with its scale. A number in it must be a placeholder."""
    plain = converter.get_structure_hook(Finding)

    def finding(content: Any, _: Any) -> Finding:
        made: Finding = plain({"text": content} if isinstance(content, str) else content, Finding)
        number = typed_number(made.text)
        if number is not None:
            raise MistakeError(
                f": {number}: must be a placeholder, such as {{table[label]}},"
                " {table[label].published} or {constants[name]}"
            )
        return made

    converter.register_structure_hook(Finding, finding)


REPORTS = Path("reports")


def names(reports: Path = REPORTS) -> list[str]:
    """The papers of the folder `reports`, of the working folder and of the package."""
    found = {file.parent.name for folder in _folders(reports) for file in folder.glob("*/paper.yaml")}
    return sorted(filter(str.isprintable, found))


def find(name: str, reports: Path = REPORTS) -> Path:
    """The paper.yaml of a paper, that of `reports` first. Raises PaperError where there is none."""
    known = names(reports)
    if name not in known:
        allowed = f"must be all or one of {', '.join(known)}{nearest(name, known)}"
        raise PaperError(f"{shortened(name)}: no such paper; {allowed}")
    candidates = (folder / name / "paper.yaml" for folder in _folders(reports))
    return next(file for file in candidates if files.is_there(file))


def read(name: str, vocabulary: Vocabulary, reports: Path = REPORTS) -> Paper:
    """The specification of a paper.

    Raises PaperError, in one line that names the place, for whatever is missing, unknown or of the wrong
    kind.
    """
    file = find(name, reports)
    try:
        content = untrusted.load(files.read(file).decode("utf-8"))
    except OSError as error:
        raise PaperError(f"{file}: cannot be read ({error.strerror})") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise PaperError(f"{file}: {one_line(error)}") from error
    for key, text in untrusted.texts(content):
        if untrusted.calls_resolver(text):
            raise PaperError(f"{file}: {key}={shortened(text)}: must be written out")
    try:
        return _paper(name, file, content, vocabulary)
    except MistakeError as mistake:
        place = mistake.place.removeprefix(".") or "the file"
        raise PaperError(f"{file}: {place}{mistake.text}") from mistake


def _folders(reports: Path) -> list[Path]:
    return [reports, *files.folders("reports")]


def _paper(name: str, file: Path, content: Any, vocabulary: Vocabulary) -> Paper:
    """The paper of this name, from the content of its file. Raises MistakeError."""
    plain = strict_converter({})
    content = structured(plain, content, dict[str, Any])
    own = _experiments(plain, name, content)
    measurements = structured(plain, content.get("measurements", {}), Entries, ".measurements")
    converter = paper_converter(vocabulary, own, measurements)
    paper: Paper = structured(converter, with_given(content, name=name, file=file), Paper)
    return replace(paper, scales={scale: paper.scales.get(scale, {}) for scale in SCALES})


def _experiments(plain: Converter, paper: str, content: Mapping[str, Any]) -> tuple[str, ...]:
    """The paper's experiments, each of which has a file of its own. Raises MistakeError."""
    found: tuple[str, ...] = structured(
        plain, content.get("experiments", []), tuple[str, ...], ".experiments"
    )
    if not found:
        raise MistakeError(": must name at least one experiment", ".experiments")
    prefix = f"{paper}/"
    there = OneOf([each.removeprefix(prefix) for each in experiments() if each.startswith(prefix)])
    for each in found:
        try:
            there.check(each, {})
        except MistakeError as mistake:
            raise MistakeError(mistake.text, ".experiments") from mistake
    return found
