"""The names of a data set and of its classes: recognised by its content, unless the settings give them."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sweep.data import datasets, idx
from sweep.data.settings import DATASETS, Counts, DataConfig

_DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Known:
    """A data set that is known: its name, its classes, and what one of its examples is called."""

    label: str
    class_names: tuple[str, ...]
    example: str


_MNIST = Known("MNIST", _DIGITS, "digit")
_EMNIST = Known("EMNIST digits", _DIGITS, "digit")
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
# By the MD5 of t10k-labels-idx1-ubyte.gz as it was published; torchvision checks downloads by the same.
PUBLISHED = {
    "bb300cfdad3c16e7a12a480ee83cd310": Known("Fashion-MNIST", _CLOTHES, "image"),
    "7320c461ea6c1c855c0b718fb2a4b134": Known("KMNIST", _SYLLABLES, "character"),
}
_GENERATED = {
    "exam": Known("exam (generated)", ("failed", "passed"), "student"),
    "spiral": Known("spiral (generated)", ("0", "1"), "point"),
}


def label(config: DataConfig) -> str:
    """What tables call the data set. Raises DataError when a file is missing."""
    return config.label or known(config).label


def class_names(config: DataConfig) -> tuple[str, ...]:
    """What figures call its classes, one name each. Raises DataError when a file is missing."""
    if config.class_names:
        return tuple(config.class_names)
    names = known(config).class_names
    return names if len(names) == config.classes else tuple(map(str, range(config.classes)))


def example(config: DataConfig) -> str:
    """What one of its examples is called: digit, image, student. Raises DataError when a file is missing."""
    return known(config).example


def known(config: DataConfig) -> Known:
    """The data set, recognised by its content; files that are not recognised are named after their folder."""
    if config.generated:
        return _GENERATED[config.name]
    if config.name in DATASETS.registered:
        return Known(config.name, tuple(map(str, range(config.classes))), "example")
    if datasets.digest(config) == datasets.MNIST_DIGEST:
        return _MNIST
    if datasets.counts(config) == _EMNIST_COUNTS:
        return _EMNIST
    folder = Path(config.root or "")
    unknown = Known(folder.resolve().name, tuple(map(str, range(config.classes))), "image")
    return PUBLISHED.get(md5(idx.find(folder, "t10k-labels-idx1-ubyte")), unknown)


@lru_cache(maxsize=8)
def md5(path: Path) -> str:
    """The MD5 of a file's bytes, in hexadecimal. Raises DataError when it cannot be read."""
    return idx.md5(path)
