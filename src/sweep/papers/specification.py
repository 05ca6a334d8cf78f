"""`reports/<paper>/paper.yaml`, read and checked."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from sweep import resources
from sweep.errors import PaperError, nearest

SCALES = {
    "smoke": "a few seconds a paper, only to see that everything runs",
    "quick": "minutes a paper",
    "full": "the paper's whole protocol",
}
UNITS = {"percent": "%", "seconds": "s", "epochs": "epochs", "number": ""}


@dataclass(frozen=True)
class Row:
    """A published number, and where ours comes from.

    Ours is the mean over the trials of `experiment` whose settings agree with `where`, of `column` (see
    `records.load`), or, with `iteration`, of that column of the curves there; times `factor`.
    """

    label: str
    experiment: str
    column: str
    published: float | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    iteration: int | None = None
    factor: float = 1.0
    unit: str = "number"
    digits: int = 2


@dataclass(frozen=True)
class Table:
    """Published against reproduced, one line a row; or what the function `make` says of `settings`."""

    name: str
    caption: str
    rows: tuple[Row, ...] = ()
    make: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """What is measured besides trials, by the general function `measure` with `settings`."""

    name: str
    measure: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A figure: which of the paper's it answers, and the general function that draws it with `settings`."""

    name: str
    caption: str
    draw: str
    published: str | None = None
    experiment: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Paper:
    """A paper: its citation, and what is trained, tabulated and drawn for it.

    `scales` maps each of `SCALES` to settings that every experiment gets; `assumptions` say what the paper
    leaves open and what we chose; `findings` what came out, where `{table[label]}` stands for our value
    in that line of that table.
    """

    name: str
    title: str
    authors: str
    summary: str
    experiments: tuple[str, ...]
    scales: Mapping[str, Mapping[str, Any]]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]
    assumptions: tuple[str, ...]
    year: int | None = None
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[str, ...] = ()


def names() -> list[str]:
    """The papers of the working folder and of the package."""
    folders = {Path("reports"), resources.folder("reports")}
    return sorted({file.parent.name for folder in folders for file in folder.glob("*/paper.yaml")})


def find(name: str) -> Path:
    """The paper.yaml of a paper, that of the working folder first."""
    for folder in (Path("reports"), resources.folder("reports")):
        file = folder / name / "paper.yaml"
        if file.is_file():
            return file
    raise PaperError(
        f"{name}: no such paper; must be all or one of {', '.join(names())}{nearest(name, names())}"
    )


def read(
    name: str, draws: Iterable[str], makes: Iterable[str], measures: Iterable[str], columns: Iterable[str]
) -> Paper:
    """The specification of a paper.

    `draws`, `makes` and `measures` are the names of the general functions for figures, tables and
    measurements, `columns` those of the records. Raises PaperError,
    in one line that names the place, for whatever is missing, unknown or of the wrong kind.
    """
    file = find(name)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PaperError(f"{file}: {' '.join(str(error).split())}") from error
    reader = _Reader(file, set(draws), set(makes), set(measures), set(columns))
    return reader.paper(name, content)


Kind = TypeVar("Kind")


class _Reader:
    """Turns a file's mappings into the classes above; every error names the file and the place in it."""

    def __init__(
        self, file: Path, draws: set[str], makes: set[str], measures: set[str], columns: set[str]
    ) -> None:
        self.file, self.columns = file, columns
        self.draws, self.makes, self.measures = draws, makes, measures

    def paper(self, name: str, content: Any) -> Paper:
        content = dict(self._mapping(content, "the file"))
        self._known(content, {item.name for item in fields(Paper)} - {"name"}, "")
        self.experiments = tuple(self._strings(content.get("experiments", []), "experiments"))
        for experiment in self.experiments:
            self._experiment_file(name, experiment)
        scales = self._mapping(content.get("scales", {}), "scales")
        self._known(scales, set(SCALES), "scales.")
        tables = self._mapping(content.pop("tables", {}), "tables")
        figures = self._mapping(content.pop("figures", {}), "figures")
        measurements = self._mapping(content.pop("measurements", {}), "measurements")
        self.measurements = tuple(measurements)
        content |= {
            "name": name,
            "experiments": self.experiments,
            "scales": {scale: self._mapping(scales.get(scale, {}), f"scales.{scale}") for scale in SCALES},
            "tables": tuple(self._table(key, value) for key, value in tables.items()),
            "figures": tuple(self._figure(key, value) for key, value in figures.items()),
            "measurements": tuple(self._measurement(key, value) for key, value in measurements.items()),
            "assumptions": tuple(self._strings(content.get("assumptions", []), "assumptions")),
            "findings": tuple(self._strings(content.get("findings", []), "findings")),
        }
        return self._build(Paper, content, "")

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
        table = self._build(Table, {**content, "name": name}, place)
        if table.make is not None:
            self._choice(table.make, self.makes, f"{place}make")
        self._settings(table.settings, place)
        return table

    def _row(self, content: Any, place: str) -> Row:
        row = self._build(Row, self._mapping(content, place[:-1]), place)
        self._choice(row.experiment, self.experiments, f"{place}experiment")
        self._choice(row.column, self.columns, f"{place}column")
        self._choice(row.unit, UNITS, f"{place}unit")
        if row.published is not None:
            self._number(row.published, f"{place}published")
        self._number(row.factor, f"{place}factor")
        self._mapping(row.where, f"{place}where")
        return row

    def _figure(self, name: str, content: Any) -> Figure:
        place = f"figures.{name}."
        figure = self._build(Figure, {**self._mapping(content, place[:-1]), "name": name}, place)
        self._choice(figure.draw, self.draws, f"{place}draw")
        if figure.experiment is not None:
            self._choice(figure.experiment, self.experiments, f"{place}experiment")
        self._settings(figure.settings, place)
        return figure

    def _measurement(self, name: str, content: Any) -> Measurement:
        place = f"measurements.{name}."
        measurement = self._build(Measurement, {**self._mapping(content, place[:-1]), "name": name}, place)
        self._choice(measurement.measure, self.measures, f"{place}measure")
        self._mapping(measurement.settings, f"{place}settings")
        return measurement

    def _settings(self, settings: Any, place: str) -> None:
        """Settings of a table or figure, of which these two name something in the same file."""
        settings = self._mapping(settings, f"{place}settings")
        for key, known in (("experiment", self.experiments), ("measurement", self.measurements)):
            if key in settings:
                self._choice(settings[key], known, f"{place}settings.{key}")

    def _build(self, kind: type[Kind], content: Mapping[str, Any], place: str) -> Kind:
        self._known(content, {item.name for item in fields(kind)}, place)  # type: ignore[arg-type]
        for item in fields(kind):  # type: ignore[arg-type]
            required = item.default is MISSING and item.default_factory is MISSING
            if required and item.name not in content:
                raise PaperError(f"{self.file}: {place}{item.name}: is missing")
        return kind(**content)

    def _known(self, content: Mapping[str, Any], allowed: set[str], place: str) -> None:
        for key in content:
            if key not in allowed:
                raise PaperError(f"{self.file}: {place}{key}: no such key{nearest(str(key), allowed)}")

    def _choice(self, value: Any, allowed: Iterable[str], place: str) -> None:
        options = sorted(allowed)
        if value not in options:
            raise self._error(
                place, value, f"must be one of {', '.join(options)}{nearest(str(value), options)}"
            )

    def _number(self, value: Any, place: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._error(place, value, "must be a number")

    def _mapping(self, value: Any, place: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self._error(place, value, "must be a mapping")
        return value

    def _strings(self, value: Any, place: str) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._error(place, value, "must be a list of texts")
        return value

    def _experiment_file(self, paper: str, experiment: str) -> None:
        folders = [folder / "experiment" / paper for folder in (Path("sweeps"), resources.folder("sweeps"))]
        if not any((folder / f"{experiment}.yaml").is_file() for folder in folders):
            found = sorted({file.stem for folder in folders for file in folder.glob("*.yaml")})
            raise self._error(
                "experiments", experiment, f"must be one of {', '.join(found)}{nearest(experiment, found)}"
            )

    def _error(self, place: str, value: Any, allowed: str) -> PaperError:
        return PaperError(f"{self.file}: {place}={value}: {allowed}")
