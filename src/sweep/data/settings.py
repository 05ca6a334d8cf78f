"""The settings of the data."""

from dataclasses import dataclass

from sweep.setting import setting

DATASETS = ("mnist", "idx", "exam", "spiral")
NORMALIZATIONS = ("none", "unit", "image", "feature")
FEATURE_MAPS = ("raw", "quadratic")
TARGETS = ("one_hot", "scalar")


@dataclass(frozen=True)
class DataConfig:
    """Which examples, how many, and how they are prepared."""

    name: str = setting("mnist", "the data set", DATASETS)
    root: str | None = setting(None, "folder of the four IDX files (data=idx)")
    classes: int = setting(10, "number of classes; labels run from 0", at_least=2)
    train_size: int | None = setting(None, "training examples; null: all that validation leaves", at_least=1)
    validation_size: int = setting(5000, "validation examples, taken from the training file", at_least=0)
    test_size: int | None = setting(None, "test examples; null: the whole test file", at_least=1)
    normalization: str = setting("image", "how the inputs are scaled", NORMALIZATIONS)
    features: str = setting("raw", "map applied to the inputs", FEATURE_MAPS)
    targets: str = setting("one_hot", "one output a class, or one output for two classes", TARGETS)
    noise: float = setting(0.1, "standard deviation of the noise in generated data", at_least=0)
    generator_seed: int = setting(0, "seed of generated data", at_least=0)
