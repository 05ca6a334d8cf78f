"""The checks of a whole configuration before anything runs. The first mistake is reported in one line."""

import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from importlib.util import find_spec
from operator import attrgetter
from typing import Any, get_args

from sweep.config.assembled import known
from sweep.config.choices import name_of
from sweep.config.leaves import leaves, nodes
from sweep.config.schema import Config
from sweep.config.tables import CLASSES, settings_of
from sweep.config.wording import allowed, in_words, refuse, show
from sweep.errors import SettingError, shortened
from sweep.nn.losses import LOSSES
from sweep.setting import Setting

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
