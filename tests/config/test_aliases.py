"""A name from elsewhere is answered with ours, or with a line that says there is none."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sweep.config.messages import ALIASES
from sweep.config.schema import nodes

Settings = Mapping[str, Any]


@pytest.mark.parametrize(("alias", "ours"), ALIASES.items())
def test_alias_stands_for_a_setting(alias: str, ours: str, refusal: Callable[[Settings], str]) -> None:
    """No alias is itself a setting."""
    assert ours.split(" with ")[-1] in nodes()
    assert alias not in nodes()
    assert refusal({alias: 1}) == f"{alias}: no such setting; did you mean {ours!r}?"


@pytest.mark.parametrize(
    ("typed", "ours"),
    [
        ("lr", "learning_rate"),
        ("batch", "batch_size"),
        ("neurons", "hidden"),
        ("units", "hidden"),
        ("layers", "depth"),
        ("act", "activation"),
        ("opt", "optimizer"),
        ("seed", "seeds"),
        ("dataset", "data"),
        ("weight_decay", "regularization=l2 with regularization.strength"),
        ("patience", "early_stopping.patience"),  # the last part of one setting alone
        ("data.lr", "learning_rate"),
        ("Learning-Rate", "learning_rate"),
    ],
)
def test_names_of_other_libraries_are_answered(
    typed: str, ours: str, refusal: Callable[[Settings], str]
) -> None:
    """The error names our setting."""
    assert refusal({typed: 1}) == f"{typed}: no such setting; did you mean {ours!r}?"


@pytest.mark.parametrize(
    ("typed", "words"), [("dropout", "there is no dropout; regularization=l1"), ("gpu", "on the processor")]
)
def test_missing_features_are_answered(typed: str, words: str, refusal: Callable[[Settings], str]) -> None:
    """The error says what there is instead."""
    message = refusal({typed: 1})
    assert words in message
    assert "did you mean" not in message
