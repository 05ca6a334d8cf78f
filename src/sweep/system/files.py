"""Files: written whole or not at all, locked by the process that uses them, and read with care.

A file is written under a temporary name that its process keeps locked, and then renamed. A lock ends with its
process, and other containers and machines see it, too: so the files of killed processes can be told from
those of living ones, and removed. Files that somebody else may have made are read only if they are regular
files, and no further than a limit.
"""

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import lru_cache
from io import BufferedReader, FileIO
from pathlib import Path
from typing import IO
from uuid import uuid4

from sweep.core.errors import StoreError

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}", re.DOTALL)
_PACKAGE = Path(__file__).parents[1]
MOST_TEXT = 2**20  # bytes of a text file; the longest of ours has 17 kB
# With O_NONBLOCK, opening a pipe does not wait for somebody to write into it.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a temporary path beside `file` to write to, and rename it to `file` at the end of the block.

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
            # Before the rename: after a crash, the name must not belong to an incomplete file.
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    # The rename itself is safe only when the folder is on disk, too.
    _sync_folder(file.parent)


def write(file: Path, content: str | bytes) -> None:
    """Write text, as UTF-8 with \\n at the ends of lines, or bytes."""
    with replacing(file) as temporary:
        temporary.write_bytes(_encoded(content))


@contextmanager
def locked_file(file: Path, content: str | bytes) -> Iterator[None]:
    """Write `file` and keep it locked while the block runs; remove it at the end.

    A process that is killed leaves it behind without the lock: see `remove_if_unlocked`. Raises OSError if it
    cannot be written or locked.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_name(file)
    with ExitStack() as opened:
        try:
            temporary.write_bytes(_encoded(content))
            # For reading: a file system with a file that is open for writing cannot be made read-only.
            if not try_lock(opened.enter_context(temporary.open("rb"))):
                raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), file)
            # The lock belongs to the open file, and stays with it under its new name.
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
    """Return True if `replacing` gives its temporary files such names."""
    return _TEMPORARY.fullmatch(name) is not None


def remove_stale(folder: Path) -> int:
    """Remove temporary files that killed processes left in a folder; return how many were removed."""
    try:
        with os.scandir(folder) as entries:
            temporary = [Path(entry.path) for entry in entries if is_temporary(entry.name)]
    except OSError:
        return 0
    return sum(map(remove_if_unlocked, temporary))


def remove_if_unlocked(file: Path) -> bool:
    """Remove a file that no living process has locked; return True if it was removed.

    Without locks, it stays.
    """
    # A file that cannot be opened is another user's, or another process has just removed it. A link, a folder
    # or a pipe is not ours, and opening a pipe would wait.
    with suppress(OSError):
        if file.is_file() and not file.is_symlink():
            with file.open("rb+") as opened:
                if try_lock(opened):
                    file.unlink()
                    return True
    return False


def _temporary(file: Path) -> IO[bytes]:
    """Create a file beside `file` that stays locked until it is closed; without locks, return it closed."""
    while True:
        opened = _temporary_name(file).open("xb")
        with suppress(BlockingIOError):
            if not try_lock(opened):
                opened.close()  # Windows does not rename an open file
                return opened
            if Path(opened.name).exists():
                return opened
        # Before it was locked, another process took it for a killed writer's and removed it: try again.
        opened.close()


def _temporary_name(file: Path) -> Path:
    # Process numbers are not enough for a name: two containers may share the folder.
    return file.with_name(f".{file.name}.{uuid4().hex}")


@lru_cache(maxsize=1024)
def _clean_once(folder: Path) -> None:
    remove_stale(folder)


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _sync_folder(folder: Path) -> None:
    """Flush the names of a folder's files to disk; only POSIX can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


if sys.platform == "win32":
    LOCKS = False

    def try_lock(file: IO[bytes]) -> bool:
        """Return False, as there are no locks here."""
        return False

    def is_unlocked(file: Path) -> bool:
        """Return False, as there are no locks here."""
        return False

    @contextmanager
    def exclusive_lock(file: Path) -> Iterator[None]:
        """Do nothing, as there are no locks here."""
        yield

else:
    import fcntl

    LOCKS = True

    def try_lock(file: IO[bytes]) -> bool:
        """Lock an open file until it is closed; return False if its file system has no locks.

        Raises BlockingIOError if it is locked already.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # This is an OSError as well, but it means that somebody holds the lock.
            raise
        except OSError:
            return False
        return True

    def is_unlocked(file: Path) -> bool:
        """Return True only if no living process is known to have locked the file."""
        with suppress(OSError), file.open("rb") as opened:
            # Shared: two processes that ask at the same time do not take each other for the holder.
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        return False

    @contextmanager
    def exclusive_lock(file: Path) -> Iterator[None]:
        """Wait until no other process or thread is within such a block for the same file."""
        with file.open("wb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield


@contextmanager
def open_regular(file: Path) -> Iterator["BufferedReader[FileIO]"]:
    """Open a regular file for reading bytes.

    Raises OSError at once for a folder, a pipe, a device or a socket, for an impossible name, and for
    anything that the system refuses.
    """
    descriptor = _descriptor(file)
    try:
        _regular_size(descriptor, file)
        with BufferedReader(FileIO(descriptor, closefd=False)) as content:
            yield content
    finally:
        os.close(descriptor)


def read(file: Path, most: int = MOST_TEXT) -> bytes:
    """Return the bytes of a regular file of at most `most` bytes.

    Raises OSError as `open_regular` does, and for a larger file.
    """
    # Without a buffer, as a store has many small files.
    descriptor, data = _descriptor(file), b""
    try:
        size = _regular_size(descriptor, file)
        # One byte more than the size, to notice a file that grows.
        while size <= most and len(data) <= size and (more := os.read(descriptor, size + 1 - len(data))):
            data += more
    finally:
        os.close(descriptor)
    if len(data) != size:  # larger than `most`, or written to while it was read
        raise OSError(errno.EFBIG, f"holds more than {min(size, most):,} bytes", str(file))
    return data


def _descriptor(file: Path) -> int:
    try:
        return os.open(file, _FLAGS)
    except ValueError as error:  # a NUL in the name
        raise OSError(errno.EINVAL, str(error), str(file)) from error


def _regular_size(descriptor: int, file: Path) -> int:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(file))
    return status.st_size


def path_exists(path: Path) -> bool:
    """Return True if something exists at a path, and False for an impossible path."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Return True if a folder exists at a path, and False for an impossible path."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def refuse_link(folder: Path) -> None:
    """Raise StoreError if a folder of ours is now a link, which would send our files elsewhere."""
    if folder.is_symlink():
        raise StoreError(f"{folder}: a link; must be a folder, or not there yet")


def package_folder(name: str) -> Path:
    """Return the package's folder conf, sweeps or reports, of an installed wheel or of a checkout."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parents[1] / name


def resource_folders(name: str) -> tuple[Path, Path]:
    """Return the folder of this name in the working folder, which may not exist, and that of the package."""
    return Path(name), package_folder(name)
