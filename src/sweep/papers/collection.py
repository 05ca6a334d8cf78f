"""The records behind a paper's report, and the general functions that read them.

The records of all experiments lie packed in one file beside paper.yaml. Tables, figures and measurements are
general functions that paper.yaml picks by name: `settings_class` turns the signature of such a function into
a class that its settings are checked with, and `call` runs it and says where a mistake stands.
"""

import inspect
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweep.config.columns import same_value
from sweep.config.compose import from_settings
from sweep.core.errors import DataError, PaperError, nearest, one_line
from sweep.core.formats import typed_value
from sweep.data import datasets, labels
from sweep.data.datasets import RawData
from sweep.data.settings import DataConfig
from sweep.papers.specification import SCALES
from sweep.runner.plan import Cell
from sweep.stats.trials import drop_diverged
from sweep.store import upkeep
from sweep.store.load import load, load_class_curves, load_curves, load_networks, load_test_outcomes
from sweep.store.schema import TRIAL
from sweep.system import files

FILE = "records.parquet"
MOST_MEASURED = 2**26  # bytes of a measurement
EACH_CELL = ("cell",)  # as `lines`: each cell has its own line


class SelectionError(PaperError):
    """An error for settings of a table or figure that pick no cell, or several for one line."""


def missing(file: Path) -> PaperError:
    """Return the error for a file that a paper's folder, or one below it, should have."""
    paper = _paper(file.parent if file.name == FILE else file.parents[1])
    return PaperError(f"{file}: no such file; sweep reproduce {paper} writes it")


def _paper(folder: Path) -> str:
    """Return the name of the paper whose report lies in a folder, which may be that of a smaller scale."""
    folder = folder.absolute()
    return folder.parent.name if folder.name in SCALES else folder.name


@dataclass(frozen=True)
class Collection:
    """The trials of a paper's experiments at one scale."""

    file: Path

    @staticmethod
    def write(folder: Path, scale: str, experiments: Mapping[str, list[Cell]]) -> "Collection":
        """Pack the stored records of each experiment's cells into one file in `folder`."""
        cells = {cell.id: cell for members in experiments.values() for cell in members}
        file = folder / FILE
        if cells:
            (results,) = {cell.results for cell in cells.values()}
            seeds = {name: cell.config.seed_indices for name, cell in cells.items()}
            ids = {name: [cell.id for cell in members] for name, members in experiments.items()}
            metadata = {"scale": scale, "experiments": json.dumps(ids)}
            upkeep.write_pack(results, seeds, file, metadata=metadata)
        return Collection(file)

    @staticmethod
    def read(folder: Path) -> "Collection":
        """Open the packed records in `folder`. Raises PaperError if there are none."""
        if not (folder / FILE).is_file():
            raise missing(folder / FILE)
        return Collection(folder / FILE)

    @property
    def paper(self) -> str:
        """Return the short name of the paper."""
        return _paper(self.file.parent)

    @property
    def scale(self) -> str:
        """Return the scale at which the experiments were run."""
        return self._about["scale"]

    @cached_property
    def _about(self) -> dict[str, str]:
        about = upkeep.pack_metadata(self.file)
        if about.get("scale") not in SCALES:
            raise PaperError(f"{self.file}: not the records of a report (no scale is stored)")
        return about

    @cached_property
    def experiments(self) -> dict[str, list[str]]:
        """Return the cell ids of each experiment, in its order."""
        try:
            experiments = json.loads(self._about["experiments"])
            return {str(name): [str(cell) for cell in cells] for name, cells in experiments.items()}
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise PaperError(f"{self.file}: not the records of a report") from error

    @cached_property
    def _trials(self) -> pd.DataFrame:
        return load(self.file)

    @cached_property
    def _curves(self) -> pd.DataFrame:
        return load_curves(self.file)

    @cached_property
    def _test_outcomes(self) -> pd.DataFrame:
        return load_test_outcomes(self.file).merge(
            self._trials[["cell", "seed", "status"]], on=["cell", "seed"]
        )

    def pairs(self, experiment: str) -> set[tuple[str, int]]:
        """Return the trials of an experiment as pairs of cell id and seed."""
        trials = self._trials[self._trials["cell"].isin(self.experiments.get(experiment, []))]
        return set(zip(trials["cell"], trials["seed"], strict=True))

    def trials(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Return one row a trial of an experiment (see `sweep.load`), of the cells that match `where`.

        One cell must match, or one for each combination of values of the settings `lines`: two cells are
        never pooled. Raises SelectionError, naming the settings that still differ, if several match. The
        methods below select their rows in the same way.
        """
        return self._of(self._trials, experiment, where, lines)

    def curves(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Return one row a trial and evaluation."""
        return self._of(self._curves, experiment, where, lines)

    def test_outcomes(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Return one row a trial with its results on the test part."""
        return self._of(self._test_outcomes, experiment, where, lines)

    def confusions(self, experiment: str, where: Mapping[str, Any] | None = None) -> NDArray[np.float64]:
        """Count test examples by true and predicted class, without diverged trials.

        The counts have shape (trials, classes, classes).
        """
        counts = np.array(drop_diverged(self.test_outcomes(experiment, where))["confusion"].tolist(), float)
        classes = math.isqrt(counts.shape[1])
        return counts.reshape(-1, classes, classes)

    def class_curves(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Return one row a trial, evaluation, part and class with that class's error."""
        return self._of(load_class_curves(self.file), experiment, where, lines)

    def networks(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = EACH_CELL
    ) -> pd.DataFrame:
        """Return one row a trial with its weights and settings."""
        return self._of(load_networks(self.file), experiment, where, lines)

    def measurement(self, name: str, columns: Iterable[str]) -> pd.DataFrame:
        """Return these columns of the measurement of this name, see `measuring`."""
        file = self.file.parent / "measurements" / f"{name}.csv"
        if not file.is_file():
            raise missing(file)
        try:
            rows = pd.read_csv(io.BytesIO(files.read(file, MOST_MEASURED)))
        except (OSError, ValueError) as error:  # among them pandas' own
            raise PaperError(f"{file}: cannot be read ({one_line(error)})") from error
        for column in columns:
            if column not in rows:
                raise SelectionError(f"{column}: no such column of {file}{nearest(column, map(str, rows))}")
        return rows[list(columns)]

    def _of(
        self,
        rows: pd.DataFrame,
        experiment: str,
        where: Mapping[str, Any] | None,
        lines: Sequence[str],
    ) -> pd.DataFrame:
        cells = self._matching(experiment, where or {})
        self._check_distinct(cells, experiment, where or {}, lines)
        order = {cell: position for position, cell in enumerate(cells)}
        selected = rows[rows["cell"].isin(cells)]
        # A stable sort keeps the seeds of a cell in the order of the records.
        positions = selected["cell"].map(order).sort_values(kind="stable")
        return selected.loc[positions.index].reset_index(drop=True)

    @cached_property
    def _settings(self) -> pd.DataFrame:
        """Return one row a cell with its settings, its id being one of them."""
        cells = self._trials.drop_duplicates("cell").set_index("cell", drop=False)
        measured = [name for name in TRIAL.names if name in cells and name != "cell"]
        return cells.drop(columns=measured)

    def _matching(self, experiment: str, where: Mapping[str, Any]) -> list[str]:
        """Return the cells of an experiment, in its order, whose settings match `where`."""
        settings = self._settings
        for key, value in where.items():
            self._check_setting(key, f"where.{key}")
            settings = settings[[same_value(stored, value) for stored in settings[key]]]
        if experiment not in self.experiments:
            command = f"sweep reproduce {self.paper} --scale {self.scale}"
            raise PaperError(f"{self.file}: holds no trials of {experiment}; {command} trains them")
        members = dict.fromkeys(self.experiments[experiment])
        matches = [cell for cell in members if cell in settings.index]
        if not matches:
            raise SelectionError(f"{experiment}: no cell with {_written(where)}")
        return matches

    def _check_distinct(
        self, cells: Sequence[str], experiment: str, where: Mapping[str, Any], lines: Sequence[str]
    ) -> None:
        """Raise SelectionError if two cells have the same values of `lines`."""
        for name in lines:
            self._check_setting(name, f"lines=[{','.join(map(str, lines))}]: {name}")
        settings = self._settings.loc[list(cells)].map(str)
        repeated = settings.duplicated(list(lines), keep=False) if lines else [len(cells) > 1] * len(cells)
        pooled = settings[repeated]
        if pooled.empty:
            return
        first = pooled.iloc[0]
        alike = pooled[(pooled[list(lines)] == first[list(lines)]).all(axis=1)]
        differing = [str(name) for name in alike if name != "cell" and len(set(alike[name])) > 1]
        line = ", ".join([*_pairs(where), *(f"{name}: {first[name]}" for name in lines)])
        raise SelectionError(
            f"{experiment}: one line must be one cell, but {len(alike)} match ({line or 'no where'});"
            f" they differ in {', '.join(differing)}"
        )

    def _check_setting(self, name: Any, location: str) -> None:
        if name not in self._settings:
            raise SelectionError(f"{location}: no such setting{nearest(str(name), map(str, self._settings))}")


def _pairs(where: Mapping[str, Any]) -> list[str]:
    return [f"{key}: {typed_value(value)}" for key, value in where.items()]


def _written(where: Mapping[str, Any]) -> str:
    return "{" + ", ".join(_pairs(where)) + "}"


class Settings:
    """The common base of the classes that `settings_class` makes."""


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function that are settings: all but the records."""
    kinds = get_type_hints(function)
    signature = inspect.signature(function).parameters
    return {name: item for name, item in signature.items() if kinds[name] is not Collection}


def settings_class(name: str, function: Callable[..., Any]) -> type[Any]:
    """Make a dataclass with a field for each setting of the function that paper.yaml calls `name`.

    The class accepts exactly the keyword arguments that the function accepts.
    """
    kinds = get_type_hints(function, include_extras=True)
    fields = [
        (item.name, kinds[item.name], field())
        if item.default is item.empty
        else (item.name, kinds[item.name], field(default=item.default))
        for item in parameters(function).values()
    ]
    return make_dataclass(name, fields, bases=(Settings,), kw_only=True)


def call(location: str, function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Call a general function whose settings stand at `location`, a file and a key in it.

    Raises PaperError, in one line that begins with the location, if the settings do not fit the records.
    """
    try:
        return function(*arguments, **settings)
    except SelectionError as error:
        raise PaperError(f"{location}: {error}") from error


@dataclass(frozen=True)
class ClassNames:
    """The names of all classes, and the noun for one of them: a digit, or else a class."""

    noun: str
    names: tuple[str, ...]

    def tick(self, number: int) -> str:
        """Return the name of a class, or its number if it has none."""
        return self.names[number] if number < len(self.names) else str(number)

    def title(self, number: int) -> str:
        """Return the name of a class, with the noun before a number: 'digit 3', 'Sneaker'."""
        name = self.tick(number)
        return f"{self.noun} {name}" if name.isdecimal() else name


def experiment_data(name: str) -> tuple[DataConfig, RawData]:
    """Load the data of the first cell of `<paper>/<experiment>`. Raises DataError if files are missing."""
    data = from_settings({"experiment": name})[0].data
    return data, datasets.load(data)


def recorded_data(
    collection: Collection, experiment: str, digest: str | None = None
) -> tuple[DataConfig, RawData]:
    """Load the data that an experiment's records were made from: those of `digest`, or of its first cell.

    Raises SelectionError if the experiment has other data by now, DataError if files are missing.
    """
    if digest is None:
        digest = collection.trials(experiment, lines=EACH_CELL)["data.digest"].iloc[0]
    configs = from_settings({"experiment": f"{collection.paper}/{experiment}"})
    digests = [datasets.contents_digest(config.data) for config in configs]
    if digest not in digests:
        raise SelectionError(f"{experiment}: its data ({digests[0]}) are not those of its records ({digest})")
    data = configs[digests.index(digest)].data
    return data, datasets.load(data)


def recorded_class_names(
    collection: Collection, experiment: str, where: Mapping[str, Any] | None = None
) -> ClassNames:
    """Return the names of the classes in one cell's data; numbers if its files are not available."""
    outcome = collection.test_outcomes(experiment, where).iloc[0]
    if outcome["class_names"] is not None:
        noun = "digit" if outcome["data_label"] in labels.OF_DIGITS else "class"
        return ClassNames(noun, tuple(outcome["class_names"]))
    # Older records name no classes: the data must be recognised.
    digest = collection.trials(experiment, where)["data.digest"].iloc[0]
    if digest == datasets.MNIST_DIGEST:
        return ClassNames("digit", labels.class_names(DataConfig()))
    try:
        data, _ = recorded_data(collection, experiment, digest)
    except (DataError, SelectionError):
        return ClassNames("class", ())
    return ClassNames("class", labels.class_names(data))
