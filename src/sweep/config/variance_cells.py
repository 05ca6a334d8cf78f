"""The cells of `sweep variance`: initialisation, order and split varied alone and together."""

from collections.abc import Sequence
from dataclasses import replace

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.errors import HydraException

from sweep.config import grid
from sweep.config.columns import swept_settings
from sweep.config.compose import Composer, expand
from sweep.config.messages import explain
from sweep.config.schema import Config, default_config, nodes
from sweep.config.untrusted import parsed
from sweep.core.errors import SettingError
from sweep.core.formats import typed_value
from sweep.data.settings import DataConfig

SEEDS = 30  # if neither the command line nor the experiment says how many
Source = tuple[str, ...]  # a value of `vary`, such as ("init", "order")


def jobs(arguments: Sequence[str]) -> list[list[str]]:
    """Return the overrides of each combination of several values, such as `hidden=16,128`."""
    try:
        return [list(job) for job in BasicSweeper.split_arguments(parsed(arguments), None)[0]]
    except HydraException as error:
        raise explain(error) from error


def cells(overrides: Sequence[str], composer: Composer) -> list[Config]:
    """Return the cells of one combination of settings: each source varied alone, then all together.

    If the overrides or the experiment set `vary` themselves, it stays as it is. The split is left out if it
    would draw nothing (see `unsplit`).
    """
    configs = expand(overrides, composer)
    overridden = [line.partition("=")[0] for line in overrides]
    if "seeds" not in overridden:
        configs = [replace(config, seeds=_seeds(config)) for config in configs]
    if "vary" in [*overridden, *grid.keys(composer.config(overrides).grid)]:
        return configs
    return [
        replace(config, vary=list(source))
        for config in configs
        for source in _alone_and_together(config.data)
    ]


def unsplit(data: DataConfig) -> str | None:
    """Say why a split of this data draws nothing at random; None if it does."""
    if data.generated:
        return f"the parts of data={data.name} are generated, not split; data.generator_seed gives others"
    drawn = data.test_size is not None and data.test_subset == "random"
    if data.validation_size or data.train_size is not None or drawn:
        return None
    return (
        "data.validation_size=0 and all examples are trained on; with data.validation_size=5000 it is drawn"
    )


def blocks(configs: Sequence[Config]) -> list[dict[Source, int]]:
    """Group cells that differ only in `vary`: for each group, the position of each source's cell.

    The cell in which all sources vary comes last. Raises SettingError if a group has no such cell.
    """
    axes, values = swept_settings(configs)
    groups: dict[str, dict[Source, int]] = {}
    for position, (config, row) in enumerate(zip(configs, values, strict=True)):
        others = str([row[axis] for axis in axes if axis != "vary"])
        groups.setdefault(others, {}).setdefault(_in_order(config.vary), position)
    return [_together_last(block) for block in groups.values()]


def adds_up(sources: Sequence[Source]) -> bool:
    """Return True if the other sources make up the last: what their sum leaves is then interaction."""
    *alone, together = sources
    return sorted(name for source in alone for name in source) == sorted(together)


def _seeds(config: Config) -> object:
    return SEEDS if config.seeds == default_config().seeds else config.seeds


def _alone_and_together(data: DataConfig) -> list[Source]:
    names = tuple(name for name in nodes()["vary"].rule.choices if name != "split" or not unsplit(data))
    return [*((name,) for name in names), names]


def _in_order(vary: Sequence[str]) -> Source:
    return tuple(sorted(vary, key=nodes()["vary"].rule.choices.index))


def _together_last(block: dict[Source, int]) -> dict[Source, int]:
    every = _in_order(list({name for source in block for name in source}))
    values = ",".join(typed_value(list(source)) for source in block)
    if len(block) < 2:
        raise SettingError(
            f"vary={values}: one value has nothing to be compared with; must be several, such as"
            " vary=[init],[order],[init,order], or left out"
        )
    if every not in block:
        raise SettingError(
            f"vary={values}: one value must hold all the others, such as {typed_value(list(every))}"
        )
    return {source: block[source] for source in block if source != every} | {every: block[every]}
