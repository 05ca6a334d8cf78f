"""The names of a data set and its classes: from the settings, or else recognised by the contents."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sweep.data import datasets, idx
from sweep.data.settings import DATASETS, Counts, DataConfig

_DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class DataSetNames:
    """The words for a data set: its name, the names of its classes, and the noun for one of its examples."""

    label: str
    class_names: tuple[str, ...]
    example: str


_MNIST = DataSetNames("MNIST", _DIGITS, "digit")
_EMNIST = DataSetNames("EMNIST digits", _DIGITS, "digit")
OF_DIGITS = (_MNIST.label, _EMNIST.label)
_EMNIST_COUNTS = Counts(train=240_000, test=40_000, features=784)
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_SYLLABLES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
# By the MD5 of the published t10k-labels-idx1-ubyte.gz; torchvision checks downloads by the same hashes.
PUBLISHED = {
    "bb300cfdad3c16e7a12a480ee83cd310": DataSetNames("Fashion-MNIST", _CLOTHES, "image"),
    "7320c461ea6c1c855c0b718fb2a4b134": DataSetNames("KMNIST", _SYLLABLES, "character"),
}
_GENERATED = {
    "exam": DataSetNames("exam (generated)", ("failed", "passed"), "student"),
    "spiral": DataSetNames("spiral (generated)", ("0", "1"), "point"),
}


def label(config: DataConfig) -> str:
    """Return the name of the data set for tables. Raises DataError if a file is missing."""
    return config.label or recognize(config).label


def class_names(config: DataConfig) -> tuple[str, ...]:
    """Return the names of the classes for figures. Raises DataError if a file is missing."""
    if config.class_names:
        return tuple(config.class_names)
    names = recognize(config).class_names
    # With another number of classes, the known names would not fit.
    return names if len(names) == config.classes else tuple(map(str, range(config.classes)))


def example(config: DataConfig) -> str:
    """Return the noun for one example: digit, image, student. Raises DataError if a file is missing."""
    return recognize(config).example


def recognize(config: DataConfig) -> DataSetNames:
    """Recognise a data set by its contents; name unrecognised files after their folder."""
    if config.generated:
        return _GENERATED[config.name]
    if config.name in DATASETS.registered:
        return DataSetNames(config.name, tuple(map(str, range(config.classes))), "example")
    if datasets.contents_digest(config) == datasets.MNIST_DIGEST:
        return _MNIST
    if datasets.counts(config) == _EMNIST_COUNTS:
        return _EMNIST
    folder = Path(config.root or "")
    unknown = DataSetNames(folder.resolve().name, tuple(map(str, range(config.classes))), "image")
    return PUBLISHED.get(_md5(idx.find(folder, "t10k-labels-idx1-ubyte")), unknown)


@lru_cache(maxsize=8)
def _md5(path: Path) -> str:
    return idx.file_md5(path)
