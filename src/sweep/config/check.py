"""Checks of whole configurations before anything runs. The first mistake is reported in one line.

`check` looks at one configuration, `check_sweep` and `check_equal_cells` at all those of a sweep.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from operator import attrgetter
from typing import Any

from sweep.config import extensions
from sweep.config.cell import name_of
from sweep.config.schema import Config, cached_until_registration, fields, nodes
from sweep.config.tables import CLASSES, settings_of_choice
from sweep.core import rules
from sweep.core.errors import SettingError, shortened
from sweep.core.formats import typed_value
from sweep.data.settings import DataConfig
from sweep.nn.losses import LOSSES

MOST_SEEDS = 1_000_000  # a list of them fits into memory
FEWEST_SEEDS = 3  # at which a sweep with `decide` may compare cells


def check(config: Config) -> None:
    """Raise SettingError for the first mistake, with the key, the value and what is allowed."""
    # The types come first, because the other checks rely on them.
    for part in (
        _check_fields,
        _check_choices,
        _check_hidden,
        _check_seeds,
        _check_decide,
        _check_run,
        _check_loss,
        _check_data,
        _check_validation,
    ):
        part(config)


def check_sweep(configs: Sequence[Config]) -> None:
    """Raise SettingError if the cells of one sweep differ in how the sweep is run, or workers cannot run it.

    Without this check, the sweep would silently be run as its first cell says.
    """
    _check_same(sweep_keys(), configs, "all cells of a sweep")
    if any(config.parallel.backend == "loky" and config.parallel.n_jobs != 1 for config in configs):
        extensions.check_importable()


def check_equal_cells(configs: Sequence[Config]) -> None:
    """Raise SettingError if configurations of one cell, which is trained once, differ in how to train it."""
    _check_same(cell_keys(), configs, "all that is one cell, whose trials are trained once")


def sweep_keys() -> tuple[str, ...]:
    """Return the keys of the settings that say how a sweep is run."""
    return tuple(field.key for field in fields() if field.rule.run)


def cell_keys() -> tuple[str, ...]:
    """Return the keys of the settings that say how a cell is trained and are not part of its identity."""
    return tuple(
        field.key
        for field in fields()
        if not (field.rule.identity or field.rule.axis or field.rule.run or field.rule.free)
    )


@cached_until_registration
def boolean_keys() -> frozenset[str]:
    """Return the keys of the settings that are true or false."""
    return frozenset(field.key for field in fields() if field.kind is bool)


def allowed(key: str) -> str:
    """Return what is allowed for the setting or group `key` (dotted), in words: "a number, above 0"."""
    node = nodes()[key]
    if node.rule.words:
        return node.rule.words
    if node.is_group:
        return f"a group of settings such as {key}.{dataclasses.fields(node.kind)[0].name}"
    return rules.allowed(node.kind, node.rule.rules)


def refuse(key: str, value: object, file: str = "") -> SettingError:
    """Return the error for a value that is not allowed for `key`, with the nearest allowed name.

    `file` says where the value stands, as " (in FILE)".
    """
    clause = rules.hint(value, nodes()[key].rule.rules)
    if isinstance(value, list | tuple) and "list" not in allowed(key):
        clause = several_values(key, value)
    return SettingError(key + rules.refusal(value, allowed(key), clause, file=file))


def several_values(key: str, values: Sequence[object]) -> str:
    """Return the clause that says how to give several values to a setting."""
    texts = [typed_value(value) for value in values]
    grid = f"grid: {{product: {{{key}: [{', '.join(texts)}]}}}}"
    return f"; several values: -m {key}={','.join(texts)}, or {grid}"


def _check_same(keys: Sequence[str], configs: Sequence[Config], group: str) -> None:
    for key in keys:
        values = dict.fromkeys(typed_value(attrgetter(key)(config), quoted=True) for config in configs)
        if len(values) > 1:
            raise SettingError(f"{key}={','.join(values)}: must be the same for {group}")


def _check_fields(config: Config) -> None:
    """Check each setting by itself."""
    for node in nodes().values():
        value = node.value(config)
        if node.is_group:
            correct = dataclasses.is_dataclass(value)
        else:
            checked_below = node.kind is Any or node.rule.words is not None
            correct = checked_below or rules.fits(value, node.kind, node.rule.rules)
        if not correct:
            raise refuse(node.key, value)
    for key, allows in _ALLOWS.items():
        value = attrgetter(key)(config)
        if not allows(value):
            raise refuse(key, value)


def _whole(value: object, at_least: int) -> bool:
    return rules.fits(value, int, [rules.AtLeast(at_least)])


# The settings that several types are allowed for.
_ALLOWS: Mapping[str, Callable[[Any], bool]] = {
    "batch_size": lambda value: value == "all" or _whole(value, 1),
    "parallel.n_jobs": lambda value: value == -1 or _whole(value, 1),
    "figures": lambda value: isinstance(value, bool) or value == "all",
    "compare.baseline": lambda value: value is None or (isinstance(value, str | Mapping) and len(value) > 0),
}


def _check_choices(config: Config) -> None:
    """Check the settings of each choice against its own bounds: nesterov's momentum must be above 0."""
    for kind in CLASSES:
        name = name_of(config, kind)
        for setting in settings_of_choice(kind, name):
            value = attrgetter(setting.key)(config)
            clause = rules.mistake(value, setting.kind, setting.rule.rules)
            if clause:
                raise SettingError(f"{setting.key}{clause}, with {kind}={name}")


def _check_hidden(config: Config) -> None:
    hidden = config.hidden
    units = hidden if isinstance(hidden, list | tuple) else [hidden]
    if not units or not all(_whole(unit, 1) for unit in units):
        raise refuse("hidden", hidden)
    if isinstance(hidden, list | tuple) and config.depth not in (None, 0, len(hidden)):
        raise SettingError(
            f"depth={config.depth}: hidden={typed_value(hidden)} already has {len(hidden)} layers;"
            f" leave depth out, or give hidden as a number"
        )


def _check_seeds(config: Config) -> None:
    seeds = config.seeds
    if isinstance(seeds, list | tuple):
        # Sorted as text, because the items are checked only below, and may be of unlike types.
        repeated = sorted({seed for seed in seeds if list(seeds).count(seed) > 1}, key=str)
        if repeated:
            raise SettingError(
                f"seeds={typed_value(seeds)}: seed {repeated[0]} stands more than once;"
                f" must be {allowed('seeds')}"
            )
        if not seeds or not all(_whole(seed, 0) for seed in seeds):
            raise refuse("seeds", seeds)
    elif not _whole(seeds, 1):
        raise refuse("seeds", seeds)
    elif seeds > MOST_SEEDS:
        raise SettingError(f"seeds={shortened(seeds)}: must be at most {MOST_SEEDS:,}")


def _check_decide(config: Config) -> None:
    """Check that `decide` has enough seeds for the first look, and that its metric is measured."""
    if config.decide is None:
        return
    if not isinstance(config.seeds, int) or config.seeds < FEWEST_SEEDS:
        words = f"at least {FEWEST_SEEDS}" if isinstance(config.seeds, int) else "a whole number"
        raise SettingError(
            f"seeds={typed_value(config.seeds)}: with decide, the size of the first look; must be {words}"
        )
    if config.budget < config.seeds:
        raise SettingError(f"budget={config.budget}: must be at least seeds={config.seeds}, the first look")
    part = config.compare.metric.partition("_")[0]
    if part not in config.evaluation.parts or (part == "validation" and not config.data.validation_size):
        raise SettingError(f"decide={config.decide}: compare.metric={config.compare.metric} is not measured")


def _check_run(config: Config) -> None:
    if config.parallel.kernels == "numba" and not find_spec("numba"):
        raise SettingError(
            "parallel.kernels=numba: Numba is not installed; pip install 'sweep[fast]', or use numpy"
        )


def _check_loss(config: Config) -> None:
    outputs = LOSSES[config.loss].goes_with()
    if config.output not in outputs:
        raise SettingError(
            f"loss={config.loss}: goes with output={' or '.join(outputs)}, not output={config.output}"
        )
    if config.reduction == "sum" and not LOSSES[config.loss].additive:
        raise SettingError(
            f"reduction=sum: loss={config.loss} is a property of the whole batch; must be reduction=mean"
        )
    if config.output == "softmax" and config.output_units == 1:
        raise SettingError(
            "output=softmax: needs one output a class, but data.targets=scalar has one output;"
            " must be sigmoid or identity"
        )


def _check_data(config: Config) -> None:
    data = config.data
    if data.class_names is not None and len(data.class_names) != data.classes:
        raise SettingError(
            f"data.class_names={typed_value(data.class_names)}: {len(data.class_names)} names for"
            f" data.classes={data.classes}; must be one name for each class"
        )
    if data.name == "idx" and data.root is None:
        raise SettingError("data.root=null: data=idx needs the folder of its four files")
    if data.targets == "scalar" and data.classes != 2:
        raise SettingError(f"data.targets=scalar: needs data.classes=2, not data.classes={data.classes}")
    if data.generated:
        _check_generated(data, config.vary)
    elif data.features == "quadratic":
        raise SettingError(
            f"data.features=quadratic: needs two inputs (data=exam or data=spiral), not {data.name}"
        )


def _check_generated(data: DataConfig, vary: Sequence[str]) -> None:
    if "split" in vary:
        raise SettingError(
            f"vary={typed_value(vary)}: the parts of data={data.name} are generated, not split;"
            " data.generator_seed gives others"
        )
    if data.train_size is None or data.test_size is None:
        raise SettingError(f"data.train_size, data.test_size: data={data.name} needs numbers")
    if data.normalization == "image":
        raise SettingError(
            f"data.normalization=image: data={data.name} has no images; must be one of none, unit, feature"
        )


def _check_validation(config: Config) -> None:
    if not config.early_stopping.patience:
        return
    if not config.data.validation_size:
        raise SettingError(
            "data.validation_size=0: early_stopping.patience needs a validation part; must be at least 1"
        )
    if "validation" not in config.evaluation.parts:
        raise SettingError(
            f"evaluation.parts={typed_value(config.evaluation.parts)}: early_stopping.patience needs"
            " the validation part evaluated"
        )
