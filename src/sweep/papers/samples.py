"""The examples of an experiment, as they stand in its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweep.config.compose import from_settings
from sweep.data import datasets, labels
from sweep.data.datasets import RawData
from sweep.data.settings import DataConfig
from sweep.errors import DataError
from sweep.papers.collection import EACH_CELL, Collection, SelectionError


@dataclass(frozen=True)
class Classes:
    """What one class is, a digit or another class, and the names of all of them."""

    noun: str
    names: tuple[str, ...]

    def tick(self, number: int) -> str:
        """The class by its name, or its number."""
        return self.names[number] if number < len(self.names) else str(number)

    def title(self, number: int) -> str:
        """The class by its name where that says enough: 'digit 3', 'Sneaker'."""
        name = self.tick(number)
        return f"{self.noun} {name}" if name.isdecimal() else name


def of_experiment(name: str) -> tuple[DataConfig, RawData]:
    """The data of the first cell of an experiment, `<paper>/<name>`. Raises DataError for missing files."""
    data = from_settings({"experiment": name})[0].data
    return data, datasets.load(data)


def of_records(
    collection: Collection, experiment: str, digest: str | None = None
) -> tuple[DataConfig, RawData]:
    """The data that an experiment's records were made from: those of `digest`, or of its first cell.

    Raises SelectionError where the experiment's data are others now, DataError where its files are missing.
    """
    if digest is None:
        digest = collection.trials(experiment, lines=EACH_CELL)["data.digest"].iloc[0]
    found = [config.data for config in from_settings({"experiment": f"{collection.paper}/{experiment}"})]
    digests = [datasets.digest(data) for data in found]
    if digest not in digests:
        raise SelectionError(f"{experiment}: its data ({digests[0]}) are not those of its records ({digest})")
    data = found[digests.index(digest)]
    return data, datasets.load(data)


def classes(collection: Collection, experiment: str, where: Mapping[str, Any] | None = None) -> Classes:
    """What the classes of one cell's data are called; numbers where its files are not at hand."""
    kept = collection.test_outcomes(experiment, where).iloc[0]
    if kept["class_names"] is not None:
        noun = "digit" if kept["data_label"] in labels.OF_DIGITS else "class"
        return Classes(noun, tuple(kept["class_names"]))
    digest = collection.trials(experiment, where)["data.digest"].iloc[0]
    if digest == datasets.MNIST_DIGEST:
        return Classes("digit", labels.class_names(DataConfig()))
    try:
        data, _ = of_records(collection, experiment, digest)
    except (DataError, SelectionError):
        return Classes("class", ())
    return Classes("class", labels.class_names(data))
