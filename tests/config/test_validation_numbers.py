"""Every number of the schema: its range, its kind, and where null stands for something."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest

from sweep.config.schema import Config

Settings = Mapping[str, Any]


def cases(table: Mapping[str, Any]) -> list[Any]:
    return [
        pytest.param(key, value, id=f"{key}={value!r}") for key, values in table.items() for value in values
    ]


# The largest and smallest values that are allowed, the nearest that are not, and the words for it.
WHOLE: dict[str, tuple[list[int], list[int], str]] = {
    "depth": ([0, 100], [-1, 101], "at least 0, at most 100"),
    "epochs": ([1], [0, -1], "at least 1"),
    "max_iterations": ([1], [0, -1], "at least 1"),
    "budget": ([3], [2, -1], "at least 3"),
    "root_seed": ([0], [-1], "at least 0"),
    "data.classes": ([2], [1, 0, -2], "at least 2"),
    "data.train_size": ([1], [0, -1], "at least 1"),
    "data.validation_size": ([0], [-1], "at least 0"),
    "data.test_size": ([1], [0, -1], "at least 1"),
    "schedule.warmup": ([0], [-1], "at least 0"),
    "schedule.every": ([1], [0, -1], "at least 1"),
    "data.generator_seed": ([0], [-1], "at least 0"),
    "early_stopping.patience": ([1], [0, -1], "at least 1"),
    "evaluation.every": ([1], [0, -1], "at least 1"),
    "parallel.n_jobs": ([1, -1], [0, -2], "-1"),
    "parallel.block_size": ([1], [0, -1], "at least 1"),
    "parallel.retries": ([0], [-1], "at least 0"),
}
TINY, NEARLY_ONE = math.ulp(0.0), math.nextafter(1, 0)
REAL: dict[str, tuple[list[float], list[float], str]] = {
    "initializer_std": ([TINY], [0.0, -0.01], "above 0"),
    "momentum": ([0, NEARLY_ONE], [-1e-9, 1.0, 1.5], "at least 0, below 1"),
    "learning_rate": ([TINY, 1e6], [0.0, -0.1], "above 0"),
    "decide": ([TINY, 100], [0.0, -0.01], "above 0"),
    "data.noise": ([0, 100], [-1e-9], "at least 0"),
    "optimizer.beta1": ([0, NEARLY_ONE], [-1e-9, 1.0], "at least 0, below 1"),
    "optimizer.beta2": ([0, NEARLY_ONE], [-1e-9, 1.0], "at least 0, below 1"),
    "optimizer.epsilon": ([TINY], [0.0, -1e-8], "above 0"),
    "optimizer.decay": ([0, NEARLY_ONE], [-1e-9, 1.0], "at least 0, below 1"),
    "optimizer.weight_decay": ([0, 10], [-1e-9], "at least 0"),
    "regularization.strength": ([0, 10], [-1e-9], "at least 0"),
    "schedule.a": ([TINY], [0.0, -1.0], "above 0"),
    "schedule.b": ([0, 10], [-1e-9], "at least 0"),
    "schedule.drop": ([TINY, 1], [0.0, 1.5], "above 0, at most 1"),
    "compare.margin": ([0, 1], [-1e-9], "at least 0"),
    "compare.level": ([0.5, NEARLY_ONE], [0.49, 1.0], "at least 0.5, below 1"),
}
NUMBERS = WHOLE | REAL
NULLABLE = {
    *("depth", "max_iterations", "data.train_size", "data.test_size", "early_stopping.patience"),
    *("evaluation.every", "parallel.block_size", "data.root", "sort"),
    *("data.label", "data.class_names", "name", "decide"),
}
NO_WHOLE_NUMBERS = ["ten", 1.5, True, [1], math.nan, math.inf]
NO_REAL_NUMBERS = ["ten", True, [0.5], math.nan, math.inf, -math.inf]


def leaves(owner: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for item in fields(owner):
        value = getattr(owner, item.name)
        if is_dataclass(value):
            yield from leaves(value, f"{prefix}{item.name}.")
        else:
            yield prefix + item.name, get_type_hints(type(owner))[item.name]


LEAVES = dict(leaves(Config()))


def test_tables_hold_every_number() -> None:
    """And every setting that may be null."""
    assert set(WHOLE) == {key for key, kind in LEAVES.items() if kind in (int, int | None)}
    assert set(REAL) == {key for key, kind in LEAVES.items() if kind in (float, float | None)}
    assert {key for key, kind in LEAVES.items() if type(None) in get_args(kind)} - {"experiment"} == NULLABLE


@pytest.mark.parametrize(("key", "value"), cases({key: rule[0] for key, rule in NUMBERS.items()}))
def test_a_number_at_its_bound_is_accepted(
    key: str, value: float, accepted: Callable[[Settings], None]
) -> None:
    accepted({key: value})


@pytest.mark.parametrize(("key", "value"), cases({key: rule[1] for key, rule in NUMBERS.items()}))
def test_a_number_beyond_its_bound_is_refused(
    key: str, value: float, refusal: Callable[[Settings], str]
) -> None:
    message = refusal({key: value})
    assert message.startswith(f"{key}={value}: must be ")
    assert NUMBERS[key][2] in message


@pytest.mark.parametrize(
    ("key", "value"), cases(dict.fromkeys(WHOLE, NO_WHOLE_NUMBERS) | dict.fromkeys(REAL, NO_REAL_NUMBERS))
)
def test_wrong_kind_of_number_is_refused(key: str, value: Any, refusal: Callable[[Settings], str]) -> None:
    message = refusal({key: value})
    noun = "a whole number" if key in WHOLE else "a number"
    assert message.lower().startswith(f"{key}={value}: must be {noun}".lower())
    assert NUMBERS[key][2] in message


@pytest.mark.parametrize("key", [key for key in LEAVES if key not in ("grid", "experiment")])
def test_null_is_accepted_if_it_has_a_meaning(
    key: str, refusal: Callable[[Settings], str], accepted: Callable[[Settings], None]
) -> None:
    if key in NULLABLE or key == "compare.baseline":
        accepted({key: None})
    else:
        assert refusal({key: None}).startswith(f"{key}=null: must be ")
