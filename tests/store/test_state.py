"""A failure is read as it was written; foreign files are skipped."""

from pathlib import Path

from sweep.store import layout, state
from sweep.store.state import Failure

CELL = "00000000000000ab"


def test_failures_round_trip(tmp_path: Path) -> None:
    """Failures are read as they were written; foreign files are ignored."""
    failure = Failure(CELL, 3, "ZeroDivisionError", "Traceback …", "2026-11-30T10:00:00", {"hidden": 8})
    state.write_failure(tmp_path, failure)
    file = layout.failure_path(tmp_path, CELL, 3)
    (file.parent / "4.failed").write_bytes(file.read_bytes())  # another seed's
    (file.parent / "5.failed").write_text("not JSON")
    (file.parent / "6.failed").write_text(f'{{"cell": "{CELL}"}}')
    assert state.read_failures(tmp_path) == [failure]
    state.remove_failure(tmp_path, CELL, 3)
    assert state.read_failures(tmp_path) == []
