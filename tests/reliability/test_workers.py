"""Workers that die, and trials that fail: all others finish, and what failed is listed with its cause."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from sweep.store import layout, state

from .driver import SIXTY, driver, weights
from .scale import Count

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")

# An initializer that does something to its process for seed 1, and notes that it was asked to.
EXTENSION = """
import os, signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import sweep
from sweep.nn.initializers import Initializer
from sweep.core.setting import setting


@sweep.register("initializer", "deadly")
@dataclass(frozen=True)
class Deadly(Initializer):
    end: str = setting("none", "deadly: what happens to the process")

    def weights(self, inputs, outputs, rng):
        seed = rng.bit_generator.seed_seq.spawn_key[0]
        if seed == 1 and self.end != "none":
            with Path("asked").open("a") as file:
                file.write("x")
            if self.end == "exit":
                os._exit(3)
            if self.end == "exception":
                raise ZeroDivisionError("seed 1 is not wanted")
            if self.end == "memory":
                np.zeros(2**60, np.int8)
            os.kill(os.getpid(), getattr(signal, "SIG" + self.end))
        return rng.normal(0, 0.05, (inputs, outputs))
"""
KILLS = 40
CAUSES = {
    "KILL": "its worker process was killed (SIGKILL): out of memory, or by hand",
    "SEGV": "its worker process died (SIGSEGV)",
    "ABRT": "its worker process died (SIGABRT)",
    "exit": "its worker process died (exit code 3)",
    "exception": "ZeroDivisionError: seed 1 is not wanted",
    "memory": "not enough memory",
}
SCALES: dict[str, list[pytest.MarkDecorator]] = {"SEGV": [], "exception": [pytest.mark.slow]}
SMALL = [
    *("hidden=8", "seeds=3", "epochs=1", "figures=false", "data.train_size=200", "data.validation_size=50"),
    *("data.test_size=100", "parallel.n_jobs=2", "parallel.kernels=numpy", "initializer=deadly"),
]


def extended(
    folder: Path, ends: Sequence[str], *more: str, prefix: Sequence[str] = ()
) -> tuple[int, list[str], list[str]]:
    """Sweep over the deeds of the initializer; return the exit code, output and errors."""
    (folder / "deadly.py").write_text(EXTENSION, encoding="utf-8")
    arguments = ["-m", f"initializer_end={','.join(ends)}", "parallel.block_size=3", *SMALL, *more]
    with driver(folder, *arguments, prefix=prefix, SWEEP_EXTENSIONS="deadly") as running:
        return running.ended()


@pytest.mark.parametrize(
    "end",
    [pytest.param(end, marks=SCALES.get(end, [pytest.mark.full])) for end in CAUSES],
)
def test_trial_kills_its_process(tmp_path: Path, end: str, count: Count) -> None:
    """A trial that ends its process costs no other trial."""
    code, output, errors = extended(tmp_path, ["none", end])
    assert code == 1
    (line,) = [line for line in errors if line.startswith("error:")]
    assert line.startswith(f"error: 1 of 6 trials failed, the first: {CAUSES[end]}")
    (failed,) = state.read_failures(tmp_path / "results")
    assert (failed.seed, failed.settings["initializer_end"]) == (1, end)
    assert failed.reason.startswith(CAUSES[end])
    assert any(re.match(rf"failed: cell {failed.cell} .*end={end}, seed 1: ", text) for text in output)
    assert len(weights(tmp_path / "results")) == 5
    assert len((tmp_path / "asked").read_text()) == 2
    if end != "KILL" and end != "exit":
        assert failed.trace is not None
        assert "deadly.py" in failed.trace
    count(f"a trial that ends by {end}", trials=6, stored=5, listed=1)


@pytest.mark.full
def test_failed_trial_is_retried(tmp_path: Path) -> None:
    """A failed trial is tried again by the next run, and then no longer listed."""
    assert extended(tmp_path, ["none", "SEGV"])[0] == 1
    code, _, errors = extended(
        tmp_path, ["none", "SEGV"]
    )  # now a single trial, which must not end the driver
    assert code == 1
    assert errors[-1].startswith("error: 1 of 1 trials failed, the first: its worker process died (SIGSEGV)")
    (failed,) = state.read_failures(tmp_path / "results")
    (sound,) = {cell for cell, _ in weights(tmp_path / "results").index if cell != failed.cell}
    # Another cell with another source would be another cell: so a sound trial is made to have failed.
    (tmp_path / "results" / sound / "1.parquet").unlink()
    content = json.loads(layout.failure_path(tmp_path / "results", failed.cell, 1).read_text())
    layout.failure_path(tmp_path / "results", sound, 1).write_text(json.dumps({**content, "cell": sound}))
    assert len(state.read_failures(tmp_path / "results", [sound])) == 1
    assert extended(tmp_path, ["none"])[0] == 0
    assert (tmp_path / "results" / sound / "1.parquet").is_file()
    assert state.read_failures(tmp_path / "results", [sound]) == []


@pytest.mark.full
def test_trial_kills_its_process_on_one_core(tmp_path: Path) -> None:
    """On one core, too, a trial that ends its process costs no other trial."""
    one_core = ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))]
    code, _, errors = extended(tmp_path, ["SEGV", "none"], "parallel.n_jobs=-1", prefix=one_core)
    assert code == 1
    assert errors[-1].startswith("error: 1 of 6 trials failed, the first: its worker process died (SIGSEGV)")
    assert len(weights(tmp_path / "results")) == 5


@pytest.mark.slow
@pytest.mark.parametrize("retries", [0, pytest.param(2, marks=pytest.mark.full)])
def test_retries(tmp_path: Path, retries: int) -> None:
    """A trial is tried again as often as `parallel.retries` says."""
    code, _, _ = extended(tmp_path, ["none", "exit"], "seeds=[1]", f"parallel.retries={retries}")
    assert code == 1
    assert len((tmp_path / "asked").read_text()) == 1 + retries


@pytest.mark.full
def test_workers_killed(tmp_path: Path, count: Count) -> None:
    """Workers killed at any moment cost nothing but the trials that are listed."""
    with driver(tmp_path, *SIXTY) as running:
        done = 0
        while running.process.poll() is None and done < KILLS:
            time.sleep(0.3)
            number = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)[done % 3]
            for pid in running.workers()[:1]:
                os.kill(pid, number)
                done += 1
        code, output, errors = running.ended()
    stored = weights(tmp_path / "results")
    listed = state.read_failures(tmp_path / "results")
    assert len(stored) + len(listed) == 60
    assert code == (1 if listed else 0)
    assert not any("Traceback" in line for line in output + errors)
    with driver(tmp_path, *SIXTY) as running:
        assert running.ended()[0] == 0
    again = weights(tmp_path / "results")
    assert len(again) == 60
    assert (again[stored.index] == stored).all()
    assert state.read_failures(tmp_path / "results") == []
    count(
        "workers killed (KILL, SEGV, ABRT) in a sweep of 60 trials",
        killed=done,
        stored=len(stored),
        listed=len(listed),
    )


def test_worker_cannot_begin(tmp_path: Path) -> None:
    """A worker that cannot begin is one line."""
    (tmp_path / "picky.py").write_text(
        "import os\n"
        "if 'LOKY' in ''.join(open('/proc/self/cmdline').read().upper()):\n"
        "    raise ImportError('not in a worker')\n" + EXTENSION
    )
    with driver(tmp_path, "-m", "initializer_end=none,other", *SMALL, SWEEP_EXTENSIONS="picky") as running:
        code, output, errors = running.ended()
    assert code == 1
    assert len(errors) == 1, errors
    assert errors[0].startswith("error: a worker process could not begin: ")
    assert not any("Traceback" in line for line in output)
