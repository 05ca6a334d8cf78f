"""The data behind an experiment as the files hold it, and the names of its classes.

Figures that show images, and measurements of single images, need pixels as they stand in the files, before
any scaling. They must be the very data that the records were made from: a digest decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweep.config.compose import from_settings
from sweep.core.errors import DataError
from sweep.data import datasets, labels
from sweep.data.datasets import RawData
from sweep.data.settings import DataConfig
from sweep.papers.collection import EACH_CELL, Collection, SelectionError


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
