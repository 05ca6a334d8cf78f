"""The command line: one dispatch for all commands, and one place for exit codes.

`sweep -m hidden=16,128` trains. `sweep compare`, `sweep status` and the other words of `COMMANDS` do the
rest;
`python -m sweep compare` and `python -m sweep.compare` are the same command.

Importing this module imports next to nothing, so that signals are handled before anything slow is loaded.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sweep.system import startup

if TYPE_CHECKING:
    from sweep.core.errors import SweepError


class Command(NamedTuple):
    """A command: the function that takes its arguments and returns the exit code, and its line in --help.

    `stopped` is the line that is printed when a signal ends the command.
    """

    function: str
    summary: str
    stopped: str = startup.STOPPED


SWEEP = Command("sweep.cli.sweep:sweep", "train what is missing and show a table with verdicts")
COMMANDS = {
    "compare": Command("sweep.cli.compare:compare", "judge stored cells without training", "stopped"),
    "status": Command("sweep.cli.status:status", "list, check and clean up what is stored", "stopped"),
    "variance": Command("sweep.cli.variance:variance", "show where the spread over seeds comes from"),
    "reproduce": Command("sweep.cli.papers:reproduce", "train what a paper needs, then write its report"),
    "report": Command(
        "sweep.cli.papers:report",
        "write or check the reports of papers from their records",
        "stopped; reports that were written stay",
    ),
    "help": Command("sweep.cli.help:help_on", "explain a command, as in sweep help compare", "stopped"),
}


def main(name: str | None = None) -> None:
    """Run the command called `name`, or the one that the first argument names; otherwise run a sweep.

    Exit codes: 0 done, 1 trials or a check failed, 2 a user's mistake, 128 + n ended by signal n.
    """
    startup.exit_on_signal()
    os.environ.update(startup.ONE_THREAD)  # before NumPy is imported
    arguments = sys.argv[1:]
    if name is None and arguments and arguments[0] in COMMANDS:
        name, *arguments = arguments
    command = COMMANDS[name] if name else SWEEP
    with exit_codes(command.stopped):
        import pkgutil

        code = pkgutil.resolve_name(command.function)(arguments)
    sys.exit(code)


def print_error(error: "SweepError") -> int:
    """Print an error in one line and return its exit code: 1 for failed trials, 2 for a user's mistake."""
    from sweep.core.errors import ExecutionError

    print(f"error: {error}", file=sys.stderr)
    return 1 if isinstance(error, ExecutionError) else 2


@contextmanager
def exit_codes(stopped: str = startup.STOPPED) -> Iterator[None]:
    """Turn an error in the block into one line and an exit code.

    A SweepWarning becomes one line, too. If a signal ends the block, `stopped` is printed, and the exit code
    is that of `startup.graceful_exit`.
    """
    with startup.graceful_exit(stopped):
        from sweep.core.errors import SweepError

        _print_warnings_in_one_line()
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


def _print_warnings_in_one_line() -> None:
    import warnings

    from sweep.core.errors import SweepWarning

    python_format = warnings.formatwarning

    def format_warning(message: Warning | str, category: type[Warning], *where: Any, **options: Any) -> str:
        if issubclass(category, SweepWarning):
            return f"warning: {message}\n"
        return python_format(message, category, *where, **options)

    warnings.formatwarning = format_warning
