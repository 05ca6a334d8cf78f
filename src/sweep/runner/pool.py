"""The workers of a sweep: executors of one worker each, so that a process that dies costs only what it ran.

An executor with several processes kills them all when one of them dies, and does not say what that one was
doing. With one process each, the others go on, and the block that the dead process was training is known.
The processes are those of loky, joblib's own, which need no `if __name__ == "__main__"` in a user's script.

[failed_trials] The trials of a sweep that failed: written down beside the records, and told at the end.

[setting_aside] Files in the places of a plan's missing trials that are no records of them are kept, under
another name.

[pool] All blocks of a sweep through one pool of workers.
"""

import os
import re
import shlex
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, TypeVar

import joblib
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError
from rich.console import Console
from threadpoolctl import threadpool_limits

from sweep.config.schema import ParallelConfig
from sweep.core.errors import ExecutionError
from sweep.core.formats import plural, typed_value
from sweep.runner.plan import Cell, Plan
from sweep.runner.progress import ProgressLine
from sweep.runner.provenance import provenance
from sweep.runner.running import running
from sweep.runner.shared_data import SharedData, shared_data
from sweep.runner.worker import BlockOutcome, FailedSeed, Fractions, Task, ready, run
from sweep.store import layout, state
from sweep.store.state import Failure, survey
from sweep.system import files, startup
from sweep.system.startup import ONE_THREAD

IDLE_SECONDS = 300  # that a process waits for the next sweep of the same driver
WATCH_SECONDS = 0.5  # between two looks of a worker whether its driver still lives

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_waiting: list[Executor] = []  # processes that wait for the next sweep

# loky looks for children of a process before it kills it, and warns where the system has no pgrep.
warnings.filterwarnings("ignore", message="Failed to kill subprocesses", category=UserWarning)


@dataclass(frozen=True)
class WorkerDied:
    """The end of the process that ran a task: its cause, in a few words."""

    cause: str


class InProcess(Executor):
    """Runs what it is given in this process, at once."""

    def submit(self, fn: Callable[..., _Result], /, *args: Any, **kwargs: Any) -> Future[_Result]:
        """A future that is already done."""
        future: Future[_Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Workers:
    """So many workers: processes ("loky"), threads ("threading"), or this process ("serial")."""

    def __init__(self, count: int, backend: str) -> None:
        self.begin: Callable[[], Executor] = {
            "loky": _process,
            "threading": lambda: ThreadPoolExecutor(1),
            "serial": InProcess,
        }[backend]
        self.processes = backend == "loky"
        # Processes are started by a thread of their own: it holds signals back, and is never interrupted.
        self.starter = ThreadPoolExecutor(1, initializer=_hold_signals_back)
        self.executors = [self._idle() or self.begin() for _ in range(count)]

    def _idle(self) -> Executor | None:
        return _waiting.pop() if self.processes and _waiting else None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.starter.shutdown()
        if not self.processes:
            for executor in self.executors:
                executor.shutdown(wait=False, cancel_futures=True)
        elif kind is None:
            _waiting.extend(self.executors)
        else:  # whatever they are doing
            _kill(self.executors)

    def submit(self, position: int, function: Callable[..., _Result], *arguments: Any) -> Future[_Result]:
        """Give a worker something to do. One that died while it had nothing to do is replaced."""
        if not self.processes:
            return self.executors[position].submit(function, *arguments)
        return self.starter.submit(self._submit, position, function, *arguments).result()

    def _submit(self, position: int, function: Callable[..., _Result], *arguments: Any) -> Future[_Result]:
        try:
            return self.executors[position].submit(function, *arguments)
        except BrokenProcessPool:
            self.executors[position] = self.begin()
            return self.executors[position].submit(function, *arguments)

    def results(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Iterator[tuple[_Item, _Result | WorkerDied]]:
        """What `function` returns for each item, in the order in which they are done.

        Raises ExecutionError if a worker cannot import what it needs.
        """
        waiting, free = deque(items), list(range(len(self.executors)))
        running: dict[Future[_Result], tuple[int, _Item]] = {}
        while waiting or running:
            while waiting and free:
                position, item = free.pop(), waiting.popleft()
                running[self.submit(position, function, item)] = position, item
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                position, item = running.pop(future)
                free.append(position)
                result = result_of(future)
                yield item, result


def result_of(future: Future[_Result]) -> _Result | WorkerDied:
    """The result of a future that is done, or how the process died that should have computed it.

    Raises ExecutionError if a worker cannot import what it needs.
    """
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        if not isinstance(error, TerminatedWorkerError) and error.__cause__ is not None:
            lines = str(error.__cause__).strip('"\n ').splitlines()
            raise ExecutionError(f"a worker process could not begin: {lines[-1]}") from error
        return WorkerDied(_cause(str(error)))
    return future.result()


def _cause(message: str) -> str:
    """Why a process died, from loky's message, which has its exit code: {SIGKILL(-9)} or {EXIT(3)}."""
    found = re.search(r"\{(\w+)\((-?\d+)\)", message)
    if found is None:
        return "its worker process died"
    name, code = found.groups()
    if name == "SIGKILL":
        return "its worker process was killed (SIGKILL): out of memory, or by hand"
    return f"its worker process died ({name if int(code) < 0 else f'exit code {code}'})"


def _process() -> Executor:
    executor: Executor = ProcessPoolExecutor(
        1, timeout=IDLE_SECONDS, initializer=_begin, initargs=(os.getpid(),), env=ONE_THREAD
    )
    return executor


def _begin(driver: int) -> None:
    """What a worker process does first: it sees to it that it ends when its driver does."""
    threading.Thread(target=_end_with, args=(driver,), daemon=True).start()


def _end_with(driver: int) -> None:
    # Signals would be quicker, but a parent-death signal comes when the thread ends that started the process,
    # and not every system has one. Engines release the GIL, so this thread runs beside them.
    while os.name != "posix" or os.getppid() == driver:
        time.sleep(WATCH_SECONDS)
    os._exit(1)


def _hold_signals_back() -> None:
    """Let processes that this thread starts never see Ctrl-C or the end of a terminal.

    These reach the whole process group, and a process begins with the blocked signals of the thread that
    starts it. The driver, which is told as well, ends it.
    """
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # where it is started later, it lets Ctrl-C through again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})


def _kill(executors: Sequence[Executor]) -> None:
    with ThreadPoolExecutor(len(executors)) as enders:
        list(enders.map(_kill_one, executors))


def _kill_one(executor: Executor) -> None:
    executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg] # of loky


def _end_waiting() -> None:
    """End the processes that wait for a next sweep: of themselves they take half a second."""
    if _waiting:
        _kill(_waiting)
        _waiting.clear()


startup.at_end.append(_end_waiting)


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
                    state.write(cell.results, failure)

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
            settings = " ".join(f"{key}={typed_value(value)}" for key, value in swept[cell.id].items())
            line = f"failed: cell {cell.id} {settings}".rstrip() + f", seed {each.seed}: {each.reason}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if own:
            more = f"{len(own) - SHOWN} more failed; " if len(own) > SHOWN else ""
            status = f"python -m sweep.status {shlex.quote(plan.cells[0].config.results)}"
            console.print(f"{more}{status} shows them, the same command tries them again", soft_wrap=True)
        reason = f"{first.reason}; the traceback is above" if first.defect else first.reason
        raise ExecutionError(f"{len(trials)} of {plan.missing} trials failed, the first: {reason}")


def set_aside(plan: Plan, console: Console) -> None:
    """Rename these files before the trials are trained, and say so in one line.

    Raises StoreError if one cannot be renamed.
    """
    # Looked at again: another process may have put records in their places since the plan was made.
    cells = {file.parent.name for file in plan.obstructions}
    found = survey(plan.cells[0].results, cells) if cells else ()
    files = [file for each in found for file in each.obstructions(plan.missing_seeds[each.cell])]
    moved = [new for file in files if (new := layout.set_aside(file)) is not None]
    if moved:
        _say("set aside", moved, console)


def announce(plan: Plan, console: Console) -> None:
    """Say in one line which files of a plan would be renamed."""
    if plan.obstructions:
        _say("counted as missing", plan.obstructions, console)


def _say(what: str, files: Sequence[Path], console: Console) -> None:
    count = plural(len(files), "file")
    others = f" and {len(files) - 1} more" if len(files) > 1 else ""
    console.print(f"{count} damaged or of another trial, {what}: {files[0]}{others}", soft_wrap=True)


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
    failed = any(state.path(first.cell.results, first.cell.id, seed).exists() for seed in first.seeds)
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
    dead: list[tuple[Task, WorkerDied]] = []
    for task, outcome in pool.results(run, tasks):
        if isinstance(outcome, WorkerDied):
            dead.append((task, outcome))
        else:
            yield task, outcome
    for task, death in dead:
        for seed in task.block.seeds:
            yield task, _alone(task, seed, death, pool, retries)


def _alone(task: Task, seed: int, death: WorkerDied, pool: Workers, retries: int) -> BlockOutcome:
    """What becomes of one seed of a block whose process died; nothing else runs meanwhile."""
    alone = task.seed(seed)
    for _ in range(retries):
        ((_, outcome),) = pool.results(run, [alone])
        if not isinstance(outcome, WorkerDied):
            return outcome
        death = outcome
    return BlockOutcome(0, (FailedSeed(seed, death.cause, alone.crash_trace()),))
