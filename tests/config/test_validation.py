"""Choices, lists, keys and combinations: what is refused, in which words, and what is not."""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from sweep.config.schema import Config

Settings = Mapping[str, Any]


def cases(table: Mapping[str, Any]) -> list[Any]:
    return [
        pytest.param(key, value, id=f"{key}={value!r}") for key, values in table.items() for value in values
    ]


@pytest.mark.parametrize("key", ["optimizer", "data", "evaluation", "early_stopping"])
@pytest.mark.parametrize("value", [None, 5])
def test_a_group_cannot_be_a_plain_value(key: str, value: Any, refusal: Callable[[Settings], str]) -> None:
    shown = "null" if value is None else value
    assert refusal({key: value}).startswith(f"{key}={shown}: must be ")


LAYERS = "a whole number, at least 1, or a list of them"
SEEDS = "a whole number, at least 1, or a list of different seed indices"
BATCH = "a whole number, at least 1, or 'all'"
OTHERS: dict[str, tuple[list[Any], list[Any], str]] = {
    "hidden": (
        [1, 300, [1], [300, 100, 10]],
        [0, -1, 1.5, 16.0, True, "many", math.nan, [], [0], [10, -1], [1.5], [True], ["x"], [[3]]],
        LAYERS,
    ),
    "seeds": (
        [1, 30, [0], [7, 3]],
        [0, -1, 1.5, True, "x", math.inf, [], [-1], [1.5], [True], ["x"], [[0]]],
        SEEDS,
    ),
    "batch_size": ([1, 100_000, "all"], [0, -1, 1.5, True, "al", math.nan, [], [1]], BATCH),
    "bias": ([True, False], ["maybe", 0.5, [True]], "true or false"),
    "early_stopping.keep_best": ([True, False], ["maybe", [True]], "true or false"),
    "evaluation.at_start": ([True, False], ["maybe", [True]], "true or false"),
    "figures": ([True, False, "all"], ["maybe", "None", 1, None, [True]], "true, false or all"),
    "dry_run": ([True, False], ["maybe", [True]], "true or false"),
    "vary": (
        [["init"], ["split", "order", "init"]],
        ["init", 3, True, [], ["init", "init"], ["weights"], [["init"]], [1], [None]],
        "a list of different names from init, order, split",
    ),
    "figure_formats": (
        [["png"], ["pdf", "svg"]],
        ["png", 3, [], ["png", "png"], ["gif"], [["svg"]], [None]],
        "a list of different names from png, svg, pdf",
    ),
    "evaluation.parts": (
        [["train"], ["test", "validation"]],
        ["train", 3, [], ["test", "test"], ["dev"], [["test"]], [None]],
        "a list of different names from train, validation, test",
    ),
    "results": (["here", "/tmp/a b"], [[1], ["here"]], "must be a"),
    "data.root": (["here"], [["here"]], "must be a"),
}


@pytest.mark.parametrize(("key", "value"), cases({key: rule[0] for key, rule in OTHERS.items()}))
def test_a_right_value_is_accepted(key: str, value: Any, accepted: Callable[[Settings], None]) -> None:
    accepted({key: value})


@pytest.mark.parametrize(("key", "value"), cases({key: rule[1] for key, rule in OTHERS.items()}))
def test_a_wrong_value_is_refused(key: str, value: Any, refusal: Callable[[Settings], str]) -> None:
    message = refusal({key: value})
    assert message.startswith(f"{key}=")
    assert OTHERS[key][2] in message


OPTIMIZERS = ["sgd", "adam", "nesterov", "rmsprop", "adamw"]
CHOICES: dict[str, tuple[str, list[str], str, str]] = {
    # what is typed, all that is allowed, the start of the message, the nearest name
    "activation": (
        "rleu",
        ["relu", "sigmoid", "tanh", "identity", "leaky_relu", "elu", "softplus", "gelu", "silu"],
        "activation=rleu",
        "relu",
    ),
    "output": ("sofmax", ["softmax", "sigmoid", "identity"], "output=sofmax", "softmax"),
    "loss": (
        "cross_entrpy",
        ["cross_entropy", "binary_cross_entropy", "mse", "rmse"],
        "loss=cross_entrpy",
        "cross_entropy",
    ),
    "initializer": (
        "glorrot",
        ["he", "glorot", "fan_in_uniform", "normal", "zeros"],
        "initializer=glorrot",
        "glorot",
    ),
    "reduction": ("maen", ["mean", "sum"], "reduction=maen", "mean"),
    "precision": ("flaot64", ["float32", "float64"], "precision=flaot64", "float64"),
    "optimizer": ("adm", OPTIMIZERS, "optimizer=adm", "adam"),
    "optimizer.name": ("adm", OPTIMIZERS, "optimizer.name=adm", "adam"),
    "regularization": ("nonne", ["none", "l1", "l2"], "regularization=nonne", "none"),
    "schedule": (
        "constnat",
        ["constant", "inverse_epoch", "step", "cosine"],
        "schedule=constnat",
        "constant",
    ),
    "data": ("spirl", ["mnist", "idx", "exam", "spiral"], "data=spirl", "spiral"),
    "data.test_subset": ("fisrt", ["random", "first", "last"], "data.test_subset=fisrt", "first"),
    "data.normalization": (
        "featur",
        ["none", "unit", "image", "feature"],
        "data.normalization=featur",
        "feature",
    ),
    "data.features": ("quadratc", ["raw", "quadratic"], "data.features=quadratc", "quadratic"),
    "data.targets": ("one_hott", ["one_hot", "scalar"], "data.targets=one_hott", "one_hot"),
    "early_stopping.monitor": (
        "validation_acuracy",
        ["validation_loss", "validation_accuracy"],
        "early_stopping.monitor=validation_acuracy",
        "validation_accuracy",
    ),
    "sort": (
        "tets_accuracy",
        [
            *("test_accuracy", "validation_accuracy", "train_accuracy"),
            *("test_loss", "validation_loss", "train_loss", "seconds", "or null"),
        ],
        "sort=tets_accuracy",
        "test_accuracy",
    ),
    "compare.metric": (
        "test_acuracy",
        [
            *("test_accuracy", "validation_accuracy", "train_accuracy"),
            *("test_loss", "validation_loss", "train_loss"),
        ],
        "compare.metric=test_acuracy",
        "test_accuracy",
    ),
    "parallel": ("seriel", ["local", "serial"], "parallel=seriel", "serial"),
    "parallel.kernels": ("nunpy", ["auto", "numpy", "numba"], "parallel.kernels=nunpy", "numpy"),
    "parallel.backend": ("lokey", ["loky", "threading"], "parallel.backend=lokey", "loky"),
}


@pytest.mark.parametrize("key", CHOICES)
def test_misspelt_choice_is_answered(key: str, refusal: Callable[[Settings], str]) -> None:
    """With all names and the nearest."""
    typed, allowed, start, near = CHOICES[key]
    message = refusal({key: typed})
    assert message.startswith(f"{start}: must be one of ")
    named = message.removeprefix(f"{start}: must be one of ").partition(";")[0]
    assert sorted(named.split(", ")) == sorted(allowed)
    assert message.endswith(f"did you mean {near!r}?")


@pytest.mark.parametrize(
    ("key", "value", "near"),
    [("vary", ["init", "ordr"], "order"), ("evaluation.parts", ["tset"], "test")],
)
def test_misspelt_name_in_a_list_is_answered(
    key: str, value: list[str], near: str, refusal: Callable[[Settings], str]
) -> None:
    message = refusal({key: value})
    assert message.startswith(f"{key}=[{','.join(value)}]: must be a list of different names from ")
    assert message.endswith(f"did you mean {near!r}?")


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("hiden", "hidden"),
        ("learning_rat", "learning_rate"),
        ("optimiser", "optimizer"),
        ("data.normalisation", "data.normalization"),
        ("early_stopping.patients", "early_stopping.patience"),
        ("paralel", "parallel"),
    ],
)
def test_misspelt_key_is_answered(key: str, near: str, refusal: Callable[[Settings], str]) -> None:
    message = refusal({key: 1})
    assert message.startswith(key)
    assert message.endswith(f"did you mean {near!r}?")


def test_value_of_several_lines_is_one_line(refusal: Callable[[Settings], str]) -> None:
    assert refusal({"activation": "relu\nrelu"}).startswith("activation=relu")


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [
        ("cross_entropy", ["softmax"]),
        ("binary_cross_entropy", ["sigmoid"]),
        ("mse", ["softmax", "sigmoid", "identity"]),
        ("rmse", ["softmax", "sigmoid", "identity"]),
    ],
)
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "identity"])
def test_a_loss_goes_with_its_outputs_only(
    loss: str,
    outputs: list[str],
    output: str,
    refusal: Callable[[Settings], str],
    accepted: Callable[[Settings], None],
) -> None:
    settings = {"loss": loss, "output": output}
    if output in outputs:
        accepted(settings)
    else:
        message = refusal(settings)
        assert f"loss={loss}" in message
        assert f"output={output}" in message
        assert all(f"output={name}" in message for name in outputs)


EXAM = {"data": "exam", "output": "sigmoid", "loss": "binary_cross_entropy"}
STOPPING = {"early_stopping.patience": 3}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "rmse", "reduction": "sum"}, ["reduction=sum", "loss=rmse", "reduction=mean"]),
        (EXAM | {"output": "softmax", "loss": "mse"}, ["output=softmax", "data.targets=scalar", "sigmoid"]),
        (
            {"data.targets": "scalar", "output": "sigmoid", "loss": "mse"},
            ["data.targets=scalar", "classes=10"],
        ),
        (EXAM | {"data.classes": 3}, ["data.targets=scalar", "data.classes=2", "data.classes=3"]),
        (STOPPING | {"data.validation_size": 0}, ["data.validation_size=0", "patience", "at least 1"]),
        (STOPPING | {"evaluation.parts": ["train", "test"]}, ["evaluation.parts=[train,test]", "validation"]),
        ({"data": "idx"}, ["data.root=null", "data=idx"]),
        ({"data.features": "quadratic"}, ["data.features=quadratic", "exam", "spiral", "mnist"]),
        (EXAM | {"data.normalization": "image"}, ["data.normalization=image", "none, unit, feature"]),
        (EXAM | {"data.train_size": None}, ["data.train_size", "data=exam"]),
        (EXAM | {"data.test_size": None}, ["data.test_size", "data=exam"]),
        (
            {"optimizer": "nesterov"},
            ["momentum=0", "must be a number, above 0, below 1, with optimizer=nesterov"],
        ),
        ({"hidden": [300, 100], "depth": 3}, ["depth=3", "hidden=[300,100]", "2 layers"]),
        ({"seeds": [3, 1, 3]}, ["seeds=[3,1,3]", "seed 3", "more than once"]),
    ],
)
def test_contradiction_is_refused(
    settings: dict[str, Any], words: list[str], refusal: Callable[[Settings], str]
) -> None:
    message = refusal(settings)
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    "settings",
    [
        EXAM,
        EXAM | {"data.normalization": "unit", "data.features": "raw"},
        {"data": "spiral", "data.features": "quadratic"},
        {"loss": "mse", "reduction": "sum"},
        {"optimizer": "adam", "momentum": 0},
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "nesterov", "momentum": 0.9},
        {"data": "idx", "data.root": "here"},
        STOPPING | {"evaluation.parts": ["validation"]},
        {"data.validation_size": 0, "evaluation.parts": ["train", "validation", "test"]},
        {"hidden": [300, 100], "depth": 2},
        {"hidden": [300, 100], "depth": 0},
    ],
)
def test_combination_is_accepted(settings: dict[str, Any], accepted: Callable[[Settings], None]) -> None:
    accepted(settings)


def test_tables_hold_every_choice() -> None:
    tables = CHOICES.keys() | OTHERS.keys()
    for key, owner in itertools.chain([("", Config())], vars(Config()).items()):
        for item in fields(owner) if is_dataclass(owner) else ():
            name = f"{key}.{item.name}".lstrip(".")
            if item.metadata.get("setting") and item.metadata["setting"].choices:
                assert name in tables or (item.name == "name" and key in tables), name
