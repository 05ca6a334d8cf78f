"""The workers of a sweep: executors of one worker each, so that a process that dies costs only what it ran.

An executor with several processes kills them all when one of them dies, and does not say what that one was
doing. With one process each, the others go on, and the block that the dead process was training is known.
The processes are those of loky, joblib's own, which need no `if __name__ == "__main__"` in a user's script.
"""

import os
import re
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError

from sweep import stopping
from sweep.errors import ExecutionError
from sweep.threads import ONE_THREAD

IDLE_SECONDS = 300  # that a process waits for the next sweep of the same driver
WATCH_SECONDS = 0.5  # between two looks of a worker whether its driver still lives

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_waiting: list[Executor] = []  # processes that wait for the next sweep

# loky looks for children of a process before it kills it, and warns where the system has no pgrep.
warnings.filterwarnings("ignore", message="Failed to kill subprocesses", category=UserWarning)


@dataclass(frozen=True)
class Death:
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
    ) -> Iterator[tuple[_Item, _Result | Death]]:
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


def result_of(future: Future[_Result]) -> _Result | Death:
    """The result of a future that is done, or how the process died that should have computed it.

    Raises ExecutionError if a worker cannot import what it needs.
    """
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        if not isinstance(error, TerminatedWorkerError) and error.__cause__ is not None:
            lines = str(error.__cause__).strip('"\n ').splitlines()
            raise ExecutionError(f"a worker process could not begin: {lines[-1]}") from error
        return Death(_cause(str(error)))
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


stopping.at_end.append(_end_waiting)
