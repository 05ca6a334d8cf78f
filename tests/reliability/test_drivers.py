"""Several drivers at once on one store: in the end every trial once, with the weights of a single driver."""

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from .driver import SIXTY, driver, temporary_files, weights
from .scale import Count

DRIVERS = 4

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


@pytest.mark.full
def test_several_drivers(tmp_path: Path, count: Count) -> None:
    """Several drivers on one store agree."""
    results = tmp_path / "results"
    folders = [tmp_path / f"{number}" for number in range(DRIVERS)]
    with ExitStack() as stack:
        for folder in folders:
            folder.mkdir()
        together = [stack.enter_context(driver(folder, *SIXTY, f"results={results}")) for folder in folders]
        for running in together:
            code, output, errors = running.ended()
            assert (code, errors) == (0, [])
            assert not any("damaged" in line for line in output)
    with driver(tmp_path, *SIXTY, f"results={tmp_path / 'alone'}") as alone:
        assert alone.ended()[0] == 0
    reference, stored = weights(tmp_path / "alone"), weights(results)
    assert len(stored) == 60
    unequal = int((stored != reference).sum())
    files = len(temporary_files(tmp_path))
    count("drivers at once on one store", drivers=DRIVERS, trials=60, unequal=unequal, temporary_files=files)
    assert (unequal, files) == (0, 0)
