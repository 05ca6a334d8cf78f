"""All blocks of a sweep through one pool of workers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError
from rich.console import Console
from threadpoolctl import threadpool_limits

from sweep.config.schema import ParallelConfig
from sweep.errors import ExecutionError
from sweep.execution.fractions import Fractions
from sweep.execution.plan import Plan
from sweep.execution.progress import ProgressLine
from sweep.execution.provenance import provenance
from sweep.execution.shared_data import shared_data
from sweep.execution.worker import BlockOutcome, Failure, Task, ready, run

CELLS = 100  # cells whose functions are compiled beforehand; what others need is compiled with their training


def workers(parallel: ParallelConfig) -> int:
    """The number of worker processes."""
    return joblib.cpu_count() if parallel.n_jobs < 1 else parallel.n_jobs


def execute(plan: Plan, parallel: ParallelConfig, console: Console) -> None:
    """Train every block of the plan; each worker stores its own records.

    Raises ExecutionError when some trials did not finish; the others are stored.
    """
    if not plan.blocks:
        return
    with shared_data() as shared, threadpool_limits(limits=1, user_api="blas"):
        count = min(workers(parallel), len(plan.blocks))
        # Workers import and compile while this process prepares the data and asks git for the revision.
        with _starting(count, parallel.backend, plan):
            folders = shared.prepare(block.cell for block in plan.blocks)
            origin = provenance()
        fractions = Fractions(shared.folder / "fractions", len(plan.blocks))
        fractions.create()
        tasks = [
            Task(block, position, folders[block.cell.id], fractions, origin)
            for position, block in enumerate(plan.blocks)
        ]
        seconds = [block.seconds for block in plan.blocks]
        failures: list[Failure] = []
        with ProgressLine(console, plan.missing, seconds, fractions, count) as line:
            try:
                for outcome in _outcomes(tasks, count, parallel.backend):
                    line.finished(outcome.stored)
                    if outcome.failure is not None:
                        failures.append(outcome.failure)
            except BrokenProcessPool as error:
                raise ExecutionError(_interrupted(_reason(error), plan, line.done)) from error
    if failures:
        # A failure with a traceback is a defect of the program. It is reported rather than, say, a full disk.
        first = next((failure for failure in failures if failure.trace is not None), failures[0])
        if first.trace is not None:
            console.print(first.trace, markup=False, highlight=False)
        raise ExecutionError(
            f"{plan.missing - line.done} of {plan.missing} trials failed, the first: {first.reason}"
        )


def _outcomes(tasks: list[Task], count: int, backend: str) -> Iterator[BlockOutcome]:
    if count == 1:
        yield from map(run, tasks)
        return
    parallel = joblib.Parallel(
        n_jobs=count, backend=backend, batch_size=1, pre_dispatch="all", return_as="generator_unordered"
    )
    yield from parallel(joblib.delayed(run)(task) for task in tasks)


@contextmanager
def _starting(count: int, backend: str, plan: Plan) -> Iterator[None]:
    """Start the workers beside what is done within, and wait for them."""
    with ThreadPoolExecutor(1) as starter:
        starting = starter.submit(_start, count, backend, plan)
        yield
        try:
            starting.result()
        except BrokenProcessPool as error:
            raise ExecutionError(_interrupted(_reason(error), plan, 0)) from error


def _start(count: int, backend: str, plan: Plan) -> None:
    """Start the workers, and have each compile a share of what the plan needs before there is a block for it.

    Later a worker loads from the disk what the others have compiled.
    """
    cells = list({block.cell.id: block.cell for block in plan.blocks}.values())[:CELLS]
    if count == 1 or backend != "loky":
        ready(cells, 0, 1)
        return
    joblib.Parallel(n_jobs=count, backend=backend, batch_size=1, pre_dispatch="all")(
        joblib.delayed(ready)(cells, position, count) for position in range(count)
    )


def _reason(error: BrokenProcessPool) -> str:
    """Why the pool broke: a worker was killed, or could not import what the user has registered."""
    if isinstance(error, TerminatedWorkerError) or error.__cause__ is None:
        return "a worker process died (out of memory, or killed)"
    lines = str(error.__cause__).strip('"\n ').splitlines()
    return f"a worker process could not begin: {lines[-1]}"


def _interrupted(reason: str, plan: Plan, done: int) -> str:
    return f"{reason}: {done} of {plan.missing} trials are stored; the same command goes on from there"
