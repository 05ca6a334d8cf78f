"""The schema with the settings of all entries that the tables hold at this moment.

All code that needs the list of settings gets it from here. If the user has registered nothing, the schema is
`Config` itself.
"""

import copyreg
from collections.abc import Callable, Mapping
from dataclasses import field, fields, make_dataclass, replace
from functools import lru_cache, wraps
from typing import Any, TypeVar, get_type_hints

from sweep.config import extensions
from sweep.config.schema import Config
from sweep.config.tables import CLASSES, GROUPS, SETTINGS, TABLES, choice_class, default_of, own_settings
from sweep.setting import declaration

_Fields = list[tuple[str, Any, Any]]
_Result = TypeVar("_Result")


def known(function: Callable[[], _Result]) -> Callable[[], _Result]:
    """Cache the result of a function of the tables until something new is registered.

    Before each call the user's own modules are imported. Raises SettingError for one that cannot be imported.
    """

    @lru_cache(maxsize=8)
    def kept(versions: tuple[int, ...]) -> _Result:
        return function()

    @wraps(function)
    def current() -> _Result:
        extensions.load()
        return kept(tuple(table.version for table in TABLES.values()))

    return current


@known
def schema() -> type[Config]:
    """The class of every configuration that is composed."""
    own = _top_level()
    outside = any(table.outside for table in TABLES.values())
    if not outside and {item.name for item in fields(Config)}.issuperset(name for name, *_ in own):
        return Config
    groups = [_group(kind) for kind in GROUPS]
    settings = [_setting(name) for name in SETTINGS]
    made = make_dataclass("Config", [*own, *groups, *settings], bases=(Config,), frozen=True)
    copyreg.pickle(made, _reduced)
    return made


@known
def default() -> Config:
    """The configuration in which every setting has its default."""
    return schema()()


def _top_level() -> _Fields:
    return [
        own.field
        for kind, table in CLASSES.items()
        for own in own_settings(kind, table).values()
        if "." not in own.key
    ]


def _group(kind: str) -> tuple[str, Any, Any]:
    made = choice_class(kind, GROUPS[kind])
    metadata = Config.__dataclass_fields__[kind].metadata
    return kind, made, field(default_factory=made, metadata=metadata)


def _setting(name: str) -> tuple[str, Any, Any]:
    """A setting of the user's own. At its default it is not in a cell's identity, as if it did not exist."""
    default, rule = default_of(SETTINGS[name]), SETTINGS[name].metadata["setting"]
    kind = list[str] if isinstance(default, list) else type(default)
    return name, kind, declaration(default, replace(rule, before=default))


def _reduced(config: Config) -> tuple[Any, ...]:
    """How a configuration is pickled for another process: its values, and the modules that it needs there."""
    values = {item.name: getattr(config, item.name) for item in fields(config)}
    groups = {kind: dict(vars(values.pop(kind))) for kind in GROUPS}
    return _rebuilt, (extensions.sources(), extensions.digests(), values, groups)


def _rebuilt(
    needed: tuple[extensions.Source, ...],
    digests: Mapping[extensions.Key, str],
    values: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, Any]],
) -> Config:
    extensions.load()
    extensions.agree(needed, digests)
    kind = schema()
    kinds = get_type_hints(kind)
    return kind(**values, **{name: kinds[name](**own) for name, own in groups.items()})


copyreg.pickle(Config, _reduced)
