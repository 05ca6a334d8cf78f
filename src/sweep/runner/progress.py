"""The progress that is shown while trials run."""

import threading
import time
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from sweep.core.formats import duration
from sweep.runner.worker import Fractions

PLAIN_SECONDS = 10.0  # between two lines, if the output is not a terminal


class ProgressLine:
    """Trials done of all, and the time left: a live line on a terminal, elsewhere a new line now and then."""

    def __init__(
        self, console: Console, trials: int, seconds: Sequence[float], fractions: Fractions, workers: int
    ) -> None:
        self.console, self.trials, self.fractions = console, trials, fractions
        self.weights = np.array(seconds) / sum(seconds)
        self.estimate = max(sum(seconds) / workers, max(seconds))
        self.done = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=20), console=console, transient=True
        )

    def __enter__(self) -> "ProgressLine":
        self.start = self.printed = time.monotonic()
        if self.console.is_terminal:
            self.task = self.bar.add_task(self._text(0.0), total=1.0)
            self.bar.start()
        else:
            self.console.print(self._text(0.0))
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop.set()
        self.thread.join()
        if self.console.is_terminal:
            self.bar.stop()
        self.console.print(f"{self.done} of {self.trials} trials trained in {duration(self._elapsed())}")

    def finished(self, trials: int) -> None:
        """Count trials whose records are stored."""
        self.done += trials

    def _watch(self) -> None:
        while not self.stop.wait(0.25):
            fraction = float(self.weights @ self.fractions.read())
            if self.console.is_terminal:
                self.bar.update(self.task, completed=fraction, description=self._text(fraction))
            elif time.monotonic() - self.printed > PLAIN_SECONDS:
                self.printed = time.monotonic()
                self.console.print(self._text(fraction))

    def _text(self, fraction: float) -> str:
        left = self.estimate
        if fraction > 0.02:
            left = self._elapsed() * (1 - fraction) / fraction
        ahead = f", about {duration(left)} left" if left >= 1 else ""
        return f"{self.done} of {self.trials} trials, {fraction:.0%}{ahead}"

    def _elapsed(self) -> float:
        return time.monotonic() - self.start
