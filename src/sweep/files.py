"""Files that are written whole or not at all; what killed writers left is removed."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO
from uuid import uuid4

from sweep import locks
from sweep.errors import StoreError

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}", re.DOTALL)


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A temporary path beside `file` to write to. At the end of the block it is renamed to `file`.

    After an error it is removed instead. Missing folders are created. An existing file stays as it is until
    the new one is complete and on disk, even if the machine stops. The first time that a process writes to a
    folder, temporary files that killed processes left there are removed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    _clean_once(file.parent.absolute())
    with closing(_temporary(file)) as opened:
        temporary = Path(opened.name)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    _sync_folder(file.parent)


def write(file: Path, content: str | bytes) -> None:
    """Write text, as UTF-8 with \\n at the ends of lines, or bytes."""
    with replacing(file) as temporary:
        temporary.write_bytes(_encoded(content))


@contextmanager
def held(file: Path, content: str | bytes) -> Iterator[None]:
    """`file` with this content, locked while the block runs, removed at its end.

    A process that is killed leaves it behind without the lock: see `remove_if_released`. Raises OSError if it
    cannot be written or locked.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_name(file)
    with ExitStack() as opened:
        try:
            temporary.write_bytes(_encoded(content))
            # For reading: with a file that is open for writing, a file system cannot be made read-only.
            if not locks.acquire(opened.enter_context(temporary.open("rb"))):
                raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), file)
            temporary.replace(file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        try:
            yield
        finally:
            with suppress(OSError):  # the folder has become read-only
                file.unlink(missing_ok=True)


def is_temporary(name: str) -> bool:
    """Whether `replacing` gives its temporary files such names."""
    return _TEMPORARY.fullmatch(name) is not None


def remove_stale(folder: Path) -> int:
    """Remove temporary files in a folder whose writers are gone; how many. What cannot be removed stays."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if is_temporary(entry.name)]
    except OSError:
        return 0
    return sum(map(remove_if_released, found))


def remove_if_released(file: Path) -> bool:
    """Remove a file that no living process has locked, and say whether. No locks: it stays."""
    # A file that cannot be opened is another user's, or another process has just removed it. A link, a folder
    # or a pipe is not ours, and opening a pipe would wait.
    with suppress(OSError):
        if file.is_file() and not file.is_symlink():
            with file.open("rb+") as opened:
                if locks.acquire(opened):
                    file.unlink()
                    return True
    return False


def _temporary(file: Path) -> IO[bytes]:
    """A new file beside `file`, locked until it is closed; closed already if there are no locks."""
    while True:
        opened = _temporary_name(file).open("xb")
        with suppress(BlockingIOError):
            if not locks.acquire(opened):
                opened.close()  # Windows does not rename an open file
                return opened
            if Path(opened.name).exists():
                return opened
        # Before it was locked, another process took it for one whose writer is gone.
        opened.close()


def _temporary_name(file: Path) -> Path:
    # Process numbers are not enough for a name: two containers may share the folder.
    return file.with_name(f".{file.name}.{uuid4().hex}")


@lru_cache(maxsize=1024)
def _clean_once(folder: Path) -> None:
    remove_stale(folder)


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def check_own(folder: Path) -> None:
    """Raise StoreError for a link in the place of a folder of ours: what we write would go elsewhere."""
    if folder.is_symlink():
        raise StoreError(f"{folder}: a link; must be a folder, or not there yet")


def _sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on disk; only POSIX knows how."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
