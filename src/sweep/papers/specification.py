"""The content of a `reports/<paper>/paper.yaml` as classes, and the types of its settings; see `read`."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from sweep.core.errors import nearest
from sweep.core.rules import AtLeast, AtMost, Increasing, Length, OneOf, Rule

Names = Mapping[str, Collection[str]]  # of experiments, columns and so on, by kind

_FILE_NAME = re.compile(r"[a-z0-9_-]{1,100}")
_FORMAT = re.compile(r"[+]?,?(\.\d{1,2})?[deEfFgG%]?|s")


class MistakeError(ValueError):
    """A value that is not allowed: a `text`, and its `path` in the file, relative to what is being read."""

    def __init__(self, text: str, path: str = "") -> None:
        super().__init__(text)
        self.text, self.path = text, path


@dataclass(frozen=True)
class Known:
    """The name of an experiment, a column or something else of this `kind`, from the paper or its records."""

    kind: str

    def resolved(self, names: Names) -> Rule:
        """Return the rule that the value is one of these names."""
        return OneOf(sorted(names[self.kind]))


@dataclass(frozen=True)
class KeyKnown(Known):
    """A key of a mapping that is the name of something of this `kind`."""

    def resolved(self, names: Names) -> Rule:
        return KeyOf(sorted(names[self.kind]))


class KeyRule(Rule):
    """A rule for the keys of a mapping, with an error of its own."""

    def refusal(self, key: str) -> str:
        """Return the error for a key that the rule does not allow."""
        return f": a name must be {self.words}"


@dataclass(frozen=True, eq=False)  # hashable, whatever the collection
class KeyOf(KeyRule):
    """A key of a mapping that is one of these names."""

    names: Collection[str]

    @property
    def words(self) -> str:
        return f"one of {', '.join(self.names)}"

    def allows(self, value: Any) -> bool:
        return value in self.names

    def refusal(self, key: str) -> str:
        return f": no such key{nearest(key, self.names)}"


class FileName(KeyRule):
    """A key of a mapping that names a file, without its ending: no name leads out of its folder."""

    @property
    def words(self) -> str:
        return "of a-z, 0-9, _ and -, at most 100 of them"

    def allows(self, value: Any) -> bool:
        return _FILE_NAME.fullmatch(value) is not None


class Format(Rule):
    """The format of a number or a text, as in Python's format(): `,d`, `.2f` or `s`.

    It gives no width: one of a thousand million would fill the memory.
    """

    complete = True

    @property
    def words(self) -> str:
        return "a format of Python without a width, such as ,d or .2f"

    def allows(self, value: Any) -> bool:
        return _FORMAT.fullmatch(value) is not None


class Powers(Rule):
    """A term [coefficient, power of x, power of y] of a polynomial, whose powers are whole numbers."""

    complete = True

    @property
    def words(self) -> str:
        return "a coefficient and two whole powers of at least 0"

    def allows(self, value: Sequence[float]) -> bool:
        return all(power >= 0 and power == int(power) for power in value[1:])


SCALES = {  # from the smallest to the largest
    "smoke": "a few seconds per paper, to check that everything runs",
    "quick": "minutes per paper",
    "full": "as much of the paper's protocol as we train",
}
# The numbers that a protocol may give for an experiment, in words.
PROTOCOL = {
    "seeds": "seeds",
    "epochs": "epochs",
    "max_iterations": "iterations",
    "data.train_size": "training examples",
    "data.test_size": "test examples",
}
UNITS = {"percent": "%", "seconds": "s", "epochs": "epochs", "number": ""}

Experiment = Annotated[str, Known("experiments")]
MeasurementName = Annotated[str, Known("measurements")]
Unit = Annotated[str, OneOf(UNITS)]
DecimalPlaces = Annotated[int, AtLeast(0), AtMost(15)]
Where = Mapping[str, Any] | None
Range = Annotated[Sequence[float], Length(2, 2), Increasing()]
Pair = Annotated[Sequence[str], Length(2, 2)]
Count = Annotated[int, AtLeast(1)]


@dataclass(frozen=True)
class TableRow:
    """A published number, and the trials that ours comes from.

    Ours is the mean of `column` (see `sweep.load`) over the trials of `experiment` whose settings match
    `where`, times `factor`; with `iteration`, the column is one of the curves at that iteration.
    """

    label: str
    experiment: Experiment
    column: Annotated[str, Known("columns")]
    published: float | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    iteration: Annotated[int, AtLeast(0)] | None = None
    factor: float = 1.0
    unit: Unit = "number"
    digits: DecimalPlaces = 2


@dataclass(frozen=True)
class PaperTable:
    """A table of published and reproduced numbers, or one that the function `make` makes from `settings`."""

    name: str
    caption: str
    rows: tuple[TableRow, ...] = ()
    make: Annotated[str, Known("tables")] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """A measurement that needs no training, by the general function `measure` with `settings`."""

    name: str
    measure: Annotated[str, Known("measures")]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PaperFigure:
    """A figure: the paper's own that it answers, and the general function that draws it with `settings`."""

    name: str
    caption: str
    draw: Annotated[str, Known("figures")]
    published: str | None = None
    experiment: Experiment | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `draw`: its settings, and its experiment if it has one."""
        experiment = {} if self.experiment is None else {"experiment": self.experiment}
        return {**self.settings, **experiment}


@dataclass(frozen=True)
class Finding:
    """A sentence on the results at one scale; other scales may say otherwise."""

    text: str
    scale: Annotated[str, OneOf(SCALES)] = "full"


@dataclass(frozen=True)
class Paper:
    """A paper, read from `file`: its citation, and its experiments, tables and figures.

    `scales` maps each of `SCALES` to settings for every experiment, `protocol` maps the paper's own
    experiments to the seeds and epochs that it ran. `assumptions` say what the paper leaves open and what we
    chose, `findings` what we found; their placeholders stand for numbers of tables or for
    `constants`, which paper.yaml lists under `given`.
    """

    name: str
    file: Path
    title: str
    authors: str
    summary: str
    experiments: tuple[str, ...]
    scales: Mapping[Annotated[str, KeyOf(SCALES)], Mapping[str, Any]] = field(default_factory=dict)
    tables: tuple[PaperTable, ...] = ()
    figures: tuple[PaperFigure, ...] = ()
    assumptions: tuple[str, ...] = ()
    year: int | None = None
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    protocol: Mapping[
        Annotated[str, KeyKnown("experiments")],
        Mapping[Annotated[str, KeyOf(PROTOCOL)], Annotated[int, AtLeast(1)]],
    ] = field(default_factory=dict)
