"""The settings of the data, and the sizes of the parts that they split a data set into."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from sweep.core.errors import SettingError
from sweep.core.formats import typed_value
from sweep.core.setting import Registry, Requires, setting

GENERATED = ("exam", "spiral")
FILES = ("mnist", "idx")
SUBSETS = ("random", "first", "last")
NORMALIZATIONS = ("none", "unit", "image", "feature")
FEATURE_MAPS = ("raw", "quadratic")
TARGETS = ("one_hot", "scalar")

_GENERATED = Requires("data.name", GENERATED)


@dataclass(frozen=True)
class DataSet:
    """A data set that a user registers.

    `load()` returns features (examples, inputs) and labels (examples,), from 0 to `classes` - 1, of the
    training examples and then of the test examples: four arrays, always the same. The other fields are its
    defaults of the settings `data.classes`, `data.validation_size` and `data.normalization`.
    """

    load: Callable[[], tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]]
    classes: int
    validation_size: int = 0
    normalization: str = "feature"


# The values of the built-in data sets are None: `datasets` knows their files and generators.
DATASETS: Registry[DataSet | None] = Registry("data", dict.fromkeys((*FILES, *GENERATED)))


@dataclass(frozen=True)
class DataConfig:
    """The settings of the data: the examples, their number, and their preparation."""

    # The identity of a cell has a digest of the contents in place of the name, except for generated data.
    name: str = setting(
        "mnist", "the data set", DATASETS, needs=(Requires("data.name", GENERATED, silent=True),)
    )
    root: str | None = setting(
        None, "folder of the four IDX files", identity=False, needs=(Requires("data.name", ("idx",)),)
    )
    label: str | None = setting(
        None, "what tables call the data; null: a name known by its content", identity=False, axis=False
    )
    class_names: list[str] | None = setting(
        None,
        "what figures call the classes; null: known by content, or 0, 1, ...",
        identity=False,
        axis=False,
    )
    classes: int = setting(10, "number of classes; labels run from 0", at_least=2)
    train_size: int | None = setting(None, "training examples; null: all that validation leaves", at_least=1)
    validation_size: int = setting(5000, "validation examples, taken from the training file", at_least=0)
    test_size: int | None = setting(None, "test examples; null: the whole test file", at_least=1)
    test_subset: str = setting(
        "random",
        "which test examples",
        SUBSETS,
        legacy_default="random",
        needs=(Requires("data.test_size", other_than=(None,)), Requires("data.name", other_than=GENERATED)),
    )
    normalization: str = setting("image", "how the inputs are scaled", NORMALIZATIONS)
    features: str = setting("raw", "map applied to the inputs", FEATURE_MAPS)
    targets: str = setting("one_hot", "one output a class, or one output for two classes", TARGETS)
    noise: float = setting(0.1, "standard deviation of the noise", at_least=0, needs=(_GENERATED,))
    generator_seed: int = setting(0, "seed of the examples", at_least=0, needs=(_GENERATED,))

    @property
    def generated(self) -> bool:
        """Return True if the examples are drawn from a seed, not read from files."""
        return self.name in GENERATED


@dataclass(frozen=True)
class Counts:
    """The size of a data set: training examples (validation included), test examples, features of one."""

    train: int
    test: int
    features: int


@dataclass(frozen=True)
class Sizes:
    """The sizes of prepared data: examples of each part, and inputs of an example.

    The training and validation parts come from `available` examples, the test part from `available_test`.
    """

    train: int
    validation: int
    test: int
    inputs: int
    available: int
    available_test: int


def sizes(counts: Counts, config: DataConfig) -> Sizes:
    """Return the sizes of a split. Raises SettingError if the data set has too few examples for it."""
    available, validation = counts.train, config.validation_size
    train = available - validation if config.train_size is None else config.train_size
    if train < 1 or train + validation > available:
        settings = f"data.train_size={typed_value(config.train_size)}, data.validation_size={validation}"
        raise SettingError(
            f"{settings}: the training file has {available} examples;"
            " both together must fit, with at least 1 for training"
        )
    if config.test_size is not None and config.test_size > counts.test:
        raise SettingError(
            f"data.test_size={config.test_size}: must be at most {counts.test}, the size of the test file"
        )
    inputs = 5 if config.features == "quadratic" else counts.features
    return Sizes(train, validation, config.test_size or counts.test, inputs, available, counts.test)
