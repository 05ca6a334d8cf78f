"""A temporary folder that a process locks while it lives; folders that killed processes left are removed."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO

from joblib.externals.loky.backend import resource_tracker

from sweep.errors import StoreError
from sweep.locks import acquire

_LOCK = "lock"


@contextmanager
def held_folder(prefix: str) -> Iterator[Path]:
    """A new temporary folder, removed at the end; folders that killed processes left are removed first.

    A living process holds a lock on a file in its folder. Other processes see the lock even where they
    cannot see its process number: in another container, or on another machine that shares the folder.
    Raises StoreError when there is no temporary folder to write in.
    """
    try:
        _remove_orphans(Path(tempfile.gettempdir()), prefix)
        folder = Path(tempfile.mkdtemp(prefix=prefix))
    except OSError as error:
        raise StoreError(f"TMPDIR: {error.strerror}; must be a folder to write in") from error
    # If this process is killed, loky's process that cleans up after it removes the folder.
    _start_cleaner()
    resource_tracker.register(str(folder), "folder")
    try:
        with _held(folder):
            yield folder
    finally:
        remover = Thread(target=_remove, args=(folder,))  # to its end, even if Ctrl-C interrupts this process
        remover.start()
        remover.join()


def _start_cleaner() -> None:
    """Start loky's process that cleans up after this one, if it does not run yet.

    It would warn of all that it removes: of what a killed process leaves, and now and then of a semaphore
    that is gone already. Its warnings are set by the options with which it is started.
    """
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    resource_tracker.unregister(str(folder), "folder")


def _held(folder: Path) -> IO[bytes]:
    """Lock a file in a new folder; the lock is held until the file is closed.

    The file gets its name only after it is locked, so a file of that name without a lock belongs to a dead
    process. Where the system has no locks it never gets that name, and no process removes the folder.
    """
    try:
        file = (folder / f"{_LOCK}.new").open("wb")
        if acquire(file):
            Path(file.name).rename(folder / _LOCK)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}; must be a folder to write in") from error
    return file


def _remove_orphans(parent: Path, prefix: str) -> None:
    for folder in parent.glob(f"{prefix}*"):
        # A file that cannot be opened is another user's, or another process has just removed it.
        with suppress(OSError), (folder / _LOCK).open("r+b") as file:
            if acquire(file) and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)
