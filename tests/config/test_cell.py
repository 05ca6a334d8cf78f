"""The identity of a cell: equal for settings that give the same numbers, different for all others."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from sweep.config.cell import cell_id
from sweep.config.schema import Config
from sweep.data.settings import Counts, Sizes, sizes

DIGEST = "0123456789abcdef"
MNIST = Counts(train=60_000, test=10_000, features=784)


def size(config: Config) -> Sizes:
    """That of MNIST, or of what is generated."""
    data = config.data
    generated = Counts((data.train_size or 0) + data.validation_size, data.test_size or 0, 2)
    return sizes(generated if data.generated else MNIST, data)


Settings = Mapping[str, Any]
Identity = Callable[..., str]


@pytest.fixture
def identity(configured: Callable[[Settings], list[Config]]) -> Identity:
    """The identity of settings that stand for one cell."""

    def identify(settings: Settings, digest: str = DIGEST) -> str:
        (config,) = configured(settings)
        return cell_id(config, digest, size(config))

    return identify


ADAM, L1, NORMAL = {"optimizer": "adam"}, {"regularization": "l1"}, {"initializer": "normal"}
SIGMOID, STOPPING = {"output": "sigmoid", "loss": "mse"}, {"early_stopping.patience": 3}
INVERSE, STEPS = {"schedule": "inverse_epoch"}, {"max_iterations": 50}
RMSPROP, ADAMW, DROPS = {"optimizer": "rmsprop"}, {"optimizer": "adamw"}, {"schedule": "step"}
EXAM = {"data": "exam"} | SIGMOID

# For each setting that counts: the settings under which it does, and another legal value.
COUNTS: dict[str, tuple[dict[str, Any], Any]] = {
    "hidden": ({}, 16),
    "depth": ({}, 2),
    "activation": ({}, "tanh"),
    "output": (SIGMOID, "identity"),
    "loss": (SIGMOID, "rmse"),
    "initializer": ({}, "glorot"),
    "initializer_std": (NORMAL, 0.02),
    "bias": ({}, False),
    "momentum": ({}, 0.9),
    "learning_rate": ({}, 0.2),
    "batch_size": ({}, 64),
    "reduction": ({}, "sum"),
    "epochs": ({}, 11),
    "max_iterations": (STEPS, 51),
    "vary": ({}, ["init"]),
    "root_seed": ({}, 1),
    "precision": ({}, "float64"),
    "data.name": (EXAM, "spiral"),
    "data.classes": ({}, 11),
    "data.train_size": ({}, 1000),
    "data.validation_size": ({}, 1000),
    "data.test_size": ({}, 1000),
    "data.test_subset": ({"data.test_size": 1000}, "first"),
    "data.normalization": ({}, "unit"),
    "data.features": (EXAM, "raw"),
    "data.targets": (EXAM, "one_hot"),
    "data.noise": (EXAM, 0.2),
    "data.generator_seed": (EXAM, 1),
    "optimizer.name": ({}, "adam"),
    "optimizer.beta1": (ADAM, 0.8),
    "optimizer.beta2": (ADAM, 0.9),
    "optimizer.epsilon": (ADAM, 1e-7),
    "optimizer.decay": (RMSPROP, 0.8),
    "optimizer.weight_decay": (ADAMW, 0.1),
    "regularization.name": ({}, "l2"),
    "regularization.strength": (L1, 1e-3),
    "schedule.name": (INVERSE, "constant"),
    "schedule.a": (INVERSE, 2.0),
    "schedule.b": (INVERSE, 0.5),
    "schedule.every": (DROPS, 3),
    "schedule.drop": (DROPS, 0.5),
    "schedule.warmup": ({}, 2),
    "early_stopping.patience": ({}, 3),
    "early_stopping.monitor": (STOPPING, "validation_accuracy"),
    "early_stopping.keep_best": (STOPPING, False),
    "evaluation.every": ({}, 100),
    "evaluation.at_start": ({}, True),
    "evaluation.by_class": ({}, True),
    "evaluation.parts": ({}, ["test", "validation"]),
}

# Settings that give the same numbers as others: the ones and the others.
EQUAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "seeds": ({}, {"seeds": [3, 4]}),
    "parallel.n_jobs": ({}, {"parallel.n_jobs": 1}),
    "parallel.backend": ({}, {"parallel.backend": "threading"}),
    "parallel.block_size": ({}, {"parallel.block_size": 2}),
    "parallel.retries": ({}, {"parallel.retries": 3}),
    "parallel.kernels": ({}, {"parallel.kernels": "numpy"}),
    "parallel": ({}, {"parallel": "serial"}),
    "results": ({}, {"results": "elsewhere"}),
    "name": ({}, {"name": "mine"}),
    "weights": ({}, {"weights": True}),
    "data.label": ({}, {"data.label": "digits"}),
    "data.class_names": ({}, {"data.class_names": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]}),
    "sort": ({}, {"sort": "seconds"}),
    "figures": ({}, {"figures": False}),
    "figure_formats": ({}, {"figure_formats": ["png", "svg"]}),
    "decide": ({}, {"decide": 0.01}),
    "budget": ({"decide": 0.01}, {"decide": 0.01, "budget": 50}),
    "compare.baseline": ({}, {"compare.baseline": {"hidden": 16}}),
    "compare.margin": ({}, {"compare.margin": 0.01}),
    "compare.level": ({}, {"compare.level": 0.9}),
    "compare.metric": ({}, {"compare.metric": "test_loss"}),
    "dry_run": ({}, {"dry_run": True}),
    "data.root": ({"data": "idx", "data.root": "here"}, {"data": "idx", "data.root": "there"}),
    "mnist in a folder": ({}, {"data": "idx", "data.root": "here"}),
    "order of vary": ({"vary": ["init", "split", "order"]}, {"vary": ["order", "init", "split"]}),
    "order of parts": ({}, {"evaluation.parts": ["test", "train", "validation"]}),
    "layers as a list": ({"hidden": 128, "depth": 2}, {"hidden": [128, 128]}),
    "one layer": ({"hidden": 64}, {"hidden": [64], "depth": 1}),
    "no layers": ({"hidden": 16, "depth": 0}, {"hidden": [300, 100], "depth": 0}),
    "activation without layers": ({"depth": 0}, {"depth": 0, "activation": "tanh"}),
    "adam's constants under sgd": ({}, {"optimizer.beta1": 0.8, "optimizer.beta2": 0.9}),
    "adam's epsilon under sgd": ({}, {"optimizer.epsilon": 1e-7}),
    "constants of others under adam": (ADAM, ADAM | {"optimizer.decay": 0.5, "optimizer.weight_decay": 0.5}),
    "drops of a constant schedule": ({}, {"schedule.every": 2, "schedule.drop": 0.5}),
    "momentum under adam": (ADAM, ADAM | {"momentum": 0.5}),
    "strength under none": ({}, {"regularization.strength": 1.0}),
    "rates of a constant schedule": ({}, {"schedule.a": 2.0, "schedule.b": 3.0}),
    "standard deviation under he": ({}, {"initializer_std": 0.5}),
    "what a stop that is off would watch": (
        {},
        {"early_stopping.monitor": "validation_accuracy", "early_stopping.keep_best": False},
    ),
    "epochs under max_iterations": (STEPS, STEPS | {"epochs": 3}),
    "noise of files": ({}, {"data.noise": 0.5, "data.generator_seed": 3}),
    "all that validation leaves": ({}, {"data.train_size": 55_000}),
    "all of the test file": ({}, {"data.test_size": 10_000}),
    "the first of all": ({}, {"data.test_size": 10_000, "data.test_subset": "first"}),
    "a penalty of no strength": ({}, {"regularization": "l2", "regularization.strength": 0}),
    "a rate that is divided by one": ({}, {"schedule": "inverse_epoch", "schedule.b": 0}),
    "epochs in steps": ({"epochs": 2}, {"max_iterations": 2 * 1719}),  # 55,000 / 32 = 1718.75
    "all examples in a mini-batch": ({"batch_size": "all"}, {"batch_size": 55_000}),
    "the sum over one example": ({"batch_size": 1}, {"batch_size": 1, "reduction": "sum"}),
    "a whole number for a real one": ({"momentum": 0.0, "learning_rate": 1.0}, {"learning_rate": 1}),
}


def leaves(owner: Any, prefix: str = "") -> Iterator[str]:
    for item in fields(owner):
        value = getattr(owner, item.name)
        if is_dataclass(value):
            yield from leaves(value, f"{prefix}{item.name}.")
        else:
            yield prefix + item.name


def test_tables_hold_every_setting_once() -> None:
    ignored = {key for key in EQUAL if key in set(leaves(Config()))} | {"grid", "experiment"}
    assert COUNTS.keys() | ignored == set(leaves(Config()))
    assert not COUNTS.keys() & ignored


@pytest.mark.parametrize("key", COUNTS)
def test_setting_that_counts_changes_the_id(key: str, identity: Identity) -> None:
    context, value = COUNTS[key]
    assert identity(context) != identity({**context, key: value})


@pytest.mark.parametrize("name", EQUAL)
def test_setting_that_does_not_count_keeps_the_id(name: str, identity: Identity) -> None:
    first, second = EQUAL[name]
    assert identity(first) == identity(second)


def test_cells_of_a_grid_keep_their_ids(
    configured: Callable[[Settings], list[Config]], identity: Identity
) -> None:
    """They have the identity that they have alone."""
    grid = {"product": {"momentum": [0.0, 0.9], "hidden": [16, 128]}}
    cells = [cell_id(config, DIGEST, size(config)) for config in configured({"grid": grid})]
    points = [{"momentum": momentum, "hidden": hidden} for momentum in (0.0, 0.9) for hidden in (16, 128)]
    assert cells == [identity(point) for point in points]


def test_contents_of_the_data_count(identity: Identity) -> None:
    assert identity({}, DIGEST) != identity({}, DIGEST[::-1])


def test_id_is_a_file_name_everywhere(identity: Identity) -> None:
    assert len(identity({})) == 16
    assert set(identity({})) <= set("0123456789abcdef")


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_id_is_the_same_in_every_process(tmp_path: Path, hash_seed: str, identity: Identity) -> None:
    settings = {"vary": ["split", "init", "order"], "optimizer": "adam", "hidden": [30, 20]}
    script = (
        "from sweep.config.cell import cell_id\n"
        "from sweep.config.compose import from_settings\n"
        "from sweep.data.settings import Sizes\n"
        f"config, size = from_settings({settings!r})[0], {size(Config())!r}\n"
        f"print(cell_id(config, {DIGEST!r}, size))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == identity(settings)
