"""A temporary folder that a process holds while it lives. What killed processes left behind is removed."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sweep.errors import StoreError

_LOCK = "lock"


@contextmanager
def held_folder(prefix: str) -> Iterator[Path]:
    """A new temporary folder, removed at the end; removes those of killed processes first.

    A process that lives holds a lock on a file in its folder, which other processes see, too, where process
    numbers mean nothing: in another container, or on another machine that shares the folder. Raises
    StoreError when there is no temporary folder to write in.
    """
    try:
        _remove_orphans(Path(tempfile.gettempdir()), prefix)
        folder = Path(tempfile.mkdtemp(prefix=prefix))
    except OSError as error:
        raise StoreError(f"TMPDIR: {error.strerror}; must be a folder to write in") from error
    try:
        with _held(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _held(folder: Path) -> IO[bytes]:
    """The locked file of a new folder; its lock is held until it is closed.

    Its name appears once the lock is held: a file of that name without a lock is an orphan's. Where there are
    no locks the name never appears, and no other process removes the folder.
    """
    try:
        file = (folder / f"{_LOCK}.new").open("wb")
        if _acquire(file):
            Path(file.name).rename(folder / _LOCK)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}; must be a folder to write in") from error
    return file


def _remove_orphans(parent: Path, prefix: str) -> None:
    for folder in parent.glob(f"{prefix}*"):
        # What cannot be opened is not ours, or another process has just removed it.
        with suppress(OSError), (folder / _LOCK).open("r+b") as file:
            if _acquire(file) and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)


if sys.platform == "win32":
    LOCKS = False

    def _acquire(file: IO[bytes]) -> bool:
        return False

    @contextmanager
    def one_at_a_time(file: Path) -> Iterator[None]:
        """Nothing: there are no locks here."""
        yield

else:
    import fcntl

    LOCKS = True

    @contextmanager
    def one_at_a_time(file: Path) -> Iterator[None]:
        """Go on when no other process, or thread, is between this and the end of it for the same file."""
        with file.open("wb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield

    def _acquire(file: IO[bytes]) -> bool:
        """Lock a file until it is closed; False where another process holds it, or there are no locks."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
