"""How the entries of a paper.yaml become objects: tables, figures and measurements, each by its name."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

from cattrs import Converter

from sweep.papers.findings import typed_number
from sweep.papers.functions import parameters, settings_class
from sweep.papers.rules import FileName, MistakeError
from sweep.papers.specification import Figure, Finding, Measurement, Table
from sweep.papers.structuring import strict_converter, structured

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
    _register(converter, Table, "make", vocabulary.tables)
    _register(converter, Figure, "draw", vocabulary.figures)
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
        if kind is Table and ("rows" in content) == ("make" in content):
            raise MistakeError(": must have rows or make" + (", not both" if "rows" in content else ""))
        made = plain(content, kind)
        if function is None:
            return made
        arguments = made.arguments if isinstance(made, Figure) else made.settings
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
                " {table[label].published} or {given[name]}"
            )
        return made

    converter.register_structure_hook(Finding, finding)
