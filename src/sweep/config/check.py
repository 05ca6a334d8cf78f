"""The checks of a whole configuration before anything runs. The first mistake is reported in one line.

[agreement] Settings that must be equal in all cells of a sweep, or in all configurations of one cell.

Without this check, a sweep would silently be run as its first cell says.

[wording] In words, what is allowed for a setting; and the line that refuses a wrong value.

[effects] Settings without effect are refused, with the setting that would make them count.

The schema says which setting needs which other one (`needs`). In a sweep a setting may be without effect in
some cells, as the activation is at depth 0, if its value has an effect in other cells and no two cells are
the same.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.util import find_spec
from operator import attrgetter
from types import UnionType
from typing import Any, get_args

from sweep.config import grid
from sweep.config.cell import name_of
from sweep.config.columns import swept
from sweep.config.schema import Config, declared, default, known, leaves, nodes
from sweep.config.tables import CLASSES, settings_of
from sweep.core.errors import SettingError, nearest, shortened
from sweep.core.setting import Requires, Setting
from sweep.nn.losses import LOSSES


def of_sweep() -> tuple[str, ...]:
    """The keys of the settings that say how a sweep is run."""
    return tuple(leaf.key for leaf in leaves() if leaf.rule.run)


def of_cell() -> tuple[str, ...]:
    """The keys of the settings that say how a cell is trained and are not part of its identity."""
    return tuple(
        leaf.key
        for leaf in leaves()
        if not (leaf.rule.identity or leaf.rule.axis or leaf.rule.run or leaf.rule.free)
    )


def check_sweep(configs: Sequence[Config]) -> None:
    """Raise SettingError if the cells of one sweep differ in how the sweep is run."""
    _check(of_sweep(), configs, "all cells of a sweep")


def check_equal_cells(configs: Sequence[Config]) -> None:
    """Raise SettingError if configurations of one cell, which is trained once, differ in how to train it."""
    _check(of_cell(), configs, "all that is one cell, whose trials are trained once")


def _check(keys: Sequence[str], configs: Sequence[Config], whose: str) -> None:
    for key in keys:
        values = dict.fromkeys(grid.text(attrgetter(key)(config)) for config in configs)
        if len(values) > 1:
            raise SettingError(f"{key}={','.join(values)}: must be the same for {whose}")


_NOUNS = {int: "a whole number", float: "a number", bool: "true or false", str: "a name"}


def allowed(key: str) -> str:
    """What is allowed for the setting `key` (dotted), in words: 'a number, above 0'."""
    annotation, rule = declared(key)
    if rule.words:
        return rule.words
    if is_dataclass(annotation) and isinstance(annotation, type):
        return f"a group of settings such as {key}.{fields(annotation)[0].name}"
    return in_words(annotation, rule)


def in_words(annotation: Any, rule: Setting) -> str:
    """What is allowed for a setting of this type and rule, in words."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    if list[str] in (annotation, *kinds):
        names = f" from {', '.join(rule.choices)}" if rule.choices else ""
        words = f"a list of different names{names}"
    elif rule.choices:
        words = "one of " + ", ".join(rule.choices)
    else:
        words = _NOUNS[kinds[0]] + _bounds(rule)
    return words + (", or null" if type(None) in kinds else "")


def refuse(key: str, value: object, place: str = "") -> SettingError:
    """The error for a value that is not allowed for `key`, with the nearest allowed name.

    `place` says where the value was given, as ' (in FILE)'.
    """
    choices = declared(key)[1].choices
    names = value if isinstance(value, list | tuple) else [value]
    hints = [nearest(str(name), choices) for name in names if name not in choices]
    hint = next(filter(None, hints), "")
    if isinstance(value, list | tuple) and "list" not in allowed(key):
        hint = several_values(key, value)
    return SettingError(f"{key}={show(value)}{place}: must be {allowed(key)}{hint}")


def several_values(key: str, values: Sequence[object]) -> str:
    """The clause that says how several values of a setting are written."""
    listed = [show(value) for value in values]
    grid = f"grid: {{product: {{{key}: [{', '.join(listed)}]}}}}"
    return f"; several values: -m {key}={','.join(listed)}, or {grid}"


def show(value: object) -> str:
    """A value as it is typed, in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ",".join(show(item) for item in value) + "]"
    return " ".join(str(value).split())


def _bounds(rule: Setting) -> str:
    words = ""
    for word, bound in (
        ("at least", rule.at_least),
        ("above", rule.above),
        ("at most", rule.at_most),
        ("below", rule.below),
    ):
        if bound is not None:
            words += f", {word} {bound:g}"
    return words


MOST_SEEDS = 1_000_000  # a list of them has room in memory
FEWEST = 3  # fewest seeds at which a sweep with `decide` may compare cells


def check(config: Config) -> None:
    """Raise SettingError for the first mistake, with the key, the value and what is allowed."""
    _check_fields(config)
    _check_choices(config)
    _check_hidden(config)
    _check_seeds(config)
    _check_decide(config)
    _check_batch_size(config)
    _check_workers(config)
    _check_figures(config)
    _check_baseline(config)
    _check_combinations(config)


@known
def boolean_keys() -> frozenset[str]:
    """The settings that are true or false."""
    return frozenset(leaf.key for leaf in leaves() if leaf.kind is bool)


def _check_fields(config: Config) -> None:
    for node in nodes().values():
        value = node.value(config)
        if node.group:
            if not is_dataclass(value):
                raise refuse(node.key, value)
        elif node.kind is not Any and not node.rule.words and value is not None:
            # If null is allowed, OmegaConf accepts a list in place of a number.
            listed = list[str] in (node.kind, *get_args(node.kind))
            if listed != isinstance(value, list) or not _fits(value, node.rule):
                raise refuse(node.key, value)


def _check_choices(config: Config) -> None:
    """Check the settings of each choice against its own bounds: nesterov's momentum must be above 0."""
    for kind in CLASSES:
        name = name_of(config, kind)
        for own in settings_of(kind, name):
            value = attrgetter(own.key)(config)
            if not _fits(value, own.rule):
                raise SettingError(
                    f"{own.key}={show(value)}: must be {in_words(own.kind, own.rule)}, with {kind}={name}"
                )


def _fits(value: Any, rule: Setting) -> bool:
    if isinstance(value, str) and "\0" in value:  # which would end the name of a file
        return False
    if isinstance(value, list):
        known = all(isinstance(name, str) and name in (rule.choices or value) for name in value)
        return bool(value) and known and len(set(value)) == len(value)
    if rule.choices:
        return value in rule.choices
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return (
        (rule.at_least is None or value >= rule.at_least)
        and (rule.above is None or value > rule.above)
        and (rule.at_most is None or value <= rule.at_most)
        and (rule.below is None or value < rule.below)
    )


def _whole(value: object, at_least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least


def _check_hidden(config: Config) -> None:
    hidden = config.hidden
    units = hidden if isinstance(hidden, list | tuple) else [hidden]
    if not units or not all(_whole(unit, 1) for unit in units):
        raise refuse("hidden", hidden)
    if isinstance(hidden, list | tuple) and config.depth not in (None, 0, len(hidden)):
        raise SettingError(
            f"depth={config.depth}: hidden={show(hidden)} already has {len(hidden)} layers;"
            f" leave depth out, or give hidden as a number"
        )


def _check_seeds(config: Config) -> None:
    seeds = config.seeds
    if isinstance(seeds, list | tuple):
        repeated = sorted({seed for seed in seeds if list(seeds).count(seed) > 1}, key=str)
        if repeated:
            raise SettingError(
                f"seeds={show(seeds)}: seed {repeated[0]} stands more than once; must be {allowed('seeds')}"
            )
        if not seeds or not all(_whole(seed, 0) for seed in seeds):
            raise refuse("seeds", seeds)
    elif not _whole(seeds, 1):
        raise refuse("seeds", seeds)
    elif seeds > MOST_SEEDS:
        raise SettingError(f"seeds={shortened(seeds)}: must be at most {MOST_SEEDS:,}")


def _check_decide(config: Config) -> None:
    """With `decide`, the first look needs enough seeds, and what is compared must be evaluated."""
    if config.decide is None:
        return
    if not isinstance(config.seeds, int):
        raise SettingError(
            f"seeds={show(config.seeds)}: with decide, the size of the first look; must be a whole number"
        )
    if config.seeds < FEWEST:
        raise SettingError(
            f"seeds={config.seeds}: with decide, the size of the first look; must be at least {FEWEST}"
        )
    if config.budget < config.seeds:
        raise SettingError(f"budget={config.budget}: must be at least seeds={config.seeds}, the first look")
    part = config.compare.metric.partition("_")[0]
    if part not in config.evaluation.parts or (part == "validation" and not config.data.validation_size):
        raise SettingError(f"decide={config.decide}: compare.metric={config.compare.metric} is not measured")


def _check_batch_size(config: Config) -> None:
    if config.batch_size != "all" and not _whole(config.batch_size, 1):
        raise refuse("batch_size", config.batch_size)


def _check_workers(config: Config) -> None:
    if config.parallel.n_jobs != -1 and not _whole(config.parallel.n_jobs, 1):
        raise refuse("parallel.n_jobs", config.parallel.n_jobs)
    if config.parallel.kernels == "numba" and not find_spec("numba"):
        raise SettingError(
            "parallel.kernels=numba: Numba is not installed; pip install 'sweep[fast]', or use numpy"
        )


def _check_figures(config: Config) -> None:
    if not isinstance(config.figures, bool) and config.figures != "all":
        raise refuse("figures", config.figures)


def _check_baseline(config: Config) -> None:
    baseline = config.compare.baseline
    named = isinstance(baseline, Mapping) and baseline
    if baseline is not None and not named and not (isinstance(baseline, str) and baseline):
        raise refuse("compare.baseline", baseline)


def _check_combinations(config: Config) -> None:
    allowed_outputs = LOSSES[config.loss].goes_with()
    if config.output not in allowed_outputs:
        raise SettingError(
            f"loss={config.loss}: goes with output={' or '.join(allowed_outputs)}, not output={config.output}"
        )
    if config.reduction == "sum" and not LOSSES[config.loss].additive:
        raise SettingError(
            f"reduction=sum: loss={config.loss} is a property of the whole batch; must be reduction=mean"
        )
    _check_data(config)


def _check_data(config: Config) -> None:
    data = config.data
    if data.class_names is not None and len(data.class_names) != data.classes:
        raise SettingError(
            f"data.class_names={show(data.class_names)}: {len(data.class_names)} names for"
            f" data.classes={data.classes}; must be one name for each class"
        )
    if data.name == "idx" and data.root is None:
        raise SettingError("data.root=null: data=idx needs the folder of its four files")
    if data.targets == "scalar" and data.classes != 2:
        raise SettingError(f"data.targets=scalar: needs data.classes=2, not data.classes={data.classes}")
    if config.output == "softmax" and config.output_units == 1:
        raise SettingError(
            "output=softmax: needs one output a class, but data.targets=scalar has one output;"
            " must be sigmoid or identity"
        )
    if config.early_stopping.patience and not data.validation_size:
        raise SettingError(
            "data.validation_size=0: early_stopping.patience needs a validation part; must be at least 1"
        )
    if config.early_stopping.patience and "validation" not in config.evaluation.parts:
        raise SettingError(
            f"evaluation.parts={show(config.evaluation.parts)}: early_stopping.patience needs"
            " the validation part evaluated"
        )
    if data.generated:
        if "split" in config.vary:
            raise SettingError(
                f"vary={show(config.vary)}: the parts of data={data.name} are generated, not split;"
                " data.generator_seed gives others"
            )
        if data.train_size is None or data.test_size is None:
            raise SettingError(f"data.train_size, data.test_size: data={data.name} needs numbers")
        if data.normalization == "image":
            raise SettingError(
                f"data.normalization=image: data={data.name} has no images;"
                " must be one of none, unit, feature"
            )
    elif data.features == "quadratic":
        raise SettingError(
            f"data.features=quadratic: needs two inputs (data=exam or data=spiral), not {data.name}"
        )


Row = dict[str, Any]
Idle = dict[str, Requires]  # by the key of a setting without effect, the need that is not met


def check_effects(configs: Sequence[Config]) -> None:
    """Raise SettingError if a setting of a sweep's cells is not at its default and has no effect."""
    idle = [_idle(config) for config in configs]
    changed = [
        {key: need for key, need in own.items() if _value(config, key) != _value(default(), key)}
        for config, own in zip(configs, idle, strict=True)
    ]
    if not any(changed):
        return
    for config in configs:
        check(config)
    counting = {
        (key, repr(_value(config, key)))
        for config, own in zip(configs, idle, strict=True)
        for key in needs()
        if key not in own
    }
    for config, own in zip(configs, changed, strict=True):
        for key, need in own.items():
            if (key, repr(_value(config, key))) not in counting:
                raise _refusal(config, key, need)
    _check_distinct(configs, idle)


@known
def needs() -> Mapping[str, tuple[Requires, ...]]:
    """The needs, without silent ones, of each setting that has any, by its dotted key."""
    found = {leaf.key: tuple(need for need in leaf.rule.needs if not need.silent) for leaf in leaves()}
    return {key: loud for key, loud in found.items() if loud}


def describe(need: Requires) -> str:
    """What the other setting must be, in words, such as 'regularization=l1 or regularization=l2'."""
    key, choices = need.key.removesuffix(".name"), declared(need.key)[1].choices
    values = need.among or tuple(choice for choice in choices if need.met(choice))
    if values:
        return " or ".join(f"{key}={show(value)}" for value in values)
    (value,) = need.besides
    return key if value is None else f"{key} other than {show(value)}"


@cache
def _getter(key: str) -> Callable[[Config], Any]:
    return attrgetter(key)


def _value(config: Config, key: str) -> Any:
    return _getter(key)(config)


def _idle(config: Config) -> Idle:
    """The settings without effect in a cell, whether at their defaults or not."""
    return {
        key: need
        for key, found in needs().items()
        for need in found
        if not need.met(_value(config, need.key))
    }


def _refusal(config: Config, key: str, need: Requires) -> SettingError:
    usual = show(_value(default(), key))
    return SettingError(
        f"{key}={show(_value(config, key))}: has no effect with {_found(config, need)};"
        f" must be left at {usual}, or set {describe(need)}"
    )


def _found(config: Config, need: Requires) -> str:
    return f"{need.key.removesuffix('.name')}={show(_value(config, need.key))}"


def _check_distinct(configs: Sequence[Config], idle: Sequence[Idle]) -> None:
    """Refuse cells that differ only in settings without effect, and suggest a grid without repetitions."""
    axes, values = swept(configs)
    rows: list[Row] = []
    seen: set[str] = set()
    repeated: dict[str, str] = {}
    for config, own, value in zip(configs, idle, values, strict=True):
        row = {axis: value[axis] for axis in axes if axis not in own}
        if str(row) in seen:
            repeated |= {axis: _found(config, need) for axis, need in own.items() if axis in axes}
        rows.append(row)
        seen.add(str(row))
    if not repeated:
        return
    points = [{axis: _typed(config, axis) for axis in row} for config, row in zip(configs, rows, strict=True)]
    key, found = next(iter(repeated.items()))
    raise SettingError(
        f"{key}: has no effect with {found}, where some cells are the same; in place of all settings with"
        f" several values, 'grid={_union(points)}' has each cell once"
    )


def _typed(config: Config, axis: str) -> Any:
    """The value that a user types for an axis."""
    if axis == "depth":
        return len(config.hidden_units)
    value = attrgetter(axis)(config)
    return getattr(value, "name", value)


def _union(points: Sequence[Row]) -> str:
    """The union of grids that has each of these points once, as YAML and as Hydra's command line reads it."""
    parts: dict[tuple[str, ...], list[Row]] = {}
    for point in points:
        same = parts.setdefault(tuple(point), [])
        if point not in same:
            same.append(point)
    return "{union: [" + ", ".join(map(_part, parts.values())) + "]}"


def _part(points: Sequence[Row]) -> str:
    axes: dict[str, list[Any]] = {axis: [] for axis in points[0]}
    for point in points:
        for axis, value in point.items():
            if value not in axes[axis]:
                axes[axis].append(value)
    kind = "product"
    if len(points) != len(list(itertools.product(*axes.values()))):
        kind, axes = "zip", {axis: [point[axis] for point in points] for axis in axes}
    return f"{{{kind}: {{{', '.join(f'{axis}: {grid.text(values)}' for axis, values in axes.items())}}}}}"
