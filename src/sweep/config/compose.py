"""From overrides and settings in Python to typed configurations, one for each cell.

Hydra composes; a `Composer` asks it once for each choice of groups, and sets plain values on copies with the
conversions that OmegaConf does. It also works while another Hydra application is running.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, make_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from hydra import initialize_config_dir, version
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override, OverrideType, QuotedString
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sweep.config import grid
from sweep.config.check import boolean_keys, refuse
from sweep.config.messages import explain, unknown_setting, wrong_choice
from sweep.config.schema import Config, cached_until_registration, nodes, schema
from sweep.config.tables import register_options
from sweep.config.untrusted import check_outside_values, parsed
from sweep.core.errors import SettingError, shortened
from sweep.system import files

VERSION_BASE = "1.3"


def is_sweep_application(search_path: ConfigSearchPath) -> bool:
    """Return True if a search path belongs to an application whose configuration is our conf/."""
    conf = files.package_folder("conf").resolve()
    return any(
        item.provider == "main" and item.path and Path(item.path.removeprefix("file://")).resolve() == conf
        for item in search_path.get_path()
    )


@contextmanager
def sweep_application() -> Iterator[None]:
    """Let Hydra compose from our conf/ in this context, and restore a running application afterwards."""
    running = GlobalHydra.instance()
    hydra, base = running.hydra, version.getbase()
    if hydra is not None and is_sweep_application(hydra.config_loader.get_search_path()):
        yield
        return
    running.clear()
    try:
        with initialize_config_dir(str(files.package_folder("conf")), version_base=VERSION_BASE):
            yield
    finally:
        running.hydra = hydra
        GlobalHydra.set_instance(running)
        version.VersionBase.instance().version_base = base


def values_by_key(arguments: Sequence[str]) -> dict[str, list[Any]]:
    """Return the values of each `key=value,value`, in order. Raises SettingError for anything else.

    Commands that train nothing read their arguments with it; the grammar is that of `python -m sweep`.
    """
    values: dict[str, list[Any]] = {}
    for argument in arguments:
        try:
            (override,) = parsed([argument])
        except HydraException as error:
            raise SettingError(explain(error)) from error
        if override.key_or_group in values:
            raise SettingError(f"{override.key_or_group}: is given twice; must be given once")
        values[override.key_or_group] = _values(override)
    return values


def _values(override: Override) -> list[Any]:
    if not override.is_sweep_override():
        return [override.value()]
    return [
        value.text if isinstance(value, QuotedString) else value
        for value in override.sweep_iterator(transformer=lambda value: value)
    ]


_Settings = TypeVar("_Settings")


def converted(key: str, value: Any) -> Any:
    """Convert a value to the type of the setting `key` (dotted).

    Raises ValueError for what cannot be converted without the rest of the configuration: groups, unknown
    keys, mappings, interpolations and values of a wrong type.
    """
    if _needs_the_rest(value):
        raise ValueError(f"{key}={value}")
    node = _alone(key).copy()
    try:
        node.value = value
    except OmegaConfBaseException as error:
        raise ValueError(f"{key}={value}") from error
    return OmegaConf.to_container(node)["value"]  # type: ignore[index, call-overload]


def with_values(settings: _Settings, values: Mapping[str, Any]) -> _Settings:
    """Return a copy of these settings with other values for some of them, by dotted keys."""
    direct: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        group, _, rest = key.partition(".")
        if rest:
            inner.setdefault(group, {})[rest] = value
        else:
            direct[group] = value
    groups = {group: with_values(getattr(settings, group), chosen) for group, chosen in inner.items()}
    return replace(settings, **direct, **groups)  # type: ignore[type-var]


def dotted(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return nested settings as pairs of a dotted key and a value."""
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping) and prefix + key != "compare.baseline":  # whose value is settings
            inner = dict(value)
            if "name" in inner:
                pairs.append((prefix + key, inner.pop("name")))
            pairs += dotted(inner, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, value))
    return pairs


def _needs_the_rest(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_needs_the_rest, value))
    return isinstance(value, Mapping) or (isinstance(value, str) and ("${" in value or value == "???"))


def _alone(key: str) -> DictConfig:
    """Return a configuration with a single setting, `value`, of the type of the setting `key`."""
    node = nodes().get(key)
    if node is None or node.is_group:
        raise ValueError(key)
    return _of_type(node.kind)


@cache
def _of_type(kind: Any) -> DictConfig:
    node = OmegaConf.structured(make_dataclass("Alone", [("value", kind, field(default="???"))]))
    assert isinstance(node, DictConfig)
    return node


CONFIG_NAME = "config"
Compose = Callable[[list[str]], DictConfig]


def register_schema() -> None:
    """Make the schema known to Hydra, under the name that conf/config.yaml begins with."""
    register_options(_schema())


def to_config(composed: DictConfig) -> Config:
    """Return the typed configuration of a composed one (which may also hold Hydra's own settings)."""
    structure = _schema()
    unknown = [str(key) for key in composed if key not in structure and key != "hydra"]
    if unknown:
        raise unknown_setting(unknown[0])
    settings = OmegaConf.masked_copy(composed, [str(key) for key in structure])
    check_outside_values(settings)
    config = OmegaConf.to_object(OmegaConf.merge(structure, settings))
    assert isinstance(config, Config)
    return replace(config, experiment=OmegaConf.select(composed, "hydra.runtime.choices.experiment"))


@dataclass(frozen=True)
class _Setting:
    """A parsed override. The value of a `plain` one is set on a configuration; Hydra composes the others."""

    line: str
    key: str
    value: Any
    plain: bool
    adding: bool


class Composer:
    """A composer of overrides that calls Hydra once for each choice of groups.

    Hydra takes 50 to 100 ms to compose, and a grid of hundreds of cells mostly varies plain values. On the
    command line these win over every file, so setting them last on a copy has the result of Hydra.
    """

    def __init__(self, compose: Compose, groups: Sequence[str]) -> None:
        self.compose, self.groups = compose, set(groups)
        self.read: dict[str, _Setting] = {}
        self.composed: dict[tuple[str, ...], DictConfig] = {}
        self.typed: dict[tuple[str, ...], Config | None] = {}
        self.converted: dict[str, Any] = {}

    def __call__(self, overrides: Sequence[str]) -> DictConfig:
        """Return the composed configuration of these overrides, Hydra's own settings included."""
        settings = [self._read(line) for line in overrides]
        # A copy, because the composed configuration is kept for other cells.
        config = copy.deepcopy(self._composed(settings))
        OmegaConf.set_readonly(config, False)
        for setting in settings:
            if setting.plain:
                OmegaConf.update(config, setting.key, setting.value, force_add=setting.adding)
        return config

    def config(self, overrides: Sequence[str]) -> Config:
        """Return the typed configuration of these overrides.

        Plain values are set on a typed configuration. If one cannot be converted by itself, all overrides are
        composed first, which is slower.
        """
        settings = [self._read(line) for line in overrides]
        base = self._typed(settings)
        if base is None:
            return to_config(self(overrides))
        try:
            return with_values(
                base, {setting.key: self._converted(setting) for setting in settings if setting.plain}
            )
        except ValueError:
            return to_config(self(overrides))

    def _read(self, line: str) -> _Setting:
        if line not in self.read:
            (override,) = parsed([line])
            key, value = override.key_or_group, override.value()
            # Several experiments may be combined; of every other group one option is chosen.
            names = value if key == "experiment" and isinstance(value, list) else [value]
            if key in self.groups and not all(isinstance(name, str) for name in names):
                raise wrong_choice(key, value)
            # OmegaConf would read every number but 0 as true.
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if key in boolean_keys() and number:
                raise refuse(key, value)
            adding = override.type is OverrideType.FORCE_ADD
            self.read[line] = _Setting(line, key, value, self._is_plain(override), adding)
        return self.read[line]

    def _is_plain(self, override: Override) -> bool:
        key = override.key_or_group
        return (
            override.type in (OverrideType.CHANGE, OverrideType.FORCE_ADD)
            and override.package is None
            and key not in self.groups
            and "/" not in key
            and key.partition(".")[0] != "hydra"
        )

    def _composed(self, settings: Sequence[_Setting]) -> DictConfig:
        lines = tuple(setting.line for setting in settings if not setting.plain)
        if lines not in self.composed:
            self.composed[lines] = self.compose(list(lines))
        return self.composed[lines]

    def _typed(self, settings: Sequence[_Setting]) -> Config | None:
        """Return the typed configuration before plain values are set; None if it is incomplete."""
        lines = tuple(setting.line for setting in settings if not setting.plain)
        if lines not in self.typed:
            deleting = any(line.startswith("~") for line in lines)
            self.typed[lines] = None if deleting else _whole(self._composed(settings))
        return self.typed[lines]

    def _converted(self, setting: _Setting) -> Any:
        if setting.line not in self.converted:
            self.converted[setting.line] = converted(setting.key, setting.value)
        return self.converted[setting.line]


def _whole(composed: DictConfig) -> Config | None:
    """Return the typed configuration; None if it lacks a value, or takes one from another setting."""
    try:
        config = to_config(composed)
    except (SettingError, OmegaConfBaseException):
        return None
    settings = OmegaConf.masked_copy(composed, [str(key) for key in _schema()])
    # A value that is set later would have to change those that refer to it, too.
    return None if "${" in OmegaConf.to_yaml(settings) else config


def expand(overrides: Sequence[str], composer: Composer, axes: Any = None) -> list[Config]:
    """Return the cells of these overrides: one, or those of a grid, `axes` or else the experiment's.

    A setting in `overrides` wins over an axis of the grid with the same name. Raises SettingError for what
    cannot be composed.
    """
    try:
        return _expand(overrides, composer, axes)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise explain(error) from error
    except OSError as error:  # the name of an option is looked for among files
        raise SettingError(f"{shortened(error.filename)}: {error.strerror}") from error


def _expand(overrides: Sequence[str], composer: Composer, axes: Any) -> list[Config]:
    if axes is None:
        base = composer.config(overrides)
        if base.grid is None:
            return [base]
        axes = base.grid
    for key in grid.keys(axes):  # others, such as hydra.run.dir, would be overrides of their own
        if key not in nodes():
            raise unknown_setting(key)
    overridden = [override.key_or_group for override in parsed(overrides)]
    # Without grid=null the whole grid would be copied into the configuration of each of its cells.
    return [
        composer.config([*overrides, *(grid.override(*item) for item in point.items()), "grid=null"])
        for point in grid.without(grid.points(axes), overridden)
    ]


def explicit_settings(overrides: Sequence[str], axes: Any = None) -> list[str]:
    """Return the keys of the settings in overrides and then in a grid, in the order of writing."""
    typed = [override.key_or_group for override in parsed(overrides) if not override.is_delete()]
    return list(dict.fromkeys(key.removesuffix(".name") for key in [*typed, *grid.keys(axes)]))


def explicit_in_python(settings: Mapping[str, Any]) -> list[str]:
    """Return the keys of settings written in Python, in the order of writing."""
    plain = {key: value for key, value in settings.items() if key != "grid"}
    return explicit_settings(
        [grid.override(key, value) for key, value in dotted(plain)], settings.get("grid")
    )


def from_settings(settings: Mapping[str, Any]) -> list[Config]:
    """Return the cells of settings in Python, such as {"hidden": 16, "data": {"root": "x"}}."""
    if not isinstance(settings, Mapping):
        raise SettingError(f'{settings}: must be a mapping of settings, such as {{"hidden": 16}}')
    settings = dict(settings)
    axes = settings.pop("grid", None)
    overrides = [grid.override(key, value) for key, value in dotted(settings)]
    register_schema()
    with sweep_application():
        return expand(overrides, application_composer(), axes)


def application_composer() -> Composer:
    """Return the composer of single cells for a process where Hydra is running."""
    loader = GlobalHydra.instance().config_loader()
    return Composer(
        lambda overrides: loader.load_configuration(CONFIG_NAME, overrides, RunMode.RUN),
        loader.list_groups(""),
    )


def sweep_composer(loader: ConfigLoader, master: DictConfig) -> Composer:
    """Return the composer of the jobs of a multirun."""
    return Composer(lambda overrides: loader.load_sweep_config(master, overrides), loader.list_groups(""))


@cached_until_registration
def _schema() -> DictConfig:
    structure = OmegaConf.structured(schema())
    _unfreeze(structure)
    assert isinstance(structure, DictConfig)
    return structure


def _unfreeze(node: DictConfig) -> None:
    """Make the nodes of a schema writable: those of frozen dataclasses are read-only, also for overrides."""
    OmegaConf.set_readonly(node, False)
    for key in node:
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none():
            _unfreeze(child)
