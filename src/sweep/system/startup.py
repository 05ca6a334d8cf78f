"""Stop a command in one line, without a traceback, on Ctrl-C or the signals TERM and HUP.

A command calls `exit_on_signal` before it imports anything else, because a signal may come during the
imports. That is why this module imports next to nothing. Once there is something to undo, `graceful_exit`
takes over.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

# BLAS libraries read these when they are loaded: set them before NumPy is imported. One thread for each
# matrix product is faster with several workers, and gives the same bits with any number of them.
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)

STOPPED = "stopped; what is stored stays, the same command goes on from there"
GRACE_SECONDS = 3.0  # to end the workers and remove temporary files
AGAIN_SECONDS = 0.05

# Called when a command ends normally, to do quickly what would otherwise be slow at exit.
exit_callbacks: list[Callable[[], None]] = []

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_Handler = Callable[[int, FrameType | None], None]


class Stopped(KeyboardInterrupt):
    """A request to stop the command; its argument is the number of the signal."""


def exit_on_signal() -> None:
    """Let a signal end the process with one line from now on, as there is nothing to undo yet.

    A signal that is ignored stays ignored, as under nohup.
    """
    _handle(_exit)


@contextmanager
def graceful_exit(line: str = STOPPED) -> Iterator[None]:
    """Raise Stopped on a signal within the block, so that everything is undone; then print `line` and exit.

    The exit code is 128 plus the signal's number: 130 for Ctrl-C, 143 for TERM, 129 for HUP. A second signal,
    or three seconds, end the process as it is. If the block ends normally, `exit_callbacks` are called.
    """
    stop = _Stop(line)
    previous: dict[int, Any] = {}
    hook = sys.unraisablehook
    try:
        sys.unraisablehook = stop.on_unraisable
        previous = _handle(stop.on_signal)
        yield
        for function in exit_callbacks:
            function()
    except BaseException as error:
        if stop.signal is None and isinstance(error, KeyboardInterrupt):
            stop.signal = signal.SIGINT
        if stop.signal is None:
            raise
        # An import, say, may have caught Stopped and raised another error: the signal is still the cause.
        stop.print_line()
        sys.exit(128 + stop.signal)
    finally:
        sys.unraisablehook = hook
        if stop.signal is None:
            for number, handler in previous.items():
                # Nothing is left to undo: let the process end as it was about to.
                signal.signal(number, signal.SIG_IGN if handler is _exit else handler)


class _Stop:
    """The reaction to signals within `graceful_exit`."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.signal: int | None = None
        self.lost = self.printed = False

    def on_signal(self, number: int, _: FrameType | None) -> None:
        if self.signal is not None and not self.lost:
            self.exit_now()
        if self.signal is None:
            self.signal = number
            guard = threading.Timer(GRACE_SECONDS, self.exit_now)
            guard.daemon = True
            guard.start()
        self.lost = False
        raise Stopped(number)

    def on_unraisable(self, unraisable: "sys.UnraisableHookArgs") -> None:
        """Send the signal again if Stopped was lost in a finalizer, from which Python cannot raise."""
        if not issubclass(unraisable.exc_type, Stopped):
            sys.__unraisablehook__(unraisable)
            return
        self.lost = True
        again = threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), self.signal))
        again.daemon = True
        again.start()

    def print_line(self) -> None:
        if not self.printed:
            self.printed = True
            _print(self.line)

    def exit_now(self) -> None:
        self.print_line()
        # Not sys.exit, which in the timer's thread would end only that thread.
        os._exit(128 + (self.signal or signal.SIGINT))


def _exit(number: int, _: FrameType | None) -> None:
    _print(STOPPED)
    os._exit(128 + number)


def _print(line: str) -> None:
    with suppress(OSError, ValueError):  # nobody reads it any more
        # Not print, which cannot be entered again if the signal came in the middle of it.
        os.write(2, f"{line}\n".encode())


def _handle(handler: _Handler) -> dict[int, Any]:
    """Set the handler of all signals that have a default handler; return the previous ones, by number."""
    previous = {}
    # Python lets only the main thread set handlers.
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler, _exit):
                previous[number] = signal.signal(number, handler)
    return previous
