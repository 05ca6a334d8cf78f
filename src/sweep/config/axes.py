"""Which settings differ between the cells of a sweep."""

from collections.abc import Mapping, Sequence
from typing import Any

from sweep.config.leaves import leaves
from sweep.config.schema import Config


def swept(configs: Sequence[Config]) -> tuple[list[str], list[dict[str, object]]]:
    """The settings that differ between cells, and each cell's values of them."""
    rows = [settings(config) for config in configs]
    if any(config.depth is not None for config in configs):
        for row, config in zip(rows, configs, strict=True):
            row["depth"] = len(config.hidden_units)
    axes = [key for key in rows[0] if len({str(row[key]) for row in rows}) > 1]
    # A choice of a group is one axis, even if each choice has other values of the group's settings.
    axes = [key for key in axes if key.rpartition(".")[0] not in axes or _varies(key, rows)]
    return axes, [{axis: row[axis] for axis in axes} for row in rows]


def settings(config: Config) -> dict[str, Any]:
    """The settings that cells may differ in, by the names of their columns."""
    return {leaf.column: written(leaf.value(config)) for leaf in leaves() if leaf.rule.axis}


def _varies(key: str, rows: Sequence[dict[str, object]]) -> bool:
    """Whether a group's setting differs between cells with the same choice of the group."""
    group = key.rpartition(".")[0]
    seen: dict[str, set[str]] = {}
    for row in rows:
        seen.setdefault(str(row[group]), set()).add(str(row[key]))
    return any(len(values) > 1 for values in seen.values())


def flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by dotted key, groups by their name: {"optimizer": "adam", "optimizer.beta1": 0.9}."""
    columns: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            inner = flat(value, f"{prefix}{key}.")
            if f"{prefix}{key}.name" in inner:
                columns[prefix + key] = inner.pop(f"{prefix}{key}.name")
            columns |= inner
        else:
            columns[prefix + key] = written(value)
    return columns


def written(value: Any) -> Any:
    """A value as a table holds it: a list as one text."""
    return "[" + ",".join(map(str, value)) + "]" if isinstance(value, list | tuple) else value
