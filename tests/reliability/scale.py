"""Each count of tests/reliability at two scales, and where the counts are gathered."""

from collections.abc import Callable
from typing import Any

import pytest

Count = Callable[..., None]


def scaled(name: str, short: Any, full: Any) -> pytest.MarkDecorator:
    """Parametrize `name` with a value for every run, and one that only `pytest -m full` runs."""
    values = [pytest.param(short, id="short"), pytest.param(full, id="full", marks=pytest.mark.full)]
    return pytest.mark.parametrize(name, values)
