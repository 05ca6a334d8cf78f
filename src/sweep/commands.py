"""How every command ends: a mistake is one line, and the exit code says what kind it was."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sweep.errors import ExecutionError, SweepError

STOPPED = "stopped; what is stored stays, the same command goes on from there"


def print_error(error: SweepError) -> int:
    """Print an error in one line; the exit code."""
    print(f"error: {error}", file=sys.stderr)
    return 1 if isinstance(error, ExecutionError) else 2


@contextmanager
def exit_codes(stopped: str = STOPPED) -> Iterator[None]:
    """Exit with one line: code 2 for a mistake, 1 for trials that failed, 130 for Ctrl-C.

    `stopped` is what Ctrl-C says.
    """
    try:
        yield
    except SweepError as error:
        sys.exit(print_error(error))
    except BrokenPipeError:  # whoever reads our output has seen enough
        sys.exit(1)
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        sys.exit(130)
