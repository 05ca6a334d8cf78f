"""Checks of a whole configuration, before anything runs. The first violation is reported in one line."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.util import find_spec
from types import UnionType
from typing import Any, get_args, get_type_hints

from sweep.config.schema import Config
from sweep.errors import SettingError, nearest
from sweep.nn.losses import LOSSES
from sweep.setting import Setting

_SPECIAL = {
    "hidden": "a whole number, at least 1, or a list of them such as [300,100]",
    "seeds": "a whole number, at least 1, or a list of different seed indices such as [0,3]",
    "batch_size": "a whole number, at least 1, or 'all'",
    "parallel.n_jobs": "a whole number, at least 1, or -1 for all cores",
    "figures": "true, false or all",
    "compare.baseline": "a cell's id, or the settings of one cell such as {hidden:16}, or null",
}
FEWEST = 3  # seeds that a look needs
_NOUNS = {int: "a whole number", float: "a number", bool: "true or false", str: "a name"}


def check(config: Config) -> None:
    """Raise SettingError, naming the key, the value and what is allowed, unless all is well."""
    _check_fields(config, "")
    _check_hidden(config)
    _check_seeds(config)
    _check_decide(config)
    _check_batch_size(config)
    _check_workers(config)
    _check_figures(config)
    _check_baseline(config)
    _check_combinations(config)


def allowed(key: str) -> str:
    """What the setting `key` (dotted) may be, in words: 'a number, above 0'."""
    if key in _SPECIAL:
        return _SPECIAL[key]
    annotation, rule = declared(key)
    if is_dataclass(annotation) and isinstance(annotation, type):
        return f"a group of settings such as {key}.{fields(annotation)[0].name}"
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    if list[str] in (annotation, *kinds):
        names = f" from {', '.join(rule.choices)}" if rule.choices else ""
        words = f"a list of different names{names}"
    elif rule.choices:
        words = "one of " + ", ".join(rule.choices)
    else:
        words = _NOUNS[kinds[0]] + _bounds(rule)
    return words + (", or null" if type(None) in kinds else "")


def all_keys(owner: type = Config, prefix: str = "") -> list[str]:
    """Every dotted key of the schema, groups included."""
    keys = []
    for name, annotation in get_type_hints(owner).items():
        keys.append(prefix + name)
        if is_dataclass(annotation) and isinstance(annotation, type):
            keys += all_keys(annotation, f"{prefix}{name}.")
    return keys


@cache
def _list_keys() -> frozenset[str]:
    """The settings that are lists of names; OmegaConf lets numbers through where null is allowed, too."""
    return frozenset(
        key for key in all_keys() if list[str] in (declared(key)[0], *get_args(declared(key)[0]))
    )


@cache
def boolean_keys() -> frozenset[str]:
    """The settings that are true or false."""
    return frozenset(key for key in all_keys() if declared(key)[0] is bool)


def refuse(key: str, value: object, place: str = "") -> SettingError:
    """The error for a value that `key` cannot take, with the nearest allowed name.

    `place` says where it stands, as ' (in FILE)'.
    """
    choices = () if key in _SPECIAL else declared(key)[1].choices
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


def declared(key: str) -> tuple[Any, Setting]:
    """The type of a setting and its rule."""
    *groups, name = key.split(".")
    owner: Any = Config
    for group in groups:
        owner = get_type_hints(owner)[group]
    (declaration,) = (item for item in fields(owner) if item.name == name)
    return get_type_hints(owner)[name], declaration.metadata.get("setting", Setting("a group"))


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


def _check_fields(config: Any, prefix: str) -> None:
    for item in fields(config):
        key, value = prefix + item.name, getattr(config, item.name)
        if is_dataclass(value):
            _check_fields(value, f"{key}.")
        elif is_dataclass(item.type) or (
            key not in (*_SPECIAL, "grid")
            and value is not None
            and (
                (key in _list_keys()) != isinstance(value, list) or not _fits(value, item.metadata["setting"])
            )
        ):
            raise refuse(key, value)


def _fits(value: Any, rule: Setting) -> bool:
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


def _check_decide(config: Config) -> None:
    """Seeds until decided: a first look at enough of them, at something that is measured."""
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
    allowed_outputs = LOSSES[config.loss].outputs
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
