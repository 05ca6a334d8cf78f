"""Reading files that somebody else may have made: only regular files, and no more of them than is wanted."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path

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
