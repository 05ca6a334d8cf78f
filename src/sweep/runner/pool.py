"""Train all blocks of a plan in a pool of workers.

`joblib.Parallel` deals out the blocks, one thread to a worker. A worker is a process of loky, or that thread
itself, or this process. Each process is an executor of its own, because an executor with several processes
kills them all when one of them dies, and does not say what that one was doing. With one process each, the
others go on, and the block that the dead process was training is known. Processes of loky, unlike those of
`concurrent.futures`, need no `if __name__ == "__main__"` in a user's script.
"""

import os
import re
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from loky import BrokenProcessPool, ProcessPoolExecutor, cpu_count
from loky.process_executor import TerminatedWorkerError
from rich.console import Console
from threadpoolctl import threadpool_limits

from sweep.config.schema import ParallelConfig
from sweep.core.errors import ExecutionError
from sweep.runner.plan import Plan, set_aside_obstructions
from sweep.runner.progress import FailedTrials, ProgressLine
from sweep.runner.provenance import mark_running, provenance
from sweep.runner.shared_data import SharedData, shared_data
from sweep.runner.worker import (
    BlockOutcome,
    FailedSeed,
    Fractions,
    Task,
    compile_share,
    run_task,
    watch_driver,
)
from sweep.store.layout import failure_path
from sweep.system import files, startup
from sweep.system.startup import ONE_THREAD

CELLS = 100  # cells whose functions are compiled beforehand; what others need is compiled with their training
IDLE_SECONDS = 300  # that a process waits for the next sweep of the same driver

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_waiting: list[Executor] = []  # processes that wait for the next sweep

# loky looks for children of a process before it kills it, and warns if the system has no pgrep.
warnings.filterwarnings("ignore", message="Failed to kill subprocesses", category=UserWarning)
# joblib warns of results that nobody collects when Ctrl-C interrupts the loop over them.
warnings.filterwarnings("ignore", message=r"\d+ tasks (have been|which were)", category=UserWarning)


def worker_count(parallel: ParallelConfig) -> int:
    """Return the number of workers."""
    return cpu_count() if parallel.n_jobs < 1 else parallel.n_jobs


def execute(plan: Plan, parallel: ParallelConfig, console: Console) -> None:
    """Train every block of the plan; each worker stores its own records.

    A trial whose process dies is tried again `parallel.retries` times, after all others and with nothing
    beside it. Raises ExecutionError if some trials did not finish; the others are stored.
    """
    if not plan.blocks:
        return
    set_aside_obstructions(plan, console)
    failed = FailedTrials()
    count, backend = _workers(plan, parallel)
    with (
        # Outermost: files are removed only after the workers that may be writing them have been killed.
        _removing_half_written(plan),
        shared_data() as shared,
        threadpool_limits(limits=1, user_api="blas"),
        Workers(count, backend) as pool,
    ):
        fractions = Fractions(shared.folder / "fractions", len(plan.blocks))
        tasks = _tasks(plan, shared, fractions, pool)
        first = plan.cells[0].config
        with (
            mark_running(Path(first.results), plan.missing, experiment=first.experiment, name=first.name),
            ProgressLine(console, plan, fractions, workers=count) as line,
        ):
            for task, outcome in _outcomes(tasks, pool, parallel.retries):
                line.finished(outcome.stored)
                failed.add(task.block.cell, outcome.failed)
    failed.report(plan, console)


def _workers(plan: Plan, parallel: ParallelConfig) -> tuple[int, str]:
    """Return the number of workers, and their kind.

    With n_jobs=1 this process trains, and its crash ends the sweep. So it does with a single block, which
    saves the start of a process, unless the block failed before.
    """
    first = plan.blocks[0]
    failed = any(failure_path(first.cell.results, first.cell.id, seed).exists() for seed in first.seeds)
    here = parallel.n_jobs == 1 or (len(plan.blocks) == 1 and not failed)
    return min(worker_count(parallel), len(plan.blocks)), "serial" if here else parallel.backend


def _tasks(plan: Plan, shared: SharedData, fractions: Fractions, pool: "Workers") -> list[Task]:
    """Return the tasks of a plan. The workers import and compile while this process prepares the data."""
    with _starting(pool, plan):
        folders = shared.prepare(block.cell for block in plan.blocks)
        origin = provenance()
    fractions.create()
    crashes = [shared.folder / f"crash-{position}" for position in range(len(plan.blocks))]
    return [
        Task(block, position, folders[block.cell.id], fractions, origin, crash if pool.processes else None)
        for position, (block, crash) in enumerate(zip(plan.blocks, crashes, strict=True))
    ]


@contextmanager
def _starting(pool: "Workers", plan: Plan) -> Iterator[None]:
    """Start the workers while the block runs, and wait for them at its end.

    Each compiles a share of the functions that the plan needs. Later a worker loads from the disk what the
    others have compiled.
    """
    cells = list({block.cell.id: block.cell for block in plan.blocks}.values())[:CELLS]
    if pool.processes:
        count = pool.count
        started = [pool.submit(position, compile_share, cells, position, count) for position in range(count)]
        yield
        for future in started:
            _result(future)  # a process that died is replaced when there is something to do
        return
    starter = ThreadPoolExecutor(1)
    try:
        compiling = starter.submit(compile_share, cells, 0, 1)
        yield
        compiling.result()
    finally:
        starter.shutdown(wait=False)


def _outcomes(tasks: Sequence[Task], pool: "Workers", retries: int) -> Iterator[tuple[Task, BlockOutcome]]:
    """Yield the outcome of every block, or of each of its seeds if its process died, as they are done."""
    dead: list[tuple[Task, WorkerDied]] = []
    for task, outcome in pool.results(run_task, tasks):
        if isinstance(outcome, WorkerDied):
            dead.append((task, outcome))
        else:
            yield task, outcome
    # With nothing beside it, a seed whose process ran out of memory has a better chance.
    for task, death in dead:
        for seed in task.block.seeds:
            yield task, _retry(task.for_seed(seed), death, pool, retries)


def _retry(task: Task, death: "WorkerDied", pool: "Workers", retries: int) -> BlockOutcome:
    """Train one seed of a block whose process died; nothing else runs meanwhile."""
    for _ in range(retries):
        outcome = pool.call(run_task, task)
        if not isinstance(outcome, WorkerDied):
            return outcome
        death = outcome
    (seed,) = task.block.seeds
    return BlockOutcome(0, (FailedSeed(seed, death.cause, task.crash_trace()),))


@contextmanager
def _removing_half_written(plan: Plan) -> Iterator[None]:
    """Remove the records that the workers, which have ended, were writing if the block is interrupted."""
    try:
        yield
    except BaseException:
        # BaseException, because Ctrl-C is not an Exception.
        for folder in {block.cell.folder for block in plan.blocks}:
            files.remove_stale(folder)
        raise


@dataclass(frozen=True)
class WorkerDied:
    """The end of the process that ran a task: its cause, in a few words."""

    cause: str


class Workers:
    """A number of workers: processes ("loky"), threads ("threading"), or this process ("serial")."""

    def __init__(self, count: int, backend: str) -> None:
        self.count, self.processes = count, backend == "loky"
        # Processes are started by a thread of their own, which blocks signals and is never interrupted.
        self.starter = ThreadPoolExecutor(1, initializer=_block_signals)
        self.executors: list[Executor] = []
        self.idle: SimpleQueue[int] = SimpleQueue()  # positions of executors
        if self.processes:
            # Processes of an earlier sweep need not be started again.
            self.executors = [_waiting.pop() if _waiting else _process() for _ in range(count)]
            for position in range(count):
                self.idle.put(position)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.starter.shutdown()  # from now on, no thread can start a process
        if kind is None:
            _waiting.extend(self.executors)
        else:  # whatever they are doing
            _kill(self.executors)

    def results(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Iterator[tuple[_Item, _Result | WorkerDied]]:
        """Yield each item with the result of `function`, in the order in which they are done.

        Raises ExecutionError if a worker cannot import what it needs.
        """
        from joblib import Parallel, delayed  # takes long to load, and a finished sweep does not need it

        def pair(item: _Item) -> tuple[_Item, _Result | WorkerDied]:
            return item, self.call(function, item)

        # In threads, even of processes: each only waits for its worker, whose death is then one item's
        # result. With a single worker, joblib calls `pair` in this thread.
        parallel = Parallel(self.count, backend="threading", batch_size=1, return_as="generator_unordered")
        yield from parallel(delayed(pair)(item) for item in items)

    def call(self, function: Callable[[_Item], _Result], item: _Item) -> _Result | WorkerDied:
        """Return the result of `function` for an item, from an idle worker, or how its process died.

        Raises ExecutionError if the worker cannot import what it needs.
        """
        if not self.processes:
            return function(item)
        position = self.idle.get()
        try:
            return _result(self.submit(position, function, item))
        finally:
            self.idle.put(position)

    def submit(self, position: int, function: Callable[..., _Result], *arguments: Any) -> Future[_Result]:
        """Submit a call to the process at a position. One that died while it was idle is replaced."""
        # In the starter's thread, because submitting may start a process.
        return self.starter.submit(self._submit, position, function, *arguments).result()

    def _submit(self, position: int, function: Callable[..., _Result], *arguments: Any) -> Future[_Result]:
        try:
            return self.executors[position].submit(function, *arguments)
        except BrokenProcessPool:
            self.executors[position] = _process()
            return self.executors[position].submit(function, *arguments)


def _result(future: Future[_Result]) -> _Result | WorkerDied:
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        if not isinstance(error, TerminatedWorkerError) and error.__cause__ is not None:
            # Not the death of a process but a failed start, which a retry would not mend.
            lines = str(error.__cause__).strip('"\n ').splitlines()
            raise ExecutionError(f"a worker process could not begin: {lines[-1]}") from error
        return WorkerDied(_cause(str(error)))
    return future.result()


def _cause(message: str) -> str:
    """Return why a process died, from loky's message with its exit code: {SIGKILL(-9)} or {EXIT(3)}."""
    match = re.search(r"\{(\w+)\((-?\d+)\)", message)
    if match is None:
        return "its worker process died"
    name, code = match.groups()
    if name == "SIGKILL":
        return "its worker process was killed (SIGKILL): out of memory, or by hand"
    return f"its worker process died ({name if int(code) < 0 else f'exit code {code}'})"


def _process() -> Executor:
    executor: Executor = ProcessPoolExecutor(
        1, timeout=IDLE_SECONDS, initializer=watch_driver, initargs=(os.getpid(),), env=ONE_THREAD
    )
    return executor


def _block_signals() -> None:
    """Hide Ctrl-C and the end of a terminal from processes that this thread starts.

    These signals reach the whole process group, and a process begins with the blocked signals of the thread
    that starts it. The driver gets them as well, and ends the processes.
    """
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # if it were started later, it would unblock Ctrl-C
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})


def _kill(executors: Sequence[Executor]) -> None:
    if executors:
        # All at once, because each call waits until its process has ended.
        with ThreadPoolExecutor(len(executors)) as killers:
            list(killers.map(_kill_one, executors))


def _kill_one(executor: Executor) -> None:
    executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg] # of loky


def _kill_waiting() -> None:
    """Kill the processes that wait for a next sweep: to end normally they take half a second."""
    _kill(_waiting)
    _waiting.clear()


startup.exit_callbacks.append(_kill_waiting)
