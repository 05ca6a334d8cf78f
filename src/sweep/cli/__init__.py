"""The command line: one dispatch for all commands, and one place for exit codes.

`sweep -m hidden=16,128` trains. `sweep compare`, `sweep status` and the other names in `COMMANDS` do the
rest; `python -m sweep compare` and `python -m sweep.compare` are the same command. The module of a command
NAME has a function `NAME_parser()` for its arguments. NAME itself is a function that takes the parsed options
and returns the exit code.

Importing this module imports next to nothing, so that signals are handled before anything slow is loaded.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sweep.system import startup

if TYPE_CHECKING:
    from sweep.cli.help import CommandParser
    from sweep.core.errors import SweepError


class Command(NamedTuple):
    """A command: its module, its line in --help, and the line that is printed when a signal ends it."""

    module: str
    summary: str
    stopped: str = "stopped"


COMMANDS = {
    "compare": Command("sweep.cli.compare", "compare stored cells, without training"),
    "status": Command("sweep.cli.status", "show what is stored, check it, clean it up"),
    "variance": Command("sweep.cli.variance", "show where the spread over seeds comes from", startup.STOPPED),
    "reproduce": Command(
        "sweep.cli.papers", "train what a paper needs, then write its report", startup.STOPPED
    ),
    "report": Command(
        "sweep.cli.papers",
        "write or check paper reports from their records",
        "stopped; reports that were written stay",
    ),
    "help": Command("sweep.cli.help", "explain a command or a setting"),
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
    with exit_codes(COMMANDS[name].stopped if name else startup.STOPPED):
        code = run_command(name, arguments) if name else _sweep(arguments)
    sys.exit(code)


def _sweep(arguments: Sequence[str]) -> int:
    """Run a sweep, or answer a shell that completes a line, without the slow imports of a sweep."""
    if {"-sc", "--shell-completion"} & set(arguments):
        from sweep.cli import completion

        if completion.answer(arguments):
            return 0
    from sweep.cli.sweep import sweep

    return sweep(arguments)


def run_command(name: str, arguments: Sequence[str]) -> int:
    """Parse the arguments of a command, run it, and return its exit code."""
    options = command_parser(name).parse_intermixed_args(arguments)  # key=value on both sides of a flag
    code: int = _member(name, name)(options)
    return code


def command_parser(name: str) -> "CommandParser":
    """Return the parser of a command's arguments."""
    parser: CommandParser = _member(name, f"{name}_parser")()
    return parser


def _member(name: str, member: str) -> Any:
    import importlib

    return getattr(importlib.import_module(COMMANDS[name].module), member)


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
        _silence_other_libraries()
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


def _silence_other_libraries() -> None:
    """Keep what other libraries log below ERROR off the terminal, unless the user configures logging.

    Python's handler of last resort is only asked when there is no other, so a handler of the user's own still
    gets everything.
    """
    import logging

    if logging.lastResort is not None:
        logging.lastResort.setLevel(logging.ERROR)
