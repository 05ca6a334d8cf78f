"""A failure is read as it was written, and nothing but our own failures is."""

from pathlib import Path

from sweep.store import state
from sweep.store.state import Failure

CELL = "00000000000000ab"


def test_failures_are_read_back_and_strangers_are_ignored(tmp_path: Path) -> None:
    failure = Failure(CELL, 3, "ZeroDivisionError", "Traceback …", "2026-11-30T10:00:00", {"hidden": 8})
    state.write(tmp_path, failure)
    own = state.path(tmp_path, CELL, 3)
    (own.parent / "4.failed").write_bytes(own.read_bytes())  # another seed's
    (own.parent / "5.failed").write_text("not JSON")
    (own.parent / "6.failed").write_text(f'{{"cell": "{CELL}"}}')
    assert state.read(tmp_path) == [failure]
    state.remove(tmp_path, CELL, 3)
    assert state.read(tmp_path) == []
