"""The options of each group of settings: the files in conf/ and what the user has registered."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import MappingProxyType
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from sweep import resources
from sweep.config.tables import GROUPS, TABLES, settings_of
from sweep.data.settings import DATASETS


def groups() -> list[str]:
    """The names of the groups, of each of which one option is chosen."""
    return sorted(folder.name for folder in resources.folder("conf").iterdir() if folder.is_dir())


def options(group: str) -> list[str]:
    """The names of a group's options."""
    files = [file.stem for file in resources.folder("conf").glob(f"{group}/*.yaml")]
    return sorted({*files, *_outside(group)})


def stated(group: str, name: str) -> Mapping[str, Any]:
    """The settings that one option of a group gives values to, by their names within the group."""
    return _of_entry(group, name) if name in _outside(group) else _of_file(group, name)


def show_to_hydra(schema: DictConfig) -> None:
    """Make the schema known to Hydra, and the options that have no file.

    Hydra has one store for all applications of a process, so no other may use the schema's name.
    """
    store = ConfigStore.instance()
    store.store(name="sweep_schema", node=schema)
    for group in groups():
        for name in _outside(group):
            store.store(group=group, name=name, node=dict(_of_entry(group, name)), provider="sweep")


def _outside(group: str) -> Mapping[str, str]:
    return TABLES[group].outside if group in TABLES else {}


def _of_entry(group: str, name: str) -> Mapping[str, Any]:
    """The settings of an option that the user has registered, a class or a data set, with their defaults."""
    if group in GROUPS:
        own = {setting.key: setting.default for setting in settings_of(group, name)}
        inner = {key.removeprefix(f"{group}."): value for key, value in own.items() if "." in key}
    else:
        entry = DATASETS[name]
        assert entry is not None
        inner = {item.name: getattr(entry, item.name) for item in fields(entry) if item.name != "load"}
    return {"name": name, **inner}


@cache
def _of_file(group: str, name: str) -> Mapping[str, Any]:
    found: Any = OmegaConf.to_container(OmegaConf.load(resources.folder("conf") / group / f"{name}.yaml"))
    for base in found.pop("defaults", []):
        found = {**_of_file(group, base), **found}
    return MappingProxyType(found)
