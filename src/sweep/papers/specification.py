"""The content of a `reports/<paper>/paper.yaml` as classes, and the types of its settings; see `read`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from sweep.core.rules import AtLeast, AtMost, Increasing, Length, OneOf
from sweep.papers.rules import KeyKnown, KeyOf, Known

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
