"""`reports/<paper>/paper.yaml`, found, read and checked."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from sweep import resources
from sweep.errors import PaperError, nearest
from sweep.papers.findings import typed_number
from sweep.papers.functions import described, mistakes
from sweep.papers.kinds import problem
from sweep.papers.specification import (
    PROTOCOL,
    SCALES,
    Figure,
    Finding,
    Measurement,
    Paper,
    Row,
    Table,
)

REPORTS = Path("reports")
_NAME = re.compile(r"[a-z0-9_-]+")

Functions = Mapping[str, Callable[..., Any]]
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Vocabulary:
    """The general functions that a paper may pick from, by name, and the columns of the records."""

    draws: Functions
    makes: Functions
    measures: Functions
    columns: Collection[str]


def names(reports: Path = REPORTS) -> list[str]:
    """The papers of the folder `reports`, of the working folder and of the package."""
    return sorted({file.parent.name for folder in _folders(reports) for file in folder.glob("*/paper.yaml")})


def find(name: str, reports: Path = REPORTS) -> Path:
    """The paper.yaml of a paper, that of `reports` first. Raises PaperError where there is none."""
    known = names(reports)
    if name not in known:
        raise PaperError(
            f"{name}: no such paper; must be all or one of {', '.join(known)}{nearest(name, known)}"
        )
    files = (folder / name / "paper.yaml" for folder in _folders(reports))
    return next(file for file in files if file.is_file())


def read(name: str, vocabulary: Vocabulary, reports: Path = REPORTS) -> Paper:
    """The specification of a paper.

    Raises PaperError, in one line that names the place, for whatever is missing, unknown or of the wrong
    kind.
    """
    file = find(name, reports)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PaperError(f"{file}: {' '.join(str(error).split())}") from error
    return _Reader(file, vocabulary).paper(name, content)


def _folders(reports: Path) -> list[Path]:
    return [reports, REPORTS, resources.folder("reports")]


class _Reader:
    """Turns a file's mappings into the classes above; every error names the file and the place in it."""

    def __init__(self, file: Path, vocabulary: Vocabulary) -> None:
        self.file, self.vocabulary = file, vocabulary

    def paper(self, name: str, content: Any) -> Paper:
        content = dict(self._mapping(content, "the file"))
        self._known(content, {item.name for item in fields(Paper)} - {"name", "file"}, "")
        self.experiments = self._experiments(name, content.get("experiments", []))
        scales = self._mapping(content.get("scales", {}), "scales")
        self._known(scales, SCALES, "scales.")
        tables, figures, measurements = (
            self._named(content.pop(key, {}), key) for key in ("tables", "figures", "measurements")
        )
        self.measurements = tuple(measurements)
        content |= {
            "name": name,
            "file": self.file,
            "experiments": self.experiments,
            "scales": {scale: self._mapping(scales.get(scale, {}), f"scales.{scale}") for scale in SCALES},
            "tables": tuple(self._table(key, value) for key, value in tables.items()),
            "figures": tuple(self._figure(key, value) for key, value in figures.items()),
            "measurements": tuple(self._measurement(key, value) for key, value in measurements.items()),
            "assumptions": self._strings(content.get("assumptions", []), "assumptions"),
            "findings": self._findings(content.get("findings", [])),
            "given": {
                key: str(value) for key, value in self._mapping(content.get("given", {}), "given").items()
            },
        }
        paper = self._build(Paper, content, "")
        self._known(paper.protocol, self.experiments, "protocol.")
        for experiment, own in paper.protocol.items():
            self._known(own, PROTOCOL, f"protocol.{experiment}.")
        return paper

    def _findings(self, content: Any) -> tuple[Finding, ...]:
        """Texts, or mappings of a text and the scale whose trials it speaks of."""
        if not isinstance(content, list):
            raise self._error("findings", content, "must be a list of texts")
        return tuple(
            self._finding({"text": item} if isinstance(item, str) else item, f"findings[{index}]")
            for index, item in enumerate(content)
        )

    def _finding(self, content: Any, place: str) -> Finding:
        finding = self._build(Finding, self._mapping(content, place), f"{place}.")
        number = typed_number(finding.text)
        if number is not None:
            raise PaperError(
                f"{self.file}: {place}: {number}: must be a placeholder, such as {{table[label]}},"
                " {table[label].published} or {given[name]}"
            )
        return finding

    def _experiments(self, paper: str, content: Any) -> tuple[str, ...]:
        found = self._strings(content, "experiments")
        if not found:
            raise PaperError(f"{self.file}: experiments: must name at least one experiment")
        for experiment in found:
            self._experiment_file(paper, experiment)
        return found

    def _named(self, content: Any, place: str) -> Mapping[str, Any]:
        """Tables, figures or measurements by name; files of the report are called so."""
        for name in self._mapping(content, place):
            if not _NAME.fullmatch(name):
                raise PaperError(f"{self.file}: {place}.{name}: a name must be of a-z, 0-9, _ and -")
        return self._mapping(content, place)

    def _table(self, name: str, content: Any) -> Table:
        place = f"tables.{name}."
        content = dict(self._mapping(content, place[:-1]))
        if ("rows" in content) == ("make" in content):
            both = ", not both" if "rows" in content else ""
            raise PaperError(f"{self.file}: {place[:-1]}: must have rows or make{both}")
        rows = content.get("rows", [])
        if not isinstance(rows, list):
            raise self._error(f"{place}rows", rows, "must be a list")
        content["rows"] = tuple(self._row(row, f"{place}rows[{index}].") for index, row in enumerate(rows))
        make = self._function(content, "make", self.vocabulary.makes, place) if "make" in content else None
        table = self._build(Table, {**content, "name": name}, place, make)
        if make is not None:
            self._settings(make, table.settings, f"{place}settings")
        return table

    def _row(self, content: Any, place: str) -> Row:
        row = self._build(Row, self._mapping(content, place[:-1]), place)
        self._choice(row.experiment, self.experiments, f"{place}experiment")
        self._choice(row.column, self.vocabulary.columns, f"{place}column")
        return row

    def _figure(self, name: str, content: Any) -> Figure:
        place = f"figures.{name}."
        content = self._mapping(content, place[:-1])
        draw = self._function(content, "draw", self.vocabulary.draws, place)
        figure = self._build(Figure, {**content, "name": name}, place, draw)
        if figure.experiment is not None:
            self._choice(figure.experiment, self.experiments, f"{place}experiment")
        self._settings(draw, figure.arguments, f"{place}settings")
        return figure

    def _measurement(self, name: str, content: Any) -> Measurement:
        place = f"measurements.{name}."
        content = self._mapping(content, place[:-1])
        measure = self._function(content, "measure", self.vocabulary.measures, place)
        measurement = self._build(Measurement, {**content, "name": name}, place, measure)
        for line in mistakes(measure, measurement.settings):
            raise PaperError(f"{self.file}: {place}settings{line}")
        return measurement

    def _function(
        self, content: Mapping[str, Any], key: str, functions: Functions, place: str
    ) -> Callable[..., Any]:
        if key not in content:
            raise PaperError(f"{self.file}: {place}{key}: is missing")
        self._choice(content[key], functions, f"{place}{key}")
        return functions[content[key]]

    def _settings(self, function: Callable[..., Any], settings: Mapping[str, Any], place: str) -> None:
        """Settings of a table or figure, of which these two name something in the same file."""
        for line in mistakes(function, settings):
            raise PaperError(f"{self.file}: {place}{line}")
        for key, known in (("experiment", self.experiments), ("measurement", self.measurements)):
            if key in settings:
                self._choice(settings[key], known, f"{place}.{key}")

    def _build(
        self,
        kind: type[Kind],
        content: Mapping[str, Any],
        place: str,
        function: Callable[..., Any] | None = None,
    ) -> Kind:
        """An object of `kind`; `function` is the one that its settings are for."""
        kinds = get_type_hints(kind, include_extras=True)
        self._known(content, kinds, place, function)
        for item in fields(kind):  # type: ignore[arg-type]
            required = item.default is MISSING and item.default_factory is MISSING
            if required and item.name not in content:
                raise PaperError(f"{self.file}: {place}{item.name}: is missing")
            if item.name in content:
                found = problem(content[item.name], kinds[item.name], item.name)
                if found is not None:
                    raise PaperError(f"{self.file}: {place}{described(found)}")
        return kind(**content)

    def _known(
        self,
        content: Mapping[str, Any],
        allowed: Collection[str],
        place: str,
        function: Callable[..., Any] | None = None,
    ) -> None:
        for key in content:
            if key not in allowed:
                setting = function is not None and key in get_type_hints(function)
                hint = f"; did you mean settings.{key}?" if setting else nearest(str(key), allowed)
                raise PaperError(f"{self.file}: {place}{key}: no such key{hint}")

    def _choice(self, value: Any, allowed: Iterable[str], place: str) -> None:
        options = sorted(allowed)
        if value not in options:
            raise self._error(
                place, value, f"must be one of {', '.join(options)}{nearest(str(value), options)}"
            )

    def _mapping(self, value: Any, place: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self._error(place, value, "must be a mapping")
        for key in value:
            if not isinstance(key, str):
                raise PaperError(f"{self.file}: {place}: {key}: a key must be a text")
        return value

    def _strings(self, value: Any, place: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._error(place, value, "must be a list of texts")
        return tuple(value)

    def _experiment_file(self, paper: str, experiment: str) -> None:
        folders = [folder / "experiment" / paper for folder in (Path("sweeps"), resources.folder("sweeps"))]
        found = sorted({file.stem for folder in folders for file in folder.glob("*.yaml")})
        self._choice(experiment, found, "experiments")

    def _error(self, place: str, value: Any, allowed: str) -> PaperError:
        return PaperError(f"{self.file}: {place}={'null' if value is None else value}: {allowed}")
