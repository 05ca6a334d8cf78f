"""What the tests of reliability share: the counts that docs/reliability.md shows."""

from collections.abc import Callable

import pytest
from tests.reliability.scale import Count


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """`count("what was done", tried=50, lost=0)`: a row of the table at the end of the run."""

    def add(what: str, **counts: object) -> None:
        record_property("counts", f"| {what} | {', '.join(f'{name} {n}' for name, n in counts.items())} |")

    return add
