"""How every command ends: a mistake is one line, and the exit code says what kind it was."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sweep.errors import ExecutionError, SweepError

STOPPED = "stopped; what is stored stays, the same command goes on from there"


def print_error(error: SweepError) -> int:
    """Print an error in one line; return the exit code: 1 for trials that failed, 2 for a user's mistake."""
    print(f"error: {error}", file=sys.stderr)
    return 1 if isinstance(error, ExecutionError) else 2


@contextmanager
def exit_codes(stopped: str = STOPPED) -> Iterator[None]:
    """Turn an error in the block into one line and an exit code: 2 mistake, 1 failed trials, 130 Ctrl-C.

    `stopped` is printed on Ctrl-C.
    """
    try:
        yield
    except SweepError as error:
        sys.exit(print_error(error))
    except BrokenPipeError:  # the reader of the output, such as head, has closed it
        sys.exit(1)
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        sys.exit(130)
