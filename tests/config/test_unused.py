"""Settings without effect are refused; which ones those are, the identity of a cell says independently."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from sweep.config.cell import cell_id
from sweep.config.schema import Config, nodes
from sweep.config.unused import needs, refuse_unused
from sweep.core.errors import SettingError
from sweep.data.settings import Counts, sizes
from sweep.system import files

Settings = Mapping[str, Any]
Configured = Callable[[Settings], list[Config]]

# Every way in which a setting may come to have an effect, or to lose it, one at a time.
CONTEXTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "adam": {"optimizer": "adam"},
    "nesterov": {"optimizer": "nesterov", "momentum": 0.9},
    "rmsprop": {"optimizer": "rmsprop"},
    "adamw": {"optimizer": "adamw"},
    "step": {"schedule": "step"},
    "cosine": {"schedule": "cosine"},
    "l1": {"regularization": "l1"},
    "l2": {"regularization": "l2"},
    "inverse": {"schedule": "inverse_epoch", "schedule.a": 3.0},
    "normal": {"initializer": "normal"},
    "stopping": {"early_stopping.patience": 3},
    "no layers": {"depth": 0},
    "steps": {"max_iterations": 12_345},
    "part of the test": {"data.test_size": 1000},
    "exam": {"data": "exam", "output": "identity", "loss": "mse"},
    "spiral": {"data": "spiral"},
    "files": {"data": "idx", "data.root": "here"},
}
# max_iterations decides the length alone, over the epochs that an experiment says.
ALLOWED = {("steps", "epochs")}
OTHER_VALUES: dict[str, Any] = {"hidden": 17, "batch_size": 3, "vary": ["init"], "data.root": "there"}


def leaves(owner: Any, prefix: str = "") -> Iterator[str]:
    for item in fields(owner):
        value = getattr(owner, item.name)
        if is_dataclass(value):
            if item.metadata["setting"].identity:
                yield from leaves(value, f"{prefix}{item.name}.")
        elif item.metadata["setting"].identity or item.metadata["setting"].needs:
            yield prefix + item.name


# Without the settings that choose among groups: they give others their effects.
KEYS = [key for key in leaves(Config()) if not key.endswith(".name")]


def another(key: str, config: Config) -> Any:
    """A legal value of a setting, other than its own and its default."""
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    kind, rule = nodes()[key].kind, nodes()[key].rule
    if key in OTHER_VALUES:
        return OTHER_VALUES[key]
    if rule.choices and kind is str:
        return next(choice for choice in reversed(rule.choices) if choice != value)
    if rule.choices:
        return ["test", "validation"]
    if kind is bool:
        return not value
    if kind is float:
        return value / 2 or 0.25
    return (value or 600) + 1


def with_value(config: Any, key: str, value: Any) -> Any:
    """The configuration with another value of one setting."""
    group, _, name = key.rpartition(".")
    if not group:
        return replace(config, **{name: value})
    return replace(config, **{group: with_value(getattr(config, group), name, value)})


def identity(config: Config) -> str:
    data = config.data
    counts = Counts((data.train_size or 0) + data.validation_size, data.test_size or 0, 2)
    found = sizes(counts if data.generated else Counts(60_000, 10_000, 784), data)
    return cell_id(config, str(data.root) if data.name == "idx" else "", found)


@pytest.fixture(scope="session")
def contexts(configured: Configured) -> dict[str, Config]:
    return {name: configured(settings)[0] for name, settings in CONTEXTS.items()}


@pytest.mark.covering(1)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_unused_setting_is_refused(key: str, context: str, contexts: Mapping[str, Config]) -> None:
    """A setting that changes no result is refused, and nothing else is."""
    before = contexts[context]
    after = with_value(before, key, another(key, before))
    # The trained network is another one exactly where the setting counts.
    counts = identity(after) != identity(before)
    if counts or (context, key) in ALLOWED:
        refuse_unused([after])
    else:
        with pytest.raises(
            SettingError, match=rf"^{re.escape(key)}=\S+: has no effect with \S+=\S+; must be"
        ):
            refuse_unused([after])


@pytest.mark.parametrize("key", needs())
def test_advice_helps(key: str, contexts: Mapping[str, Config]) -> None:
    """The setting that the error names gives an effect."""
    config = with_value(contexts["defaults"], key, another(key, Config()))
    if not (line := message([config])):  # it counts by default
        return
    default, _, advice = line.partition("must be left at ")[2].partition(", or set ")
    refuse_unused([with_value(config, key, OmegaConf.create(f"value: {default}").value)])
    for each in advice.split(" or "):
        other, _, choice = each.partition("=")
        other = f"{other}.name" if other in ("optimizer", "regularization", "schedule", "data") else other
        value = yaml.safe_load(choice) if choice else another(other, Config())
        assert each not in message([with_value(config, other, value)])


def message(configs: list[Config]) -> str:
    try:
        refuse_unused(configs)
    except SettingError as error:
        return str(error)
    return ""


EXPERIMENTS = sorted((files.package_folder("sweeps") / "experiment").glob("*/*.yaml"))


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_experiments_have_no_unused_setting(file: Path, configured: Configured) -> None:
    refuse_unused(configured({"experiment": f"{file.parent.name}/{file.stem}"}))


@pytest.mark.parametrize(
    "axes",
    [
        {"optimizer": ["sgd", "adam"]},  # momentum stands still and counts for one of them
        {"depth": [0, 1, 2], "hidden": [16]},
    ],
)
def test_setting_may_be_unused_in_some_cells(axes: dict[str, list[Any]], configured: Configured) -> None:
    refuse_unused(configured({"momentum": 0.9, "activation": "tanh", "grid": {"product": axes}}))


CROSSED: dict[str, tuple[dict[str, list[Any]], int, str]] = {
    # the axes of a product, how many cells differ, and the union that has them
    "momentum": (
        {"optimizer": ["sgd", "adam"], "momentum": [0, 0.9]},
        3,
        "{union: [{product: {momentum: [0.0,0.9], optimizer: [sgd]}}, {product: {optimizer: [adam]}}]}",
    ),
    "strength": (
        {"regularization": ["none", "l1", "l2"], "regularization.strength": [0.1, 0.2], "seeds": [1]},
        5,
        "{union: [{product: {regularization: [none]}},"
        " {product: {regularization: [l1,l2], regularization.strength: [0.1,0.2]}}]}",
    ),
    "stopping": (
        {"early_stopping.patience": [None, 2], "early_stopping.keep_best": [True, False]},
        3,
        "{union: [{product: {early_stopping.patience: [null]}},"
        " {product: {early_stopping.patience: [2], early_stopping.keep_best: [true,false]}}]}",
    ),
}


@pytest.mark.parametrize("name", CROSSED)
def test_equal_cells_are_refused(name: str, configured: Configured) -> None:
    """The error suggests the grid that was meant."""
    axes, count, union = CROSSED[name]
    with pytest.raises(SettingError, match="some cells are the same") as caught:
        refuse_unused(configured({"grid": {"product": axes}}))
    (offered,) = re.findall(r"'grid=(\{.*\})' has each cell once", str(caught.value))
    assert offered == union
    # What is offered is YAML and is accepted, with each cell once.
    configs = configured({"grid": yaml.safe_load(offered)})
    refuse_unused(configs)
    assert len(configs) == len({identity(config) for config in configs}) == count
    originals = configured({"grid": {"product": axes}})
    assert {identity(config) for config in configs} == {identity(config) for config in originals}
