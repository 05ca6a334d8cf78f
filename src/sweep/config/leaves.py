"""Every setting of the schema by its dotted key."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, get_type_hints

from sweep.config.schema import Config
from sweep.setting import Setting


@dataclass(frozen=True)
class Leaf:
    """A setting: its dotted key, its type, and its rule, in which a group's counts for all that is in it."""

    key: str
    kind: Any
    rule: Setting


def leaves(owner: type = Config, prefix: str = "", within: Setting | None = None) -> Iterator[Leaf]:
    """The settings of `owner` and of its groups, in order; groups themselves are none."""
    kinds = get_type_hints(owner)
    for item in fields(owner):
        rule, kind = item.metadata["setting"], kinds[item.name]
        if within is not None:
            rule = replace(rule, identity=rule.identity and within.identity, axis=rule.axis and within.axis)
        if is_dataclass(kind) and isinstance(kind, type):
            yield from leaves(kind, f"{prefix}{item.name}.", rule)
        else:
            yield Leaf(prefix + item.name, kind, rule)
