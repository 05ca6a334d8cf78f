"""A driver as a real process, and all that it started, known by a mark of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pandas as pd

import sweep

GONE_SECONDS = 5.0
ROOT = sys.platform != "win32" and os.geteuid() == 0
# The same user, who owns all files of a test, but without root's right to pass over permissions.
NO_OVERRIDE = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if ROOT else []
# 60 trials of 12 cells, each of some hundredths of a second.
WIDTHS = ",".join(str(width) for width in range(4, 28, 2))
SIXTY = [
    *("-m", f"hidden={WIDTHS}", "seeds=5", "epochs=2", "figures=false", "data.train_size=2000"),
    *("data.validation_size=100", "data.test_size=200", "parallel.n_jobs=2", "parallel.kernels=numpy"),
]


@dataclass
class Driver:
    """A running `python -m sweep`, whose TMPDIR is a folder of its own."""

    process: "subprocess.Popen[str]"
    mark: str
    temporary: Path
    output: Path
    errors: Path

    def alive(self) -> list[int]:
        """Return the processes that carry the driver's mark and still run."""
        pids = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                marked = self.mark.encode() in (folder / "environ").read_bytes()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if marked and state not in "ZX":
                pids.append(int(folder.name))
        return pids

    def wait_until_ready(self) -> None:
        """Wait until Python has started and our own code runs, which has set its handlers of signals."""
        status = Path(f"/proc/{self.process.pid}/status")
        while self.process.poll() is None:
            (caught,) = [line for line in status.read_text().splitlines() if line.startswith("SigCgt")]
            if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
                return
            time.sleep(0.001)

    def workers(self) -> list[int]:
        """Return the processes that train for the driver, the busiest first."""
        used = {}
        for pid in self.alive():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_text()
                ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
            except OSError:
                continue
            if "popen_loky" in command:
                used[pid] = ticks
        return sorted(used, key=lambda pid: -used[pid])

    def still_there(self, seconds: float = GONE_SECONDS) -> int:
        """Return how many processes are alive after these seconds; 0 as soon as none is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.alive():
                return 0
            time.sleep(0.05)
        return len(self.alive())

    def ended(self, seconds: float = 120) -> tuple[int, list[str], list[str]]:
        """Wait for the end; return the exit code, the lines of the output and those of the errors."""
        code = self.process.wait(seconds)
        return code, self.output.read_text().splitlines(), self.errors.read_text().splitlines()

    def left(self) -> list[str]:
        """Return the names of our files in TMPDIR."""
        return sorted(file.name for file in self.temporary.glob("sweep-*"))


@contextmanager
def driver(folder: Path, *arguments: str, prefix: Sequence[str] = (), **variables: str) -> Iterator[Driver]:
    """Run `python -m sweep <arguments>` in `folder`, in a process group of its own as in a terminal."""
    mark, temporary = f"mark-{uuid4().hex}", folder / "tmp"
    temporary.mkdir(exist_ok=True)
    output, errors = folder / "output", folder / "errors"
    environment = {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "160", "SWEEP_TEST_MARK": mark}
    with output.open("w") as out, errors.open("w") as err:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "sweep", *arguments],
            cwd=folder,
            env=environment | variables,
            stdout=out,
            stderr=err,
            text=True,
            start_new_session=True,
            preexec_fn=_with_default_signals,
        )
    running = Driver(process, mark, temporary, output, errors)
    try:
        yield running
    finally:
        for pid in running.alive():
            os.kill(pid, signal.SIGKILL)
        process.wait()


def _with_default_signals() -> None:
    """Set the handlers of a terminal, even if these tests themselves run in the background."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def weights(results: Path) -> "pd.Series[str]":
    """Return the SHA-256 of each trial's weights, by cell and seed."""
    trials = sweep.load(results)
    return trials.set_index(["cell", "seed"])["weights_sha256"].sort_index()


def records(results: Path) -> dict[Path, bytes]:
    """Return the bytes of every record."""
    return {file: file.read_bytes() for file in results.glob("*/*.parquet")}


def temporary_files(folder: Path) -> list[Path]:
    """Return files that were being written."""
    return [file for file in folder.rglob(".*") if file.is_file() and file.parent.name != ".hydra"]
