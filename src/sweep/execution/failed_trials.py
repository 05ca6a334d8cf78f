"""The trials of a sweep that failed: written down beside the records, and told at the end."""

import shlex
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from rich.console import Console

from sweep.config.wording import show
from sweep.errors import ExecutionError
from sweep.execution.plan import Cell, Plan
from sweep.execution.worker import FailedSeed
from sweep.records import failures
from sweep.records.failures import Failure

SHOWN = 10  # failed trials that are named


class FailedTrials:
    """The trials of a sweep that failed so far."""

    def __init__(self) -> None:
        self.trials: list[tuple[Cell, FailedSeed]] = []

    def add(self, cell: Cell, failed: Iterable[FailedSeed]) -> None:
        """Take note of failed seeds of a cell, in the store, too.

        That a folder is full or cannot be written says nothing of the trial, and is not stored.
        """
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        for each in failed:
            self.trials.append((cell, each))
            if not each.of_folder:
                failure = Failure(cell.id, each.seed, each.reason, each.trace, when, cell.settings())
                with suppress(OSError):
                    failures.write(cell.results, failure)

    def tell(self, plan: Plan, console: Console) -> None:
        """Print a line for each trial of the plan that failed. Raises ExecutionError if any did."""
        if not self.trials:
            return
        # A defect of the program comes first: its traceback is worth more than, say, that a disk is full.
        trials = sorted(self.trials, key=lambda pair: not pair[1].defect)
        first = trials[0][1]
        if first.defect:
            console.print(first.trace, markup=False, highlight=False)
        own = [(cell, each) for cell, each in trials if not each.of_folder]
        swept = {cell.id: values for cell, values in zip(plan.cells, plan.swept[1], strict=True)}
        for cell, each in own[:SHOWN]:
            settings = " ".join(f"{key}={show(value)}" for key, value in swept[cell.id].items())
            line = f"failed: cell {cell.id} {settings}".rstrip() + f", seed {each.seed}: {each.reason}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if own:
            more = f"{len(own) - SHOWN} more failed; " if len(own) > SHOWN else ""
            status = f"python -m sweep.status {shlex.quote(plan.cells[0].config.results)}"
            console.print(f"{more}{status} shows them, the same command tries them again", soft_wrap=True)
        reason = f"{first.reason}; the traceback is above" if first.defect else first.reason
        raise ExecutionError(f"{len(trials)} of {plan.missing} trials failed, the first: {reason}")
