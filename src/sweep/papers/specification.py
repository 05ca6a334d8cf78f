"""What a `reports/<paper>/paper.yaml` says, as classes; see `reading`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from sweep.core.rules import AtLeast, AtMost, OneOf
from sweep.papers.rules import KeyKnown, KeyOf, Known

SCALES = {  # from the smallest
    "smoke": "a few seconds a paper, only to see that everything runs",
    "quick": "minutes a paper",
    "full": "as much of the paper's protocol as we train",
}
# What a protocol may give of an experiment, in words.
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
Digits = Annotated[int, AtLeast(0), AtMost(15)]


@dataclass(frozen=True)
class Row:
    """A published number, and where ours comes from.

    Ours is the mean over the trials of `experiment` whose settings agree with `where`, of `column` (see
    `sweep.load`), or, with `iteration`, of that column of the curves there; times `factor`.
    """

    label: str
    experiment: Experiment
    column: Annotated[str, Known("columns")]
    published: float | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    iteration: Annotated[int, AtLeast(0)] | None = None
    factor: float = 1.0
    unit: Unit = "number"
    digits: Digits = 2


@dataclass(frozen=True)
class Table:
    """Published against reproduced, one line a row; or what the function `make` says of `settings`."""

    name: str
    caption: str
    rows: tuple[Row, ...] = ()
    make: Annotated[str, Known("tables")] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """What is measured besides trials, by the general function `measure` with `settings`."""

    name: str
    measure: Annotated[str, Known("measures")]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A figure: which of the paper's it answers, and the general function that draws it with `settings`."""

    name: str
    caption: str
    draw: Annotated[str, Known("figures")]
    published: str | None = None
    experiment: Experiment | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of `draw`: its settings, and its experiment where it has one."""
        experiment = {} if self.experiment is None else {"experiment": self.experiment}
        return {**self.settings, **experiment}


@dataclass(frozen=True)
class Finding:
    """What came out, of the trials of one scale: other scales may say otherwise."""

    text: str
    scale: Annotated[str, OneOf(SCALES)] = "full"


@dataclass(frozen=True)
class Paper:
    """A paper: its citation, and what is trained, tabulated and drawn for it; read from `file`.

    `scales` maps each of `SCALES` to settings that every experiment gets, `protocol` each experiment that the
    paper has to the seeds and epochs of its own; `assumptions` say what the paper leaves open and what we
    chose; `findings` what came out, with `given` values and those of tables in their placeholders.
    """

    name: str
    file: Path
    title: str
    authors: str
    summary: str
    experiments: tuple[str, ...]
    scales: Mapping[Annotated[str, KeyOf(SCALES)], Mapping[str, Any]] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    assumptions: tuple[str, ...] = ()
    year: int | None = None
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    protocol: Mapping[
        Annotated[str, KeyKnown("experiments")],
        Mapping[Annotated[str, KeyOf(PROTOCOL)], Annotated[int, AtLeast(1)]],
    ] = field(default_factory=dict)
