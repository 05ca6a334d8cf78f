"""The same bits however a sweep is run: workers, backend, order, blocks, a kill, Python's hashes, widths.

Each run is a real process; a killed one is killed with its workers, and run again. Of each trial all that its
record holds is compared, weights and curves among it, except for times and where it was trained.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.reliability.scale import Count, scaled

ROOT = Path(__file__).parents[2]
WIDTHS = list(range(1, 18))  # a vector register of either precision, and what is left over
SEEDS = [0, 1, 2]
TRIALS = len(WIDTHS) * len(SEEDS)
ENGINES = {"numpy": "numpy", "compiled": "numba"}
# With one worker there is no pool, whatever the backend.
SCHEDULES = {
    "serial": (1, "loky"),
    **{f"{backend} {n_jobs}": (n_jobs, backend) for backend in ("loky", "threading") for n_jobs in (2, 4)},
}
ORDERS = ("forward", "reversed", "killed and resumed")
BLOCKS = (1, 3, None)  # None: the plan's own
HASHES = (0, 1, 2024)
# What depends on the clock and on the run, not on the seed.
NOT_COMPARED = {"train_seconds", "evaluation_seconds", "block_seeds", "began", "provenance"}

RUNNING = """
import json, sys
from dataclasses import replace
from sweep.config.compose import from_settings
from sweep.runner.plan import make_plan
from sweep.runner.pool import execute, worker_count
from sweep.session import console
for settings, reverse in json.load(sys.stdin):
    configs = from_settings(settings)
    plan = make_plan(configs, worker_count(configs[0].parallel))
    if reverse:
        plan = replace(plan, blocks=plan.blocks[::-1])
    execute(plan, configs[0].parallel, console())
"""


@dataclass(frozen=True)
class Run:
    """One way to run the sweep."""

    engine: str
    schedule: str
    order: str
    block: int | None
    hashes: int

    def job(self, folder: Path) -> tuple[dict[str, Any], bool]:
        """Return the settings of the sweep, and True if its blocks are trained in reverse."""
        n_jobs, backend = SCHEDULES[self.schedule]
        step = -1 if self.order == "reversed" else 1
        settings = {
            "seeds": SEEDS[::step],
            "grid": {"product": {"hidden": WIDTHS[::step]}},
            "results": str(self.results(folder)),
            "parallel": {"n_jobs": n_jobs, "backend": backend, "block_size": self.block}
            | {"kernels": ENGINES[self.engine]},
            "weights": True,
            "epochs": 1,
            "data": {"train_size": 200, "validation_size": 50, "test_size": 50},
        }
        return settings, step < 0

    def results(self, folder: Path) -> Path:
        """Return the folder of its records."""
        return folder / "-".join(map(str, astuple(self))).replace(" ", "_")


EVERY = [Run(*values) for values in product(ENGINES, SCHEDULES, ORDERS, BLOCKS, HASHES)]
SOME = [
    Run("numpy", "serial", "forward", 1, 0),
    Run("numpy", "loky 2", "reversed", None, 0),
    Run("numpy", "threading 2", "killed and resumed", 1, 1),
    Run("compiled", "threading 4", "reversed", 3, 1),
    Run("compiled", "serial", "forward", None, 2024),
]


def start(jobs: Sequence[Any], hashes: int, folder: Path) -> "subprocess.Popen[str]":
    """Start a process, the first of its own group, that runs these jobs one after the other."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNING],
        env={**os.environ, "PYTHONHASHSEED": str(hashes), "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(jobs))
    process.stdin.close()
    return process


def kill_in_the_middle(run: Run, folder: Path) -> bool:
    """Start a run and kill it with its workers; return True if some trials are stored and some are not."""
    results, enough = run.results(folder), random.Random(repr(run)).randrange(1, TRIALS // 2)
    with start([run.job(folder)], run.hashes, folder) as process:
        while len(records(results)) < enough and process.poll() is None:
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGKILL)
    return 0 < len(records(results)) < TRIALS


def records(results: Path) -> list[Path]:
    return list(results.glob("*/*.parquet"))


def digest(file: Path) -> str:
    """Return the SHA-256 of all that a record says of its seed itself."""
    (row,) = pq.read_table(file).to_pylist()
    return hashlib.sha256(
        repr({key: row[key] for key in sorted(row) if key not in NOT_COMPARED}).encode()
    ).hexdigest()


@pytest.mark.slow
@scaled("runs", SOME, EVERY)
def test_same_bits_however_run(runs: list[Run], tmp_path: Path, count: Count) -> None:
    """A trial has the same bits however it is run."""
    if find_spec("numba") is None:
        runs = [run for run in runs if run.engine == "numpy"]
    killed = [run for run in runs if run.order == "killed and resumed"]
    middle = sum(kill_in_the_middle(run, tmp_path) for run in killed)
    for hashes in HASHES:
        jobs = [run.job(tmp_path) for run in runs if run.hashes == hashes]
        with start(jobs, hashes, tmp_path) as process:
            assert process.stdout is not None
            output = process.stdout.read()
        assert process.returncode == 0, output
    digests = defaultdict(set)
    for run in runs:
        files = records(run.results(tmp_path))
        assert len(files) == TRIALS, run
        for file in files:
            digests[run.engine, file.parent.name, file.name].add(digest(file))
    unequal = sum(len(bits) > 1 for bits in digests.values())
    left = [*tmp_path.glob("*/*/.*"), *tmp_path.glob("sweep-data-*")]
    what = "weights and curves of every trial by n_jobs × backend × order × block × hashes × engine"
    count(
        what,
        ways=len(runs),
        trials=len(runs) * TRIALS,
        killed=len(killed),
        in_the_middle=middle,
        unequal=unequal,
        files_left=len(left),
    )
    assert len(digests) == TRIALS * len({run.engine for run in runs})
    assert unequal == 0
    assert left == []
    assert middle > 0
