"""What a sweep, or a cell, has once is refused where it differs, before anything runs."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import sweep
from sweep.config.check import cell_keys, sweep_keys
from sweep.config.schema import Config
from sweep.core.errors import SettingError

VALUES: dict[str, list[Any]] = {
    "results": ["here", "there"],
    "name": ["mine", None],
    "weights": [True, False],
    "sort": ["test_accuracy", None],
    "figures": [True, "all"],
    "figure_formats": [["png"], ["svg", "pdf"]],
    "dry_run": [True, False],
    "decide": [None, 0.01],
    "budget": [50, 100],
    "compare.baseline": [None, "abcdef0123456789"],
    "compare.margin": [0.002, 0.01],
    "compare.level": [0.95, 0.9],
    "compare.metric": ["test_accuracy", "test_loss"],
    "data.label": ["one", "two"],
    "data.class_names": [None, list("abcdefghij")],
    "parallel.n_jobs": [1, 2],
    "parallel.backend": ["loky", "threading"],
    "parallel.kernels": ["auto", "numpy"],
    "parallel.block_size": [None, 2],
    "parallel.retries": [1, 0],
}
TEXTS = {True: "true", False: "false", None: "null"}


def text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(value)}]"
    return TEXTS[value] if value is None or isinstance(value, bool) else str(value)


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(**axes: list[Any]) -> None:
    sizes = {"train_size": 800, "validation_size": 100, "test_size": 100}
    dry = {} if "dry_run" in axes else {"dry_run": True}
    needed = {"decide": 0.01} if "budget" in axes else {}
    sweep.run({**dry, **needed, "epochs": 1, "data": sizes, "grid": {"zip": axes}})


def test_every_sweep_setting_is_covered() -> None:
    labels = {"data.label", "data.class_names"}
    assert set(cell_keys()) == {"parallel.kernels", "parallel.block_size"} | labels
    keys = {*sweep_keys(), *cell_keys()}
    assert keys == set(VALUES) > {f"parallel.{name}" for name in asdict(Config().parallel)}


@pytest.mark.parametrize("key", sweep_keys())
@pytest.mark.parametrize("reverse", [False, True])
def test_sweep_setting_that_differs_is_refused(tmp_path: Path, key: str, reverse: bool) -> None:
    """A setting of the whole sweep is the same for all its cells."""
    values = VALUES[key][::-1] if reverse else VALUES[key]
    with pytest.raises(SettingError) as caught:
        run(**{"hidden": [8, 16], key: values})
    given = ",".join(map(text, values))
    assert str(caught.value) == f"{key}={given}: must be the same for all cells of a sweep"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", cell_keys())
def test_cell_setting_that_differs_is_refused(tmp_path: Path, key: str) -> None:
    """A setting of how a cell is trained is the same wherever the cell stands."""
    given = ",".join(map(text, VALUES[key]))
    with pytest.raises(
        SettingError, match=re.escape(f"{key}={given}: must be the same for all that is one cell")
    ):
        run(**{key: VALUES[key]})
    run(**{"hidden": [8, 16], key: VALUES[key]})
    assert list(tmp_path.iterdir()) == []
