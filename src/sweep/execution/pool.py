"""All blocks of a sweep through one pool of workers."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import joblib
from rich.console import Console
from threadpoolctl import threadpool_limits

from sweep import files
from sweep.config.schema import ParallelConfig
from sweep.execution.failed_trials import FailedTrials
from sweep.execution.fractions import Fractions
from sweep.execution.plan import Plan
from sweep.execution.progress import ProgressLine
from sweep.execution.provenance import provenance
from sweep.execution.running import running
from sweep.execution.setting_aside import set_aside
from sweep.execution.shared_data import SharedData, shared_data
from sweep.execution.worker import BlockOutcome, FailedSeed, Task, ready, run
from sweep.execution.workers import Death, Workers, result_of
from sweep.records import failures

CELLS = 100  # cells whose functions are compiled beforehand; what others need is compiled with their training


def workers(parallel: ParallelConfig) -> int:
    """The number of workers."""
    return joblib.cpu_count() if parallel.n_jobs < 1 else parallel.n_jobs


def execute(plan: Plan, parallel: ParallelConfig, console: Console) -> None:
    """Train every block of the plan; each worker stores its own records.

    A trial whose process dies is tried again `parallel.retries` times, after all others and with nothing
    beside it. Raises ExecutionError when some trials did not finish; the others are stored.
    """
    if not plan.blocks:
        return
    set_aside(plan, console)
    failed = FailedTrials()
    count, backend = _count(plan, parallel)
    with (
        _nothing_half_written(plan),
        shared_data() as shared,
        threadpool_limits(limits=1, user_api="blas"),
        Workers(count, backend) as pool,
    ):
        fractions = Fractions(shared.folder / "fractions", len(plan.blocks))
        tasks = _tasks(plan, shared, fractions, pool)
        seconds = [block.seconds for block in plan.blocks]
        first = plan.cells[0].config
        with (
            running(Path(first.results), plan.missing, first.experiment, first.name),
            ProgressLine(console, plan.missing, seconds, fractions, count) as line,
        ):
            for task, outcome in _outcomes(tasks, pool, parallel.retries):
                line.finished(outcome.stored)
                failed.add(task.block.cell, outcome.failed)
    failed.tell(plan, console)


def _tasks(plan: Plan, shared: SharedData, fractions: Fractions, pool: Workers) -> list[Task]:
    """What the workers are to do. They import and compile while this process prepares the data."""
    with _starting(pool, plan):
        folders = shared.prepare(block.cell for block in plan.blocks)
        origin = provenance()
    fractions.create()
    crashes = [shared.folder / f"crash-{position}" for position in range(len(plan.blocks))]
    return [
        Task(block, position, folders[block.cell.id], fractions, origin, crash if pool.processes else None)
        for position, (block, crash) in enumerate(zip(plan.blocks, crashes, strict=True))
    ]


def _count(plan: Plan, parallel: ParallelConfig) -> tuple[int, str]:
    """How many workers, and of which kind.

    With n_jobs=1 this process trains, and its crash ends the sweep; so it does with a single block, which
    saves the start of a process, unless it failed before.
    """
    first = plan.blocks[0]
    failed = any(failures.path(first.cell.results, first.cell.id, seed).exists() for seed in first.seeds)
    here = parallel.n_jobs == 1 or (len(plan.blocks) == 1 and not failed)
    return min(workers(parallel), len(plan.blocks)), "serial" if here else parallel.backend


@contextmanager
def _nothing_half_written(plan: Plan) -> Iterator[None]:
    """If what is within is interrupted, remove the records that its workers, ended by then, were writing."""
    try:
        yield
    except BaseException:
        for folder in {block.cell.folder for block in plan.blocks}:
            files.remove_stale(folder)
        raise


@contextmanager
def _starting(pool: Workers, plan: Plan) -> Iterator[None]:
    """Start the workers beside what is done within, and wait for them.

    Each compiles a share of what the plan needs before there is a block for it. Later a worker loads from the
    disk what the others have compiled.
    """
    cells = list({block.cell.id: block.cell for block in plan.blocks}.values())[:CELLS]
    if pool.processes:
        count = len(pool.executors)
        started = [pool.submit(position, ready, cells, position, count) for position in range(count)]
        yield
        for future in started:
            result_of(future)  # a process that died is replaced when there is something to do
        return
    starter = ThreadPoolExecutor(1)
    try:
        compiling = starter.submit(ready, cells, 0, 1)
        yield
        compiling.result()
    finally:
        starter.shutdown(wait=False)


def _outcomes(tasks: Sequence[Task], pool: Workers, retries: int) -> Iterator[tuple[Task, BlockOutcome]]:
    """What became of every block, or of each of its seeds if its process died, as they are done."""
    dead: list[tuple[Task, Death]] = []
    for task, outcome in pool.results(run, tasks):
        if isinstance(outcome, Death):
            dead.append((task, outcome))
        else:
            yield task, outcome
    for task, death in dead:
        for seed in task.block.seeds:
            yield task, _alone(task, seed, death, pool, retries)


def _alone(task: Task, seed: int, death: Death, pool: Workers, retries: int) -> BlockOutcome:
    """What becomes of one seed of a block whose process died; nothing else runs meanwhile."""
    alone = task.seed(seed)
    for _ in range(retries):
        ((_, outcome),) = pool.results(run, [alone])
        if not isinstance(outcome, Death):
            return outcome
        death = outcome
    return BlockOutcome(0, (FailedSeed(seed, death.cause, alone.crash_trace()),))
