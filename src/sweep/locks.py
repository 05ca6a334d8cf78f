"""Locks on files that end with the process that holds them: other containers and machines see them, too."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

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
