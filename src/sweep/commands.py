"""How every command ends: a mistake is one line, and the exit code says what kind it was."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sweep import stopping
from sweep.errors import ExecutionError, SweepError, SweepWarning


def print_error(error: SweepError) -> int:
    """Print an error in one line; return the exit code: 1 for trials that failed, 2 for a user's mistake."""
    print(f"error: {error}", file=sys.stderr)
    return 1 if isinstance(error, ExecutionError) else 2


def warnings_in_one_line() -> None:
    """Have a SweepWarning printed in one line, as errors are, without a line of source code."""
    warnings.formatwarning = _in_one_line


_plain = warnings.formatwarning


def _in_one_line(message: Warning | str, category: type[Warning], *place: Any, **options: Any) -> str:
    if issubclass(category, SweepWarning):
        return f"warning: {message}\n"
    return _plain(message, category, *place, **options)


@contextmanager
def exit_codes(stopped: str = stopping.STOPPED) -> Iterator[None]:
    """Turn an error in the block into one line and an exit code: 2 mistake, 1 failed trials.

    When a signal stops the command, `stopped` is printed; the exit codes are those of `stopping.orderly`. A
    SweepWarning is one line, too.
    """
    warnings_in_one_line()
    with stopping.orderly(stopped):
        try:
            yield
        except SweepError as error:
            sys.exit(print_error(error))
        except BrokenPipeError:  # the reader of the output, such as head, has closed it
            sys.exit(1)
        except OSError as error:
            if error.filename is None:
                raise
            sys.exit(print_error(SweepError(f"{error.filename}: {error.strerror}")))
