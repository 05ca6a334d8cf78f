"""Fixtures for the tests of reliability: a trained store, and the counts that docs/reliability.md shows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.reliability.scale import Count
from tests.reliability.store_of_trials import train


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Return `count("experiment", tried=50, lost=0)`, which adds a row to the table at the end of the run."""

    def add(what: str, **counts: object) -> None:
        record_property("counts", f"| {what} | {', '.join(f'{name} {n}' for name, n in counts.items())} |")

    return add


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train seeds 0 to 2 of one cell; return the store, which is to be copied."""
    folder = tmp_path_factory.mktemp("trained")
    train(folder, 3)
    return folder
