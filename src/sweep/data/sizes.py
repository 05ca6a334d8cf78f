"""How many examples there are, and how many of them each part of a split gets."""

from dataclasses import dataclass

from sweep.data.settings import DataConfig
from sweep.errors import SettingError


@dataclass(frozen=True)
class Counts:
    """What a data set holds: training examples (validation included), test examples, features of one."""

    train: int
    test: int
    features: int


@dataclass(frozen=True)
class Sizes:
    """How large prepared data is: examples of each part, and inputs of an example.

    Training and validation part are taken from `available` examples, the test part from `available_test`.
    """

    train: int
    validation: int
    test: int
    inputs: int
    available: int
    available_test: int


def sizes(counts: Counts, config: DataConfig) -> Sizes:
    """What a split will give. Raises SettingError when the data set has too few examples for it."""
    available, validation = counts.train, config.validation_size
    train = available - validation if config.train_size is None else config.train_size
    if train < 1 or train + validation > available:
        asked = f"data.train_size={config.train_size}, data.validation_size={validation}"
        raise SettingError(
            f"{asked.replace('None', 'null')}: the training file has {available} examples;"
            " both together must fit, with at least 1 for training"
        )
    if config.test_size is not None and config.test_size > counts.test:
        raise SettingError(
            f"data.test_size={config.test_size}: must be at most {counts.test}, the size of the test file"
        )
    inputs = 5 if config.features == "quadratic" else counts.features
    return Sizes(train, validation, config.test_size or counts.test, inputs, available, counts.test)
