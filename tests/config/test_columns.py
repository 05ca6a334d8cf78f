"""Every setting of the schema as an axis of a sweep, from the command line to table, CSV, LaTeX and figures.

Generated from the schema: a new setting is covered by itself, or fails here until it says what it needs.
"""

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra

from sweep import __main__ as command
from sweep.config.schema import Config
from sweep.core.rules import Above, AtLeast
from sweep.core.setting import Setting
from sweep.data import datasets
from sweep.store.load import load
from sweep.store.schema import TRIAL

SMALL = {
    "hidden": "6",
    "initializer": "he",
    "epochs": "1",
    "seeds": "2",
    "batch_size": "50",
    "data.train_size": "150",
    "data.validation_size": "50",
    "data.test_size": "80",
    "parallel.n_jobs": "1",
}
SPIRAL = {"data": "spiral", "data.train_size": "60", "data.validation_size": "20", "data.test_size": "40"}
SCALAR = {**SPIRAL, "output": "sigmoid", "loss": "mse"}
EARLY = {"early_stopping.patience": "2", "epochs": "3"}
# What must be set beside a setting for it to count; null takes a setting of SMALL away.
BESIDE: dict[str, dict[str, str]] = {
    "output": {"loss": "mse"},
    "loss": {"output": "sigmoid"},
    "initializer_std": {"initializer": "normal"},
    "optimizer.beta1": {"optimizer": "adam", "learning_rate": "0.01"},
    "optimizer.beta2": {"optimizer": "adam", "learning_rate": "0.01"},
    "optimizer.epsilon": {"optimizer": "adam", "learning_rate": "0.01"},
    "optimizer.decay": {"optimizer": "rmsprop", "learning_rate": "0.01"},
    "optimizer.weight_decay": {"optimizer": "adamw", "learning_rate": "0.01"},
    "schedule.every": {"schedule": "step"},
    "schedule.drop": {"schedule": "step"},
    "regularization.strength": {"regularization": "l2"},
    "schedule.a": {"schedule": "inverse_epoch"},
    "schedule.b": {"schedule": "inverse_epoch"},
    "early_stopping.monitor": EARLY,
    "early_stopping.keep_best": EARLY,
    "data.root": {"data": "idx"},
    "data.features": SPIRAL,
    "data.targets": SCALAR,
    "data.noise": SPIRAL,
    "data.generator_seed": SPIRAL,
}
# Values where two of the type and the bounds would not do.
VALUES: dict[str, list[str]] = {
    "hidden": ["4", "[5,3]"],
    "batch_size": ["20", "all"],
    "data": ["mnist", "spiral"],
    "data.classes": ["10", "11"],
    "data.root": [],  # made by the test
    "data.train_size": ["100", "150"],
    "output": ["sigmoid", "identity"],
    "loss": ["binary_cross_entropy", "mse"],
    "learning_rate": ["0.01", "0.1"],
}


def axes(owner: type = Config, prefix: str = "") -> Iterator[tuple[str, Any, Setting]]:
    """Every setting that may be an axis: how it is written, its type and its rule."""
    for item in fields(owner):
        kind, rule = get_type_hints(owner)[item.name], item.metadata["setting"]
        if not rule.axis:
            continue
        if is_dataclass(kind) and isinstance(kind, type):
            yield from axes(kind, f"{item.name}.")
        else:
            yield (prefix[:-1] if item.name == "name" else prefix + item.name), kind, rule


AXES = {key: (kind, rule) for key, kind, rule in axes()}


def values(key: str, kind: Any, rule: Setting) -> list[str]:
    """Two values of a setting, as one writes them."""
    if key in VALUES:
        return VALUES[key]
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if list[str] in kinds:
        return [f"[{','.join(rule.choices)}]", f"[{rule.choices[-1]}]"]
    if rule.choices:
        return list(rule.choices[:2])
    if bool in kinds:
        return ["true", "false"]
    low = next((limit.bound for limit in rule.rules if isinstance(limit, AtLeast | Above)), 0)
    if int in kinds:
        return [f"{int(low) + 1}", f"{int(low) + 2}"]
    return [f"{low + 0.1:g}", f"{low + 0.2:g}"]


# One setting of each kind: a number, a choice, a group, the data, a list.
ALWAYS = ("hidden", "activation", "optimizer", "data", "vary")


@pytest.mark.parametrize(
    "key", [pytest.param(key, marks=() if key in ALWAYS else pytest.mark.slow) for key in AXES]
)
def test_every_setting_can_be_an_axis(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = values(key, *AXES[key])
    if key == "data.root":
        both = [str(tmp_path / name) for name in ("one", "two")]
        for folder in both:
            Path(folder).symlink_to(datasets.MNIST_FOLDER)
    given = SMALL | BESIDE.get(key, {})
    given.pop(key, None)
    if key == "data":
        given = {**given, **{name: value for name, value in SPIRAL.items() if name != "data"}}
    arguments = [f"{name}={value}" for name, value in given.items()] + [f"{key}={','.join(both)}"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")  # the command sets it: put back after the test
    monkeypatch.setattr(sys, "argv", ["sweep", "-m", *arguments])
    GlobalHydra.instance().clear()
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 0
    (output,) = tmp_path.glob("multirun/*/*")
    printed = capsys.readouterr().out

    # One row a value, in the order of the command line, wherever the summary stands.
    summary = pd.read_csv(output / "summary.csv", keep_default_na=False)
    written = [value.removeprefix("[").removesuffix("]") for value in both]
    found = [
        str(value).strip("[]").replace("True", "true").replace("False", "false") for value in summary[key]
    ]
    assert [_same(value) for value in found] == [_same(value) for value in written]
    for text in (
        printed,
        (output / "summary.md").read_text("utf-8"),
        (output / "summary.tex").read_text("utf-8"),
    ):
        assert len(text) > 100
    assert key in (output / "summary.md").read_text("utf-8")
    assert key.replace("_", r"\_") in (output / "summary.tex").read_text("utf-8")
    assert any("accuracy" in file.name for file in output.glob("figures/*.png"))

    # The means are those of the records, by pandas; no setting has become a measurement.
    trials = load(tmp_path / "results")
    for cell, row in summary.set_index("cell").iterrows():
        own = trials[trials["cell"] == cell]
        assert int(row["n"]) == len(own) == 2
        assert float(row["test_accuracy_mean"]) == pytest.approx(own["test_accuracy"].mean())


def _same(value: str) -> str:
    try:
        return f"{float(value):g}"
    except ValueError:
        return value


def test_settings_share_no_column_with_measurements() -> None:
    labels = {"name", "experiment"}  # of the run, which are kept as they were given
    assert set(AXES) & (set(TRIAL.names) - labels) == set()
