"""Values set on typed configurations against OmegaConf's own way, for every setting of the schema."""

import itertools
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from sweep.config.check import check
from sweep.config.compose import (
    Composer,
    application_composer,
    converted,
    expand,
    register_schema,
    to_config,
    with_values,
)
from sweep.config.messages import explain
from sweep.config.schema import Config, nodes
from sweep.core.errors import SweepError
from sweep.system import files

VALUES = ["3", "-1", "0.5", "1e-3", "true", "null", "nan", "'3'", "word", "[3,4]", "[test,init]", "{a: 1}"]
VALUES += ["[1,null]", "${epochs}", "'a ${epochs}'", "???", "10000000000000000000000"]
GROUPS = [
    "optimizer=adam",
    "regularization=l1",
    "schedule=inverse_epoch",
    "data=spiral",
    "data=exam",
    "~momentum",
]


def outcome(configure: Callable[[], Config]) -> str:
    """The configuration with the types of its values, checked, or the line that refuses it."""
    try:
        config = configure()
        check(config)
    except SweepError as error:
        return str(error)
    except (HydraException, OmegaConfBaseException) as error:
        return str(explain(error))
    return repr(config)


def same(composer: Composer, *overrides: str) -> str:
    """The outcome of overrides, the same in both ways."""
    expected = outcome(lambda: to_config(composer(overrides)))
    assert outcome(lambda: composer.config(overrides)) == expected
    return expected


KEYS = [*nodes(), "hiden", "data.nois", "epochs.x", "grid.product.hidden"]


@pytest.mark.parametrize(
    "key",
    [pytest.param(key, marks=pytest.mark.slow if index % 3 else ()) for index, key in enumerate(KEYS)],
)
def test_conversion_agrees_with_omegaconf(composer: Composer, key: str) -> None:
    """Values are taken and refused alike."""
    for value in VALUES:
        same(composer, f"{key}={value}")


def test_wrong_forced_setting_is_refused(composer: Composer) -> None:
    assert same(composer, "++hiden=3").startswith("hiden: no such setting")
    assert "hidden=3" in same(composer, "++hidden=3")


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.slow if seed >= 10 else ()) for seed in range(40)]
)
def test_several_settings_and_groups_together(composer: Composer, seed: int) -> None:
    rng = random.Random(seed)
    plain = [f"{key}={value}" for key in nodes() for value in ("3", "0.5", "null", "[test,init]", "relu")]
    accepted = []
    for line in rng.sample(plain, 40):
        if "must be" not in outcome(partial(composer.config, [line])):
            accepted.append(line)
    chosen = rng.sample(accepted, min(5, len(accepted))) + rng.sample(GROUPS, 2)
    rng.shuffle(chosen)
    same(composer, *chosen)


EXPERIMENTS = {
    "linked": "epochs: ${batch_size}\nhidden: 7\n",
    "open": "hidden: ???\nepochs: 4\n",
    "listed": "hidden: [30, 20]\nevaluation: {parts: [test]}\ngrid: {product: {momentum: [0.0, 0.9]}}\n",
}
LINES = [
    "batch_size=9",
    "hidden=5",
    "hidden=[1,2,3]",
    "evaluation.parts=[train]",
    "evaluation={every: 3}",
    "grid=null",
]


@pytest.mark.part(1)
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_experiments_with_links_and_open_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experiment: str
) -> None:
    (tmp_path / "sweeps" / "experiment").mkdir(parents=True)
    for name, content in EXPERIMENTS.items():
        (tmp_path / "sweeps" / "experiment" / f"{name}.yaml").write_text(f"# @package _global_\n{content}")
    monkeypatch.chdir(tmp_path)
    register_schema()
    with initialize_config_dir(str(files.package_folder("conf")), version_base="1.3"):
        composer = application_composer()
        for first in LINES:
            for second in LINES:
                same(composer, f"experiment={experiment}", first, second)
    if experiment == "linked":
        assert composer.config(["experiment=linked", "batch_size=9"]).epochs == 9


class Counting(Composer):
    """Counts the configurations that take the long way."""

    def __call__(self, overrides: Sequence[str]) -> DictConfig:
        self.long = getattr(self, "long", 0) + 1
        return super().__call__(overrides)


def test_grid_of_plain_values_is_fast(composer: Composer) -> None:
    """Hydra composes only once."""
    counting = Counting(composer.compose, list(composer.groups))
    axes = {"hidden": list(range(1, 31)), "learning_rate": [0.1, 0.2], "data.train_size": [800, None]}
    configs = expand(["seeds=[0,3]", "optimizer=adam"], counting, {"product": axes})
    found = [(config.hidden, config.learning_rate, config.data.train_size) for config in configs]
    assert found == list(itertools.product(*axes.values()))
    assert {(tuple(config.seeds), config.optimizer.name) for config in configs} == {((0, 3), "adam")}
    assert all(config.grid is None for config in configs)
    assert not hasattr(counting, "long")
    assert len(counting.typed) == 1


def test_configurations_share_unchanged_groups() -> None:
    base = Config()
    changed = with_values(base, {"hidden": 3, "data.noise": 0.5, "data.train_size": 9})
    assert (changed.hidden, changed.data.noise, changed.data.train_size) == (3, 0.5, 9)
    assert changed.optimizer is base.optimizer
    assert base == Config()


@pytest.mark.parametrize("key", ["data", "hiden", "data.nois", "epochs.x", "a.b"])
def test_groups_and_unknown_keys_are_not_converted(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        converted(key, 3)
