"""The length of a training in mini-batches and steps."""

from sweep.config.schema import Config
from sweep.errors import SettingError


def batch_size(config: Config, examples: int) -> int:
    """The examples of a mini-batch, if the training part has so many `examples`.

    Raises SettingError for a mini-batch that is larger than the training part.
    """
    if config.batch_size == "all":
        return examples
    if config.batch_size > examples:
        raise SettingError(
            f"batch_size={config.batch_size}: must be at most {examples}, the training part, or 'all'"
        )
    return int(config.batch_size)


def steps_per_epoch(config: Config, examples: int) -> int:
    """The number of mini-batches of an epoch; the last of them may be smaller."""
    return -(-examples // batch_size(config, examples))


def iterations(config: Config, examples: int) -> int:
    """The number of steps that training takes unless it stops early."""
    if config.max_iterations is not None:
        return config.max_iterations
    return config.epochs * steps_per_epoch(config, examples)
