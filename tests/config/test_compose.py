"""Configurations from Python settings and from overrides, against Hydra's own composition."""

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

import sweep
from sweep.config.compose import Composer, application_composer, expand, from_settings, register_schema
from sweep.config.compose import to_config as typed
from sweep.config.schema import Config, EarlyStoppingConfig, OptimizerConfig
from sweep.core.errors import SettingError
from sweep.system import files

EXPERIMENTS = {
    "plain": "hidden: 7\nepochs: 3\nearly_stopping: {patience: 4}\n",
    "groups": "defaults:\n  - override /optimizer: adam\n  - override /data: spiral\n"
    "optimizer: {beta1: 0.5}\n",
    "paper/table": "hidden: [30, 20]\nevaluation: {parts: [test]}\nseeds: [4, 9]\n",
    "grid": "epochs: 3\ngrid:\n  product:\n    hidden: [16, 128]\n    learning_rate: [0.1, 0.01]\n",
    "models": "grid:\n  union:\n    - product: {optimizer: [adam], learning_rate: [0.001]}\n"
    "    - zip: {momentum: [0.0, 0.9], hidden: [[8, 4], 16]}\n",
}


@pytest.fixture
def hydra_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hydra, running in a folder with experiments."""
    for name, content in EXPERIMENTS.items():
        file = tmp_path / "sweeps" / "experiment" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# @package _global_\n{content}")
    monkeypatch.chdir(tmp_path)
    register_schema()
    with initialize_config_dir(str(files.package_folder("conf")), version_base="1.3"):
        yield


OVERRIDES = [
    [],
    ["hidden=16", "learning_rate=0.5", "momentum=0.9", "activation=tanh", "bias=false"],
    ["hidden=[300,100]", "seeds=[0,3]", "vary=[split]", "evaluation.parts=[train,test]"],
    ["hidden=[300,100]", "hidden=16", "hidden=[5]", "learning_rate=1"],
    ["depth=2", "depth=null", "max_iterations=null", "data.train_size=null"],
    ["results='a b, c'", 'results="it\'s"', "batch_size=all"],
    ["early_stopping={patience: 3, keep_best: false}", "early_stopping.patience=5"],
    ["optimizer.beta1=0.8", "optimizer=adam", "learning_rate=0.001"],
    ["optimizer=adam", "regularization=l1", "schedule=inverse_epoch", "regularization.strength=0"],
    ["data=exam", "data.noise=0.3", "output=sigmoid", "loss=binary_cross_entropy"],
    ["data.noise=0.3", "data.train_size=10", "data=spiral"],
    ["++hidden=64", "hidden=16"],
    ["hidden=16", "++hidden=64"],
    ["~hidden", "epochs=3"],
    ["experiment=plain", "hidden=16", "early_stopping.patience=null"],
    ["hidden=16", "epochs=9", "experiment=plain"],
    ["experiment=paper/table", "hidden=[10]", "seeds=2"],
    ["experiment=groups", "optimizer.beta1=0.7", "data.noise=0.4"],
    ["experiment=groups", "optimizer=sgd", "data=mnist"],
    ["experiment=groups", "data=exam", "data.test_size=30"],
    ["experiment=grid", "grid=null", "hidden=3"],
    ["experiment=grid", "hidden=3", "grid.product.hidden=[1,2,3]"],
]


@pytest.mark.part(11)
@pytest.mark.usefixtures("hydra_here")
@pytest.mark.parametrize("overrides", OVERRIDES, ids=" ".join)
def test_composer_agrees_with_hydra(overrides: list[str]) -> None:
    composer = application_composer()
    expected = typed(compose("config", overrides, return_hydra_config=True))
    assert typed(composer(overrides)) == expected
    composer([*overrides, "epochs=99", "early_stopping.patience=99"])  # leaves nothing behind
    assert typed(composer(overrides)) == expected


@pytest.mark.usefixtures("hydra_here")
def test_groups_are_composed_once() -> None:
    """Values are set on copies."""
    plain = application_composer()
    composed: list[list[str]] = []

    def counted(overrides: list[str]) -> Any:
        composed.append(overrides)
        return plain.compose(overrides)

    composer = Composer(counted, list(plain.groups))
    for width in range(1, 6):
        assert typed(composer([f"hidden={width}", "seeds=[1,2]"])) == Config(hidden=width, seeds=[1, 2])
        adam = typed(composer(["optimizer=adam", f"optimizer.beta1={width / 10}"]))
        assert adam == Config(optimizer=OptimizerConfig(name="adam", beta1=width / 10))
    assert typed(composer([])) == Config()
    assert composed == [[], ["optimizer=adam"]]


def test_settings_may_be_nested_or_dotted() -> None:
    expected = [
        Config(
            hidden=[30, 20],
            learning_rate=1e-5,
            results="a folder, with commas",
            vary=["order", "split"],
            data=replace(Config().data, train_size=100, root="it's here"),
            early_stopping=EarlyStoppingConfig(patience=3),
        )
    ]
    plain = {"hidden": [30, 20], "learning_rate": 1e-5, "results": "a folder, with commas"}
    nested = {"data": {"train_size": 100, "root": "it's here"}, "early_stopping": {"patience": 3}}
    dotted = {"data.train_size": 100, "data.root": "it's here", "early_stopping.patience": 3}
    assert from_settings(plain | nested | {"vary": ("order", "split")}) == expected
    assert from_settings(plain | dotted | {"vary": ["order", "split"]}) == expected
    assert from_settings({}) == [Config()]


@pytest.mark.parametrize(
    ("settings", "optimizer", "noise"),
    [
        ({"optimizer": "adam", "data": "exam"}, OptimizerConfig("adam"), 0.1),
        ({"optimizer": {"name": "adam", "beta1": 0.5}}, OptimizerConfig("adam", 0.5), 0.1),
        ({"optimizer": "adam", "optimizer.beta1": 0.5}, OptimizerConfig("adam", 0.5), 0.1),
        ({"data": {"noise": 0.3, "name": "exam"}}, OptimizerConfig(), 0.3),
        ({"data.noise": 0.3, "data": "exam"}, OptimizerConfig(), 0.3),
    ],
)
def test_settings_name_groups(settings: dict[str, Any], optimizer: OptimizerConfig, noise: float) -> None:
    (config,) = from_settings(settings)
    assert config.optimizer == optimizer
    assert config.data.noise == noise
    exam = "data" in settings
    assert config.data.name == ("exam" if exam else "mnist")
    assert config.data.features == ("quadratic" if exam else "raw")  # what comes with the group


def test_settings_with_a_grid_are_its_cells() -> None:
    grid = {"product": {"hidden": [16, [8, 4]], "optimizer": ["sgd", "adam"]}, "zip": {"data.root": ["a b"]}}
    configs = from_settings({"epochs": 3, "grid": grid})
    found = [(config.epochs, config.hidden, config.optimizer.name, config.data.root) for config in configs]
    assert found == [(3, width, name, "a b") for width in (16, [8, 4]) for name in ("sgd", "adam")]
    fixed = from_settings({"hidden": 7, "grid": grid})
    assert [(config.hidden, config.optimizer.name) for config in fixed] == [(7, "sgd"), (7, "adam")]


@pytest.mark.usefixtures("hydra_here")
@pytest.mark.parametrize(
    ("overrides", "cells"),
    [
        (["experiment=grid"], [(w, r, 3) for w in (16, 128) for r in (0.1, 0.01)]),
        (["experiment=grid", "epochs=9"], [(w, r, 9) for w in (16, 128) for r in (0.1, 0.01)]),
        (["experiment=grid", "hidden=5"], [(5, r, 3) for r in (0.1, 0.01)]),
        (["learning_rate=1", "hidden=5", "experiment=grid"], [(5, 1.0, 3)]),
        (["experiment=plain"], [(7, 0.1, 3)]),
        (["experiment=models"], [(128, 0.001, 10), ([8, 4], 0.1, 10), (16, 0.1, 10)]),
        (["experiment=models", "learning_rate=0.5"], [(128, 0.5, 10), ([8, 4], 0.5, 10), (16, 0.5, 10)]),
    ],
)
def test_command_line_wins_over_experiment(overrides: list[str], cells: list[tuple[Any, float, int]]) -> None:
    configs = expand(overrides, application_composer())
    assert [(config.hidden, config.learning_rate, config.epochs) for config in configs] == cells


@pytest.mark.usefixtures("hydra_here")
def test_axis_of_a_group_chooses_its_settings() -> None:
    names = [config.optimizer.name for config in expand(["experiment=models"], application_composer())]
    assert names == ["adam", "sgd", "sgd"]
    configs = from_settings({"experiment": "models", "optimizer": "sgd"})
    assert [config.optimizer for config in configs] == [OptimizerConfig()] * 3


@pytest.mark.parametrize(
    ("settings", "start", "end"),
    [
        ({"hiden": 16}, "hiden: no such setting", "did you mean 'hidden'?"),
        ({"data": {"nois": 1}}, "data.nois: no such setting", "did you mean 'data.noise'?"),
        ({"optimizer": "adm"}, "optimizer=adm: must be one of", "did you mean 'adam'?"),
        ({"experiment": "nowhere"}, "experiment=nowhere: must be one of", ""),
        ({"activation": "rleu"}, "activation=rleu: must be one of", "did you mean 'relu'?"),
        ({"epochs": "ten"}, "epochs=ten: must be a whole number, at least 1", ""),
        ({"epochs": None}, "epochs=null: must be a whole number, at least 1", ""),
        ({"learning_rate": math.nan}, "learning_rate=nan: must be a number, above 0", ""),
        ({"bias": "maybe"}, "bias=maybe: must be true or false", ""),
        ({"bias": 3}, "bias=3: must be true or false", ""),
        ({"grid": {"product": {"bias": [0, 1]}}}, "bias=0: must be true or false", ""),
        ({"seeds": [1, 1]}, "seeds=[1,1]: seed 1", ""),
        ({"grid": 5}, "grid=5: must be a mapping", ""),
        ({"grid": "hidden"}, "grid=hidden: must be a mapping", ""),
        ({"grid": {"prodct": {"hidden": [1]}}}, "grid.prodct: must be one of", "did you mean 'product'?"),
        ({"grid": {"product": {"hiden": [1]}}}, "hiden: no such setting", "did you mean 'hidden'?"),
        ({"grid": {"product": {"hidden": [1, 0]}}}, "hidden=0: must be a whole number", ""),
        ({"grid": {"product": {"epochs": [1, "ten"]}}}, "epochs=ten: must be a whole number", ""),
    ],
)
def test_a_mistake_in_settings_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], start: str, end: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError) as caught:
        sweep.run({"dry_run": True, **settings})
    message = str(caught.value)
    assert message.startswith(start)
    assert message.endswith(end)
    assert len(message.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_settings_are_left_as_they_were() -> None:
    settings = {"optimizer": {"name": "adam", "beta1": 0.5}, "hidden": [30, 20]}
    kept = {"optimizer": {"name": "adam", "beta1": 0.5}, "hidden": [30, 20]}
    (config,) = from_settings(settings)
    assert settings == kept
    assert asdict(config)["hidden"] == [30, 20]
