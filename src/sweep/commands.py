"""How every command ends: a mistake is one line, and the exit code says what kind it was."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sweep import stopping
from sweep.errors import ExecutionError, SweepError


def print_error(error: SweepError) -> int:
    """Print an error in one line; return the exit code: 1 for trials that failed, 2 for a user's mistake."""
    print(f"error: {error}", file=sys.stderr)
    return 1 if isinstance(error, ExecutionError) else 2


@contextmanager
def exit_codes(stopped: str = stopping.STOPPED) -> Iterator[None]:
    """Turn an error in the block into one line and an exit code: 2 mistake, 1 failed trials.

    When a signal stops the command, `stopped` is printed; the exit codes are those of `stopping.orderly`.
    """
    with stopping.orderly(stopped):
        try:
            yield
        except SweepError as error:
            sys.exit(print_error(error))
        except BrokenPipeError:  # the reader of the output, such as head, has closed it
            sys.exit(1)
