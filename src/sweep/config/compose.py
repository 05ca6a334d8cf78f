"""From Hydra's composition to checked configurations, one for each cell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from sweep import resources
from sweep.config import grid
from sweep.config.schema import Config

CONFIG_NAME = "config"
Compose = Callable[[list[str]], DictConfig]


def register_schema() -> None:
    """Make the schema known to Hydra, under the name that conf/config.yaml begins with."""
    ConfigStore.instance().store(name="schema", node=_schema())


def to_config(composed: DictConfig) -> Config:
    """The typed configuration of a composed one (which may hold Hydra's own settings besides)."""
    schema = _schema()
    own = OmegaConf.masked_copy(composed, [str(key) for key in schema])
    config = OmegaConf.to_object(OmegaConf.merge(schema, own))
    assert isinstance(config, Config)
    return config


def expand(overrides: Sequence[str], composer: Compose) -> list[Config]:
    """The cells that overrides stand for: one, or those of the experiment's `grid`.

    A setting given in `overrides` wins over the grid's axis of that name.
    """
    base = composer(list(overrides))
    if OmegaConf.is_missing(base, "grid") or base.grid is None:
        return [to_config(base)]
    found = grid.points(OmegaConf.to_container(base.grid))
    given = [override.key_or_group for override in OverridesParser.create().parse_overrides(list(overrides))]
    return [
        to_config(composer([*overrides, *(grid.override(*item) for item in point.items())]))
        for point in grid.without(found, given)
    ]


def from_settings(settings: Mapping[str, Any]) -> list[Config]:
    """The cells of a configuration written in Python, such as {"hidden": 16, "data": {"root": "x"}}."""
    settings = dict(settings)
    overrides = [grid.override(key, value) for key, value in _dotted(settings)]
    inside = GlobalHydra.instance().is_initialized()
    if inside:
        return expand(overrides, lambda given: compose(CONFIG_NAME, given))
    register_schema()
    with initialize_config_dir(str(resources.folder("conf")), version_base="1.3"):
        return expand(overrides, lambda given: compose(CONFIG_NAME, given))


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
        if isinstance(value, Mapping) and key != "grid":
            inner = dict(value)
            if "name" in inner:
                pairs.append((prefix + key, inner.pop("name")))
            pairs += _dotted(inner, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, value))
    return pairs
