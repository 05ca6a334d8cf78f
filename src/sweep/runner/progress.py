"""Show how far a sweep is while its trials run, and which of them failed."""

import shlex
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from sweep.core.errors import ExecutionError
from sweep.core.formats import duration, typed_value
from sweep.runner.plan import Cell, Plan
from sweep.runner.worker import FailedSeed, Fractions
from sweep.store import state
from sweep.store.state import Failure

PLAIN_SECONDS = 10.0  # between two lines, if the output is not a terminal
SHOWN = 10  # failed trials that are named


class ProgressLine:
    """The trials done and the time left: a live line on a terminal, elsewhere a line now and then."""

    def __init__(self, console: Console, plan: Plan, fractions: Fractions, *, workers: int) -> None:
        seconds = [block.seconds for block in plan.blocks]
        self.console, self.trials, self.fractions = console, plan.missing, fractions
        self.weights = np.array(seconds) / sum(seconds)
        # However many workers there are, no sweep is shorter than its longest block.
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
        # The thread prints, too, so it must be over before the last line.
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
        if fraction > 0.02:  # before, the plan's estimate is better than what was measured
            left = self._elapsed() * (1 - fraction) / fraction
        ahead = f", about {duration(left)} left" if left >= 1 else ""
        return f"{self.done} of {self.trials} trials, {fraction:.0%}{ahead}"

    def _elapsed(self) -> float:
        return time.monotonic() - self.start


class FailedTrials:
    """The trials of a sweep that have failed so far."""

    def __init__(self) -> None:
        self.trials: list[tuple[Cell, FailedSeed]] = []

    def add(self, cell: Cell, failed: Iterable[FailedSeed]) -> None:
        """Add failed seeds of a cell, and write their failures to the store.

        A full or read-only folder is not the trial's fault, and is not written down.
        """
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        for seed in failed:
            self.trials.append((cell, seed))
            if not seed.storage:
                failure = Failure(cell.id, seed.seed, seed.reason, seed.trace, when, cell.settings())
                # The failure is only a note: if it cannot be stored, the sweep goes on.
                with suppress(OSError):
                    state.write_failure(cell.results, failure)

    def report(self, plan: Plan, console: Console) -> None:
        """Print a line for each trial of the plan that failed. Raises ExecutionError if any did."""
        if not self.trials:
            return
        # A defect of the program comes first: its traceback is worth more than, say, that a disk is full.
        trials = sorted(self.trials, key=lambda trial: not trial[1].defect)
        first = trials[0][1]
        if first.defect:
            # A traceback may hold square brackets, which rich would read as markup.
            console.print(first.trace, markup=False, highlight=False)
        listed = [(cell, seed) for cell, seed in trials if not seed.storage]
        swept = {cell.id: values for cell, values in zip(plan.cells, plan.swept[1], strict=True)}
        for cell, seed in listed[:SHOWN]:
            settings = " ".join(f"{key}={typed_value(value)}" for key, value in swept[cell.id].items())
            line = f"failed: cell {cell.id} {settings}".rstrip() + f", seed {seed.seed}: {seed.reason}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if listed:
            more = f"{len(listed) - SHOWN} more failed; " if len(listed) > SHOWN else ""
            status = f"sweep status {shlex.quote(plan.cells[0].config.results)}"
            console.print(f"{more}`{status}` lists them; the same command tries them again", soft_wrap=True)
        reason = f"{first.reason}; the traceback is above" if first.defect else first.reason
        raise ExecutionError(f"{len(trials)} of {plan.missing} trials failed, the first: {reason}")
