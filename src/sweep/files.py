"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A temporary path beside `file` to write to. At the end of the block it is renamed to `file`.

    After an error it is removed instead. Missing folders are created. An existing file stays as it is until
    the new one is complete and on disk, even if the machine stops.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    # Process numbers are not enough for a name: two containers may share the folder.
    temporary = file.with_name(f".{file.name}.{uuid4().hex}")
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
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def _sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on disk; only POSIX knows how."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
