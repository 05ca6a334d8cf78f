"""The records behind a paper's report: one compact file beside its paper.yaml.

[functions] The general functions that a paper.yaml picks by name: their settings as a class, and their calls.
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
from sweep.core.errors import PaperError, nearest, one_line
from sweep.core.formats import typed_value
from sweep.papers.specification import SCALES
from sweep.runner.plan import Cell
from sweep.stats.trials import drop_diverged
from sweep.store import upkeep
from sweep.store.load import load, load_class_curves, load_curves, load_networks, load_test_outcomes
from sweep.store.schema import TRIAL
from sweep.system import files

FILE = "records.parquet"
MOST_MEASURED = 2**26  # bytes of a measurement
EACH_CELL = ("cell",)  # as `lines`: every cell is a line of its own


class SelectionError(PaperError):
    """The settings of a table or figure pick no cell, or several for one line."""


def missing(file: Path) -> PaperError:
    """What to say when a file in a paper's folder, or below it, is not there."""
    paper = _paper(file.parent if file.name == FILE else file.parents[1])
    return PaperError(f"{file}: no such file; python -m sweep.reproduce {paper} writes it")


def _paper(folder: Path) -> str:
    """The paper whose report lies in a folder, which may be that of a smaller scale."""
    folder = folder.absolute()
    return folder.parent.name if folder.name in SCALES else folder.name


@dataclass(frozen=True)
class Collection:
    """The trials of a paper's experiments, run at one scale."""

    file: Path

    @staticmethod
    def write(folder: Path, scale: str, experiments: Mapping[str, list[Cell]]) -> "Collection":
        """Pack the stored records of each experiment's cells into one file in `folder`."""
        cells = {cell.id: cell for own in experiments.values() for cell in own}
        file = folder / FILE
        if cells:
            (results,) = {cell.results for cell in cells.values()}
            seeds = {name: cell.config.seed_indices for name, cell in cells.items()}
            ids = {name: [cell.id for cell in own] for name, own in experiments.items()}
            metadata = {"scale": scale, "experiments": json.dumps(ids)}
            upkeep.write_pack(results, seeds, file, metadata=metadata)
        return Collection(file)

    @staticmethod
    def read(folder: Path) -> "Collection":
        """The records that were packed in `folder`."""
        if not (folder / FILE).is_file():
            raise missing(folder / FILE)
        return Collection(folder / FILE)

    @property
    def paper(self) -> str:
        """The short name of the paper."""
        return _paper(self.file.parent)

    @property
    def scale(self) -> str:
        """The scale at which the experiments were run."""
        return self._about["scale"]

    @cached_property
    def _about(self) -> dict[str, str]:
        about = upkeep.pack_metadata(self.file)
        if about.get("scale") not in SCALES:
            raise PaperError(f"{self.file}: not the records of a report; their scale is not known")
        return about

    @cached_property
    def experiments(self) -> dict[str, list[str]]:
        """The cells of each experiment, in its order."""
        try:
            found = json.loads(self._about["experiments"])
            return {str(name): [str(cell) for cell in own] for name, own in found.items()}
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
        """The trials of an experiment, as cell and seed."""
        own = self._trials[self._trials["cell"].isin(self.experiments.get(experiment, []))]
        return set(zip(own["cell"], own["seed"], strict=True))

    def trials(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = ()
    ) -> pd.DataFrame:
        """One row a trial of an experiment (see `sweep.load`), of the cells that agree with `where`.

        That is one cell, or one for each combination of values of the settings `lines`: two cells are never
        taken together. Raises SelectionError, with the settings that still differ, where several agree. All
        methods below take their rows in the same way.
        """
        return self._of(self._trials, experiment, where, lines)

    def curves(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = ()
    ) -> pd.DataFrame:
        """One row a trial and evaluation."""
        return self._of(self._curves, experiment, where, lines)

    def test_outcomes(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = ()
    ) -> pd.DataFrame:
        """One row a trial with what it says of the test part."""
        return self._of(self._test_outcomes, experiment, where, lines)

    def confusions(self, experiment: str, where: Mapping[str, Any] | None = None) -> NDArray[np.float64]:
        """Test examples by true and predicted class, (trials, classes, classes), without diverged trials."""
        counts = np.array(drop_diverged(self.test_outcomes(experiment, where))["confusion"].tolist(), float)
        classes = math.isqrt(counts.shape[1])
        return counts.reshape(-1, classes, classes)

    def class_curves(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = ()
    ) -> pd.DataFrame:
        """One row a trial, evaluation, part and class with that class's error."""
        return self._of(load_class_curves(self.file), experiment, where, lines)

    def networks(
        self, experiment: str, where: Mapping[str, Any] | None = None, lines: Sequence[str] = EACH_CELL
    ) -> pd.DataFrame:
        """One row a trial with its weights and settings."""
        return self._of(load_networks(self.file), experiment, where, lines)

    def measurement(self, name: str, columns: Iterable[str]) -> pd.DataFrame:
        """These columns of what was measured under a name, see `measuring`."""
        file = self.file.parent / "measurements" / f"{name}.csv"
        if not file.is_file():
            raise missing(file)
        try:
            found = pd.read_csv(io.BytesIO(files.read(file, MOST_MEASURED)))
        except (OSError, ValueError) as error:  # among them pandas' own
            raise PaperError(f"{file}: cannot be read ({one_line(error)})") from error
        for column in columns:
            if column not in found:
                raise SelectionError(f"{column}: no such column of {file}{nearest(column, map(str, found))}")
        return found[list(columns)]

    def _of(
        self,
        rows: pd.DataFrame,
        experiment: str,
        where: Mapping[str, Any] | None,
        lines: Sequence[str],
    ) -> pd.DataFrame:
        cells = self._agreeing(experiment, where or {})
        self._tell_apart(cells, experiment, where or {}, lines)
        order = {cell: position for position, cell in enumerate(cells)}
        own = rows[rows["cell"].isin(cells)]
        positions = own["cell"].map(order).sort_values(kind="stable")
        return own.loc[positions.index].reset_index(drop=True)

    @cached_property
    def _settings(self) -> pd.DataFrame:
        """One row a cell with its settings, and its name as one of them."""
        cells = self._trials.drop_duplicates("cell").set_index("cell", drop=False)
        measured = [name for name in TRIAL.names if name in cells and name != "cell"]
        return cells.drop(columns=measured)

    def _agreeing(self, experiment: str, where: Mapping[str, Any]) -> list[str]:
        """The cells of an experiment, in its order, whose settings agree with `where`."""
        settings = self._settings
        for key, value in where.items():
            self._known(key, f"where.{key}")
            settings = settings[[same_value(found, value) for found in settings[key]]]
        if experiment not in self.experiments:
            again = f"python -m sweep.reproduce {self.paper} --scale {self.scale}"
            raise PaperError(f"{self.file}: holds no trials of {experiment}; {again} trains them")
        own = dict.fromkeys(self.experiments[experiment])
        found = [cell for cell in own if cell in settings.index]
        if not found:
            raise SelectionError(f"{experiment}: no cell with {_written(where)}")
        return found

    def _tell_apart(
        self, cells: Sequence[str], experiment: str, where: Mapping[str, Any], lines: Sequence[str]
    ) -> None:
        """Raise SelectionError where two cells have the same values of `lines`."""
        for name in lines:
            self._known(name, f"lines=[{','.join(map(str, lines))}]: {name}")
        settings = self._settings.loc[list(cells)].map(str)
        sharing = settings.duplicated(list(lines), keep=False) if lines else [len(cells) > 1] * len(cells)
        together = settings[sharing]
        if together.empty:
            return
        first = together.iloc[0]
        alike = together[(together[list(lines)] == first[list(lines)]).all(axis=1)]
        differing = [str(name) for name in alike if name != "cell" and len(set(alike[name])) > 1]
        line = ", ".join([*_pairs(where), *(f"{name}: {first[name]}" for name in lines)])
        raise SelectionError(
            f"{experiment}: {len(alike)} cells in one line ({line or 'no where'}), which must be one;"
            f" they differ in {', '.join(differing)}"
        )

    def _known(self, name: Any, place: str) -> None:
        if name not in self._settings:
            raise SelectionError(f"{place}: no such setting{nearest(str(name), map(str, self._settings))}")


def _pairs(where: Mapping[str, Any]) -> list[str]:
    return [f"{key}: {typed_value(value)}" for key, value in where.items()]


def _written(where: Mapping[str, Any]) -> str:
    return "{" + ", ".join(_pairs(where)) + "}"


class Settings:
    """What the classes of `settings_class` have in common."""


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a function that are settings: all but the records."""
    kinds = get_type_hints(function)
    found = inspect.signature(function).parameters
    return {name: each for name, each in found.items() if kinds[name] is not Collection}


def settings_class(name: str, function: Callable[..., Any]) -> type[Any]:
    """A dataclass with a field for each setting of the function that paper.yaml calls `name`.

    An object of it can be made of exactly the keyword arguments that the function can be called with.
    """
    kinds = get_type_hints(function, include_extras=True)
    fields = [
        (each.name, kinds[each.name], field())
        if each.default is each.empty
        else (each.name, kinds[each.name], field(default=each.default))
        for each in parameters(function).values()
    ]
    return make_dataclass(name, fields, bases=(Settings,), kw_only=True)


def call(place: str, function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Call a general function for `place`, the file and the key that its settings stand at.

    Raises PaperError, in one line, for settings that do not fit the records.
    """
    try:
        return function(*arguments, **settings)
    except SelectionError as error:
        raise PaperError(f"{place}: {error}") from error
