"""How a command ends when it is told to, by Ctrl-C or the signals TERM and HUP: one line, no traceback.

A command calls `end_on_signal` before it imports anything else, as a signal may come while it imports. This
module
imports next to nothing itself.

[threads] One thread for each matrix product: faster with several workers, and the same bits with any number.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

STOPPED = "stopped; what is stored stays, the same command goes on from there"
GRACE_SECONDS = 3.0  # to end the workers and remove temporary files
AGAIN_SECONDS = 0.05

# Called when a command ends of itself, for what would otherwise take its time.
at_end: list[Callable[[], None]] = []

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_Handler = Callable[[int, FrameType | None], None]


class Stopped(KeyboardInterrupt):
    """A signal, whose number is the argument, has told the command to stop."""


def end_on_signal() -> None:
    """From here on a signal ends the process with one line: there is nothing yet to undo.

    A signal that is ignored stays ignored, as under nohup.
    """
    _handle(_end)


@contextmanager
def orderly(line: str = STOPPED) -> Iterator[None]:
    """Within, a signal raises Stopped, so that all is undone on the way; then `line` is printed.

    At the end of the block the functions of `at_end` are called.

    The exit code is 128 and the signal's number: 130 for Ctrl-C, 143 for TERM, 129 for HUP. A second signal,
    or three seconds, end the process as it is.
    """
    stop = _Stop(line)
    before: dict[int, Any] = {}
    hook = sys.unraisablehook
    try:
        sys.unraisablehook = stop.on_ignored
        before = _handle(stop.on_signal)
        yield
        for function in at_end:
            function()
    except BaseException as error:
        if stop.signal is None and isinstance(error, KeyboardInterrupt):
            stop.signal = signal.SIGINT
        if stop.signal is None:
            raise
        # Where an import, say, has caught Stopped, another error may come of it: the signal is its cause.
        stop.print_line()
        sys.exit(128 + stop.signal)
    finally:
        sys.unraisablehook = hook
        if stop.signal is None:
            for number, handler in before.items():
                # With nothing left to do, the process ends as it was about to.
                signal.signal(number, signal.SIG_IGN if handler is _end else handler)


class _Stop:
    """What a signal does within `orderly`."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.signal: int | None = None
        self.ignored = self.printed = False

    def on_signal(self, number: int, _: FrameType | None) -> None:
        if self.signal is not None and not self.ignored:
            self.leave()
        if self.signal is None:
            self.signal = number
            guard = threading.Timer(GRACE_SECONDS, self.leave)
            guard.daemon = True
            guard.start()
        self.ignored = False
        raise Stopped(number)

    def on_ignored(self, ignored: "sys.UnraisableHookArgs") -> None:
        """Python cannot raise an exception out of a finalizer. It is raised again outside of it."""
        if not issubclass(ignored.exc_type, Stopped):
            sys.__unraisablehook__(ignored)
            return
        self.ignored = True
        again = threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), self.signal))
        again.daemon = True
        again.start()

    def print_line(self) -> None:
        if not self.printed:
            self.printed = True
            _print(self.line)

    def leave(self) -> None:
        self.print_line()
        os._exit(128 + (self.signal or signal.SIGINT))


def _end(number: int, _: FrameType | None) -> None:
    _print(STOPPED)
    os._exit(128 + number)


def _print(line: str) -> None:
    with suppress(OSError, ValueError):  # nobody reads it any more
        os.write(2, f"{line}\n".encode())


def _handle(handler: _Handler) -> dict[int, Any]:
    """Set the handler of all signals that are not ignored or somebody else's; those before, by number."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler, _end):
                before[number] = signal.signal(number, handler)
    return before


# BLAS libraries read these when they are loaded: set them before NumPy is imported.
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
