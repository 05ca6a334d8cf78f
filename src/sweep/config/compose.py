"""From Hydra's composition to checked configurations, one for each cell."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sweep.config import grid
from sweep.config.application import own_application
from sweep.config.messages import explain, unknown_setting, wrong_choice
from sweep.config.schema import Config
from sweep.config.validation import boolean_keys, refuse
from sweep.errors import SettingError

CONFIG_NAME = "config"
Compose = Callable[[list[str]], DictConfig]


def register_schema() -> None:
    """Make the schema known to Hydra, under the name that conf/config.yaml begins with."""
    # Hydra keeps one store for all applications of a process: the name must be nobody else's.
    ConfigStore.instance().store(name="sweep_schema", node=_schema())


def to_config(composed: DictConfig) -> Config:
    """The typed configuration of a composed one (which may hold Hydra's own settings besides)."""
    schema = _schema()
    unknown = [str(key) for key in composed if key not in schema and key != "hydra"]
    if unknown:
        raise unknown_setting(unknown[0])
    own = OmegaConf.masked_copy(composed, [str(key) for key in schema])
    config = OmegaConf.to_object(OmegaConf.merge(schema, own))
    assert isinstance(config, Config)
    return replace(config, experiment=OmegaConf.select(composed, "hydra.runtime.choices.experiment"))


class Composer:
    """Composes overrides through Hydra, once for each choice of groups; plain values are then set on a copy.

    Composing takes Hydra 50 to 100 ms; a grid of hundreds of cells mostly varies plain values. Those win
    over every file, so setting them last gives what Hydra would.
    """

    def __init__(self, compose: Compose, groups: Sequence[str]) -> None:
        self.compose, self.groups = compose, set(groups)
        self.composed: dict[tuple[str, ...], DictConfig] = {}

    def __call__(self, overrides: Sequence[str]) -> DictConfig:
        """The composed configuration of these overrides, Hydra's own settings included."""
        parsed = OverridesParser.create().parse_overrides(list(overrides))
        for override in parsed:
            key, value = override.key_or_group, override.value()
            # Several experiments may lie over each other; of the other groups there is one choice.
            names = str | list if key == "experiment" else str
            if key in self.groups and not isinstance(value, names):
                raise wrong_choice(key, value)
            # OmegaConf would read every number but 0 as true.
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if key in boolean_keys() and number:
                raise refuse(key, value)
        structural = [override for override in parsed if not self._is_value(override)]
        lines = tuple(str(override.input_line) for override in structural)
        if lines not in self.composed:
            self.composed[lines] = self.compose(list(lines))
        config = copy.deepcopy(self.composed[lines])
        OmegaConf.set_readonly(config, False)
        for override in parsed:
            if self._is_value(override):
                adding = override.type is OverrideType.FORCE_ADD
                OmegaConf.update(config, override.key_or_group, override.value(), force_add=adding)
        return config

    def _is_value(self, override: Override) -> bool:
        key = override.key_or_group
        return (
            override.type in (OverrideType.CHANGE, OverrideType.FORCE_ADD)
            and override.package is None
            and key not in self.groups
            and "/" not in key
            and key.partition(".")[0] != "hydra"
        )


def expand(overrides: Sequence[str], composer: Composer, axes: Any = None) -> list[Config]:
    """The cells that overrides stand for: one, or those of a grid (`axes`, or else the experiment's).

    A setting given in `overrides` wins over the grid's axis of that name. Raises SettingError, in one
    line, for what cannot be composed.
    """
    try:
        return _expand(overrides, composer, axes)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error


def _expand(overrides: Sequence[str], composer: Composer, axes: Any) -> list[Config]:
    base = composer(overrides)
    if axes is None:
        config = to_config(base)
        if config.grid is None:
            return [config]
        axes = config.grid
    found = grid.points(axes)
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    given = [override.key_or_group for override in parsed]
    return [
        to_config(composer([*overrides, *(grid.override(*item) for item in point.items())]))
        for point in grid.without(found, given)
    ]


def given(overrides: Sequence[str], axes: Any = None) -> list[str]:
    """The keys of settings in overrides and then in a grid, in the order in which they are written."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    typed = [override.key_or_group for override in parsed if not override.is_delete()]
    return list(dict.fromkeys(key.removesuffix(".name") for key in [*typed, *grid.keys(axes)]))


def given_settings(settings: Mapping[str, Any]) -> list[str]:
    """The keys of settings written in Python, in the order in which they are written."""
    plain = {key: value for key, value in settings.items() if key != "grid"}
    return given([grid.override(key, value) for key, value in _dotted(plain)], settings.get("grid"))


def from_settings(settings: Mapping[str, Any]) -> list[Config]:
    """The cells of a configuration written in Python, such as {"hidden": 16, "data": {"root": "x"}}."""
    if not isinstance(settings, Mapping):
        raise SettingError(f'{settings}: must be a mapping of settings, such as {{"hidden": 16}}')
    settings = dict(settings)
    axes = settings.pop("grid", None)
    overrides = [grid.override(key, value) for key, value in _dotted(settings)]
    register_schema()
    with own_application():
        return expand(overrides, application_composer(), axes)


def application_composer() -> Composer:
    """Composes single cells in a process where Hydra is running."""
    loader = GlobalHydra.instance().config_loader()
    return Composer(
        lambda given: loader.load_configuration(CONFIG_NAME, given, RunMode.RUN),
        loader.list_groups(""),
    )


def sweep_composer(loader: ConfigLoader, master: DictConfig) -> Composer:
    """Composes the jobs of a multirun."""
    return Composer(lambda given: loader.load_sweep_config(master, given), loader.list_groups(""))


@cache
def _schema() -> DictConfig:
    schema = OmegaConf.structured(Config)
    _unfreeze(schema)
    assert isinstance(schema, DictConfig)
    return schema


def _unfreeze(node: DictConfig) -> None:
    """Frozen dataclasses become read-only nodes, which no override could change."""
    OmegaConf.set_readonly(node, False)
    for key in node:
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none():
            _unfreeze(child)


def _dotted(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            inner = dict(value)
            if "name" in inner:
                pairs.append((prefix + key, inner.pop("name")))
            pairs += _dotted(inner, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, value))
    return pairs
