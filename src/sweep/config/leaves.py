"""All settings of the schema by their dotted keys: the list that checks, tables and help go through."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from operator import attrgetter
from typing import Any, get_type_hints

from sweep.config.assembled import known, schema
from sweep.config.schema import Config
from sweep.setting import Setting


@dataclass(frozen=True)
class Node:
    """A setting or a group of settings: its dotted key, its type, and its rule.

    A group that is not identity, or not axis, makes all settings in it likewise. `value` gets the setting's
    value from a configuration.
    """

    key: str
    kind: Any
    rule: Setting
    value: Callable[[Config], Any]

    @property
    def group(self) -> bool:
        """Whether it is a group of settings."""
        return is_dataclass(self.kind)

    @property
    def column(self) -> str:
        """Its name in tables and on the command line: the choice of a group has the group's own name."""
        return self.key.removesuffix(".name")


@known
def nodes() -> Mapping[str, Node]:
    """All settings and groups by dotted key, in order, each group before what is in it."""
    return {node.key: node for node in _walk(schema(), "", None)}


@known
def leaves() -> tuple[Node, ...]:
    """All settings in order, without groups."""
    return tuple(node for node in nodes().values() if not node.group)


def all_keys() -> list[str]:
    """Every dotted key of the schema, groups included."""
    return list(nodes())


def declared(key: str) -> tuple[Any, Setting]:
    """The type of a setting or group and its rule."""
    node = nodes()[key]
    return node.kind, node.rule


def _walk(owner: Any, prefix: str, within: Setting | None) -> Iterator[Node]:
    kinds = get_type_hints(owner)
    for item in fields(owner):
        rule, kind, key = item.metadata["setting"], kinds[item.name], prefix + item.name
        if within is not None:
            rule = replace(rule, identity=rule.identity and within.identity, axis=rule.axis and within.axis)
        yield Node(key, kind, rule, attrgetter(key))
        if is_dataclass(kind):
            yield from _walk(kind, f"{key}.", rule)
