"""What a user has said of a sweep: what differs from conf/, and what was written."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sweep.config.columns import explicit_constants, explicit_first
from sweep.config.compose import explicit_in_python, explicit_settings
from sweep.config.schema import SORTS, Config

Settings = Mapping[str, Any]
Configured = Callable[[Settings], list[Config]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {}),
        ({"hidden": [16, 32]}, {"hidden": "[16,32]"}),
        ({"optimizer": "adam"}, {"optimizer": "adam"}),
        ({"schedule": "inverse_epoch"}, {"schedule": "inverse_epoch"}),  # b is that of the choice
        ({"schedule": "inverse_epoch", "schedule.b": 0.5}, {"schedule": "inverse_epoch", "schedule.b": 0.5}),
        ({"data": "exam"}, {"data": "exam"}),
        ({"data": "idx", "data.root": "x"}, {"data": "idx", "data.root": "x"}),
        ({"data": "exam", "data.noise": 0.3}, {"data": "exam", "data.noise": 0.3}),
        ({"seeds": 3, "results": "there", "figures": False, "parallel.n_jobs": 1}, {}),
    ],
)
def test_constants_that_differ_from_defaults(
    settings: Settings, expected: dict[str, Any], configured: Configured
) -> None:
    """The defaults are those of the options that are chosen."""
    assert explicit_constants(configured(settings), [], []) == {"data": "mnist", **expected}


def test_constant_written_at_its_default(configured: Configured) -> None:
    configs = configured({"momentum": 0, "hidden": 128, "grid": {"product": {"epochs": [1, 2]}}})
    assert explicit_constants(configs, ["epochs"], ["momentum", "hidden"]) == {
        "momentum": 0,
        "hidden": 128,
        "data": "mnist",
    }
    assert explicit_constants(configs, ["epochs"], []) == {"data": "mnist"}


def test_axis_is_no_constant(configured: Configured) -> None:
    configs = configured({"grid": {"zip": {"optimizer": ["sgd", "adam"], "optimizer.beta1": [0.9, 0.8]}}})
    assert explicit_constants(configs, ["optimizer"], ["optimizer"]) == {"data": "mnist"}


def test_settings_keep_the_users_order() -> None:
    grid = {
        "union": [{"zip": {"epochs": [1], "momentum": [0]}}, {"product": {"loss": ["mse"], "epochs": [3]}}]
    }
    overrides = ["depth=2", "hidden=3", "~optimizer", "data.name=exam", "hidden=4"]
    assert explicit_settings(overrides, grid) == ["depth", "hidden", "data", "epochs", "momentum", "loss"]
    nested = {"data": {"name": "idx", "root": "x"}, "hidden": 3, "grid": grid}
    assert explicit_in_python(nested) == ["data", "data.root", "hidden", "epochs", "momentum", "loss"]
    assert explicit_first(["hidden", "epochs", "depth"], ["depth", "hidden"]) == ["depth", "hidden", "epochs"]


def test_orders_of_rows_are_columns() -> None:
    from sweep.stats.trials import METRICS

    assert set(SORTS) == {*METRICS, "seconds"}
