"""A checkout that trains in a process of its own, as long as this one asks it to."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sweep.system.startup import ONE_THREAD

HERE = Path(__file__).parents[1]  # this checkout


class Checkout:
    """`benchmarks/worker.py` in another process, with the `sweep` of a checkout or of a Python.

    `path` is the root of a checkout, run by this Python, or else a Python that has `sweep`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # In an empty folder, because conf/ and sweeps/ of the working folder would count as well.
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            self.process = stack.enter_context(
                subprocess.Popen(
                    [self._python(), "-P", HERE / "benchmarks" / "worker.py"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=folder,
                    env=self._environment(),
                )
            )
            self.sweep = Path(self._answer()["sweep"]).parent
            self._ending = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def train(self, settings: dict[str, Any], seeds: int) -> dict[str, Any]:
        """Train a block in the other process and return the answer of `worker.train`."""
        assert self.process.stdin is not None
        print(json.dumps({"settings": settings, "seeds": seeds}), file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.path}: its process has ended, exit code {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _python(self) -> str:
        return sys.executable if self.path.is_dir() else str(self.path.absolute())

    def _environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | ONE_THREAD
        if self.path.is_dir():
            environment["PYTHONPATH"] = str(self.path.resolve() / "src")
        return environment
