"""Files that are written whole or not at all; what killed writers left is removed.

[locks] Locks on files that end with the process that holds them: other containers and machines see them, too.

[regular_files] Reading files that somebody else may have made: only regular files, and no more of them than
is wanted.

[resources] Folders of files that come with the package; the working folder may have more of such files.
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

if sys.platform == "win32":
    LOCKS = False

    def acquire(file: IO[bytes]) -> bool:
        """False: there are no locks here."""
        return False

    def is_released(file: Path) -> bool:
        """False: there are no locks here."""
        return False

    @contextmanager
    def one_at_a_time(file: Path) -> Iterator[None]:
        """Nothing: there are no locks here."""
        yield

else:
    import fcntl

    LOCKS = True

    def acquire(file: IO[bytes]) -> bool:
        """Lock an open file until it is closed; False if its file system has no locks.

        Raises BlockingIOError if it is locked already.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return False
        return True

    def is_released(file: Path) -> bool:
        """Whether certainly no living process has locked this file; False also where that cannot be known."""
        with suppress(OSError), file.open("rb") as opened:
            # Shared: two that ask at the same time do not take each other for the holder.
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        return False

    @contextmanager
    def one_at_a_time(file: Path) -> Iterator[None]:
        """Wait until no other process or thread is within such a block for the same file."""
        with file.open("wb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield


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
            if not acquire(opened.enter_context(temporary.open("rb"))):
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
                if acquire(opened):
                    file.unlink()
                    return True
    return False


def _temporary(file: Path) -> IO[bytes]:
    """A new file beside `file`, locked until it is closed; closed already if there are no locks."""
    while True:
        opened = _temporary_name(file).open("xb")
        with suppress(BlockingIOError):
            if not acquire(opened):
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


MOST_TEXT = 2**20  # bytes of a text file; the longest of ours has 17 kB
# With O_NONBLOCK, opening a pipe does not wait for somebody to write into it.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def opened(file: Path) -> Iterator["BufferedReader[FileIO]"]:
    """A regular file, open for reading bytes.

    Raises OSError at once for a folder, a pipe, a device or a socket, for a name that no file can have, and
    for what the system says.
    """
    descriptor = _descriptor(file)
    try:
        _size(descriptor, file)
        with BufferedReader(FileIO(descriptor, closefd=False)) as content:
            yield content
    finally:
        os.close(descriptor)


def read(file: Path, most: int = MOST_TEXT) -> bytes:
    """The bytes of a regular file of at most so many.

    Raises OSError as `opened` does, and for a larger file.
    """
    # Without a buffer, as a store has many small files.
    descriptor, data = _descriptor(file), b""
    try:
        size = _size(descriptor, file)
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


def _size(descriptor: int, file: Path) -> int:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(file))
    return status.st_size


def is_there(path: Path) -> bool:
    """Whether there is anything at a path; False, too, for one that cannot be."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder at a path; False, too, for a path that cannot be."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """The package's folder conf, sweeps or reports: in an installed wheel, or at the root of a checkout."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parents[1] / name


def folders(name: str) -> tuple[Path, Path]:
    """The folder of this name in the working folder, which may not exist, and that of the package."""
    return Path(name), folder(name)
