"""The reader of `reports/<paper>/paper.yaml`: it becomes a typed `Paper`, or one mistake with its place.

cattrs walks the classes. The hooks here refuse what it would convert silently (a number for a text, true for
1, a text for a list), and check the rules of `Annotated` types. Tables, figures and measurements are mappings
by name, whose settings are those of the function that each of them chooses.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.cols import list_structure_factory
from cattrs.errors import IterableValidationNote
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory, override
from cattrs.gen.typeddicts import make_dict_structure_fn as make_typed_dict_structure_fn
from yaml import YAMLError

from sweep.config import untrusted
from sweep.config.messages import experiments
from sweep.core.errors import PaperError, nearest, one_line, shortened
from sweep.core.rules import NOUNS, OneOf, Rule, allowed, hint, mistake, refusal
from sweep.papers.collection import Settings, parameters, settings_class
from sweep.papers.findings import typed_number
from sweep.papers.specification import (
    SCALES,
    FileName,
    Finding,
    KeyRule,
    Known,
    Measurement,
    MistakeError,
    Names,
    Paper,
    PaperFigure,
    PaperTable,
)
from sweep.system import files

FILE_KEYS = {"constants": "given"}  # fields whose key in paper.yaml is older than their name
REPORTS = Path("reports")
Hook = Callable[[Any, Any], Any]
Functions = Mapping[str, Callable[..., Any]]
Entries = Mapping[Annotated[str, FileName()], dict[str, Any]]


@dataclass(frozen=True)
class Vocabulary:
    """The general functions that a paper may pick from, by name, and the columns of the records."""

    figures: Functions
    tables: Functions
    measures: Functions
    columns: Collection[str]


def names(reports: Path = REPORTS) -> list[str]:
    """Return the names of the papers in the folder `reports`, of the working folder and of the package."""
    folders = {file.parent.name for folder in _folders(reports) for file in folder.glob("*/paper.yaml")}
    return sorted(filter(str.isprintable, folders))


def find(name: str, reports: Path = REPORTS) -> Path:
    """Return the paper.yaml of a paper, that in `reports` first. Raises PaperError if there is none."""
    papers = names(reports)
    if name not in papers:
        clause = f"must be all or one of {', '.join(papers)}{nearest(name, papers)}"
        raise PaperError(f"{shortened(name)}: no such paper; {clause}")
    candidates = (folder / name / "paper.yaml" for folder in _folders(reports))
    return next(file for file in candidates if files.path_exists(file))


def read(name: str, vocabulary: Vocabulary, reports: Path = REPORTS) -> Paper:
    """Read the specification of a paper.

    Raises PaperError, in one line that names the place, for anything missing, unknown or of the wrong kind.
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
    except MistakeError as error:
        path = error.path.removeprefix(".") or "the file"
        raise PaperError(f"{file}: {path}{error.text}") from error


def _folders(reports: Path) -> list[Path]:
    return [reports, *files.resource_folders("reports")]


def _paper(name: str, file: Path, content: Any, vocabulary: Vocabulary) -> Paper:
    """Build the paper of this name from the content of its file. Raises MistakeError."""
    plain = strict_converter({})
    content = structured(plain, content, dict[str, Any])
    listed = _experiments(plain, name, content)
    measurements = structured(plain, content.get("measurements", {}), Entries, path=".measurements")
    converter = _paper_converter(vocabulary, listed, measurements)
    paper: Paper = structured(converter, _with_fields(content, name=name, file=file), Paper)
    return replace(paper, scales={scale: paper.scales.get(scale, {}) for scale in SCALES})


def _experiments(plain: Converter, paper: str, content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the paper's experiments, each of which has a file. Raises MistakeError."""
    listed: tuple[str, ...] = structured(
        plain, content.get("experiments", []), tuple[str, ...], path=".experiments"
    )
    if not listed:
        raise MistakeError(": must name at least one experiment", ".experiments")
    prefix = f"{paper}/"
    stored = [name.removeprefix(prefix) for name in experiments() if name.startswith(prefix)]
    for experiment in listed:
        text = mistake(experiment, str, [OneOf(stored)])
        if text:
            raise MistakeError(text, ".experiments")
    return listed


def _paper_converter(
    vocabulary: Vocabulary, experiments: Collection[str], measurements: Collection[str]
) -> Converter:
    """Return the converter for a paper.yaml with these experiments and measurements."""
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


def _register(converter: Converter, kind: type[Any], key: str, functions: Functions) -> None:
    """Read a `kind` with its settings, those of the function that it names under `key`.

    In the file, a tuple of the kind is a mapping from name to content.
    """
    plain = converter.get_structure_hook(kind)
    keys = {item.name for item in fields(kind)}

    def entry(content: dict[str, Any], _: Any) -> Any:
        chosen = content.get(key)
        function = functions.get(chosen) if isinstance(chosen, str) else None
        for name in content:
            if function and name not in keys and name in parameters(function):
                raise MistakeError(f": no such key; did you mean settings.{name}?", f".{name}")
        if kind is PaperTable and ("rows" in content) == ("make" in content):
            raise MistakeError(": must have rows or make" + (", not both" if "rows" in content else ""))
        item = plain(content, kind)
        if function is None:
            return item
        arguments = item.arguments if isinstance(item, PaperFigure) else item.settings
        bound = structured(converter, arguments, settings_class(str(chosen), function), path=".settings")
        return replace(item, settings={name: getattr(bound, name) for name in item.settings})

    def named(content: Any, _: Any) -> tuple[Any, ...]:
        return tuple(
            structured(converter, _with_fields(inner, name=name), kind, path=f".{name}")
            for name, inner in structured(converter, content, Entries).items()
        )

    converter.register_structure_hook(kind, entry)
    entries: Any = tuple[kind, ...]  # type: ignore[valid-type]
    converter.register_structure_hook_func(lambda other: bool(other == entries), named)


def _with_fields(content: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """Add fields that follow from where the content stands; it must not have them itself."""
    for key in values:
        if key in content:
            raise MistakeError(": no such key", f".{key}")
    return {**content, **values}


def _register_finding(converter: Converter) -> None:
    """Read a finding: a text, or a text with its scale. A number in it must be a placeholder."""
    plain = converter.get_structure_hook(Finding)

    def finding(content: Any, _: Any) -> Finding:
        item: Finding = plain({"text": content} if isinstance(content, str) else content, Finding)
        number = typed_number(item.text)
        if number is not None:
            raise MistakeError(
                f": {number}: must be a placeholder, such as {{table[label]}},"
                " {table[label].published} or {given[name]}"
            )
        return item

    converter.register_structure_hook(Finding, finding)


def strict_converter(names: Names) -> Converter:
    """Return a converter that converts no value; `names` are those that the rule `Known` refers to."""
    converter = Converter(forbid_extra_keys=True)

    def annotated(kind: Any) -> Hook:
        base, *rules = get_args(kind)
        rules = [rule.resolved(names) if isinstance(rule, Known) else rule for rule in rules]
        inner = converter.get_structure_hook(base)

        def hook(value: Any, _: Any) -> Any:
            item = inner(value, base)
            for rule in rules:
                if not rule.allows(value):
                    raise _mistake(value, base, rule, rules)
            return item

        return hook

    def sequence(kind: Any) -> Hook:
        item = get_args(kind)[0]
        inner = list_structure_factory(list[item], converter)  # type: ignore[valid-type]
        collection = tuple if get_origin(kind) is tuple else list
        words = "a list of texts" if item is str else "a list"
        return _checked(lambda value, kind: collection(inner(value, kind)), list, words)

    def mapping(kind: Any) -> Hook:
        return _checked(mapping_structure_factory(kind, converter), dict, "a mapping")

    def dataclass(kind: Any) -> Hook:
        if kind is not Paper:
            return _checked(make_dict_structure_fn(kind, converter), dict, "a mapping")
        hook = make_dict_structure_fn(kind, converter, constants=override(rename=FILE_KEYS["constants"]))
        return _checked(hook, dict, "a mapping")

    def typed_dict(kind: Any) -> Hook:
        return _checked(make_typed_dict_structure_fn(kind, converter), dict, "a mapping")

    for primitive in NOUNS:
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


def structured(converter: Converter, content: Any, kind: Any, *, path: str = "") -> Any:
    """Convert `content` to a `kind`. Raises MistakeError, with a path below `path`."""
    try:
        return converter.structure(content, kind)
    except BaseValidationError as error:
        first = _first(error)
    except MistakeError as error:
        first = error
    raise MistakeError(first.text, f"{path}{first.path}")


def _has_origin(origins: tuple[Any, ...], kind: Any) -> bool:
    return get_origin(kind) in origins


def _primitive(value: Any, kind: Any) -> Any:
    text = mistake(value, kind, [])
    if text:
        raise MistakeError(text)
    return value


def _mistake(value: Any, kind: Any, rule: Rule, rules: Sequence[Rule]) -> MistakeError:
    """Return the mistake of a value that breaks one of its rules."""
    if isinstance(rule, KeyRule):
        return MistakeError(rule.refusal(value))
    return MistakeError(refusal(value, allowed(kind, rules), hint(value, rules)))


def _checked(hook: Hook, kind: type, words: str) -> Hook:
    """Restrict a hook to values of this kind; the keys of a mapping must be texts."""

    def checked(value: Any, target: Any) -> Any:
        if not isinstance(value, kind):
            raise MistakeError(refusal(value, words))
        for key in value if isinstance(value, dict) else ():
            if not isinstance(key, str):
                raise MistakeError(f": {key}: a key must be a text")
        return hook(value, target)

    return checked


def _first(error: BaseValidationError) -> MistakeError:
    """Return the first of the mistakes that cattrs has found, an unknown key before others."""
    unknown = [inner for inner in error.exceptions if isinstance(inner, ForbiddenExtraKeysError)]
    if unknown:
        return _unknown_key(unknown[0])
    inner = error.exceptions[0]
    if isinstance(inner, BaseValidationError):
        first = _first(inner)
    elif isinstance(inner, KeyError):
        setting = issubclass(error.cl, Settings)
        first = MistakeError(f": is missing; {error.cl.__name__} needs it" if setting else ": is missing")
    elif isinstance(inner, MistakeError):
        first = inner
    else:
        raise inner
    return MistakeError(first.text, f"{_step(inner)}{first.path}")


def _unknown_key(error: ForbiddenExtraKeysError) -> MistakeError:
    key, kind = min(error.extra_fields), error.cl
    noun = f"setting of {kind.__name__}" if issubclass(kind, Settings) else "key"
    names = [FILE_KEYS.get(name, name) for name in get_type_hints(kind)]
    return MistakeError(f": no such {noun}{nearest(key, names)}", f".{key}")


def _step(error: Exception) -> str:
    """Return the key or position at which an error was found, as cattrs noted it."""
    note = error.__notes__[-1]
    if isinstance(note, IterableValidationNote):
        return f"[{note.index}]" if isinstance(note.index, int) else f".{note.index}"
    return f".{note.name}"  # type: ignore[attr-defined]
