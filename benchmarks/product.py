"""Whole commands of the product: the main job, start-up, memory, loading many records."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.loading import make_store

from sweep.config.schema import Config, EvaluationConfig
from sweep.data import datasets
from sweep.data.preprocessing import prepare
from sweep.data.settings import DataConfig
from sweep.store.load import load
from sweep.training.problem import Stream, generator, problem_for
from sweep.training.trainer import train_block

MAIN_JOB = ("-m", "hidden=16,128,256")


def one_by_one() -> list[tuple[str, str]]:
    """Time the training of one seed, one example at a time, as in two of the papers, in this process."""
    rows = []
    for what, config in (
        (
            "784-256-10, one example at a time, 2 epochs of 54,000 (published: 209 s)",
            Config(
                hidden=256,
                activation="tanh",
                output="sigmoid",
                loss="mse",
                bias=False,
                batch_size=1,
                learning_rate=0.01,
                epochs=2,
                data=DataConfig(validation_size=6000, normalization="feature"),
                evaluation=EvaluationConfig(parts=["test"]),
            ),
        ),
        (
            "784-16-16-10, one example at a time, 51,419 iterations (published: 110 s)",
            Config(
                hidden=16,
                depth=2,
                activation="sigmoid",
                output="sigmoid",
                loss="mse",
                batch_size=1,
                learning_rate=1.0,
                max_iterations=51_419,
                evaluation=EvaluationConfig(parts=["test"]),
            ),
        ),
    ):
        data = prepare(
            datasets.load(config.data), config.data, "float32", rng=generator(config, 0, Stream.SPLIT)
        )
        (result,) = train_block(problem_for(config, data), [0], data)
        rows.append((what, f"{result.train_seconds:.1f} s"))
    return rows


def measure() -> list[tuple[str, str]]:
    """Time the main job and return names and values for a table."""
    rows = []
    with _empty_folder() as folder:
        first = time.time()
        seconds, memory = _timed(folder, *MAIN_JOB)
        rows.append(("main job from an empty store, 2 workers", f"{seconds:.1f} s"))
        rows.append(("largest worker, resident (shared images included)", f"{memory / 2**20:.0f} MiB"))
        spans = _spans(folder)
        rows.append(("from the command to the first mini-batch", f"{min(spans)[0] - first:.2f} s"))
        idle, trial = _alone_at_the_end(spans)
        rows.append(("one worker alone at the end of it", f"{idle:.2f} s, of a trial of {trial:.2f} s"))
        rows.append(("main job, all stored", f"{_timed(folder, *MAIN_JOB)[0]:.2f} s"))
    for workers in (1, 2):
        with _empty_folder() as folder:
            job = (*MAIN_JOB, f"parallel.n_jobs={workers}", "figures=false")
            rows.append((f"main job without figures, {workers} workers", f"{_timed(folder, *job)[0]:.1f} s"))
    return rows


def loading(trials: int = 10_000) -> list[tuple[str, str]]:
    """Time loading and summarising a store of `trials` records, each the result of one real training."""
    from sweep.stats.trials import summarise

    with _empty_folder() as folder:
        make_store(folder, trials)
        start = time.perf_counter()
        loaded = load(folder)
        middle = time.perf_counter()
        summarise(loaded)
        end = time.perf_counter()
    return [
        (f"sweep.load() of {trials} trials", f"{middle - start:.2f} s"),
        ("a summary of them", f"{end - middle:.2f} s"),
    ]


def bookkeeping(few: int = 100, many: int = 500) -> list[tuple[str, str]]:
    """Time all but training and evaluation: trials of one step, each in its own block, two workers."""
    seconds, settings = {}, ("hidden=16", "max_iterations=1", "figures=false", "parallel.block_size=1")
    sizes = ("data.train_size=100", "data.validation_size=100", "data.test_size=100", "batch_size=50")
    for count in (few, many):
        with _empty_folder() as folder:
            wall = _timed(folder, *settings, *sizes, f"seeds={count}", "parallel.n_jobs=2")[0]
            trained = sum(end - began for began, end, _ in _spans(folder))
            seconds[count] = wall - trained / 2
    # The difference of two sizes cancels start-up.
    one = (seconds[many] - seconds[few]) / (many - few)
    return [("pool, record and summary of a trial, two workers", f"{1000 * one:.1f} ms")]


@contextmanager
def _empty_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _timed(folder: Path, *arguments: str) -> tuple[float, int]:
    """Run a command and return its seconds and the bytes of its largest worker."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "sweep", *arguments], cwd=folder, stdout=subprocess.DEVNULL
    ) as driver:
        largest = [0]
        watcher = threading.Thread(target=_watch, args=(driver, largest))
        watcher.start()
        driver.wait()
        seconds = time.perf_counter() - start
        watcher.join()
    if driver.returncode:
        raise RuntimeError(f"sweep {' '.join(arguments)}: exit code {driver.returncode}")
    return seconds, largest[0]


def _watch(driver: "subprocess.Popen[bytes]", largest: list[int]) -> None:
    while driver.poll() is None:
        largest[0] = max([largest[0], *_memory(_children(driver.pid))])
        time.sleep(0.5)


def _children(parent: int) -> list[int]:
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            children.append(int(folder.name))
    return children


def _memory(processes: Sequence[int]) -> list[int]:
    sizes = []
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
        except OSError:
            continue
        sizes += [1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
    return sizes


def _spans(folder: Path) -> list[tuple[float, float, int]]:
    """Return the beginning and end of each block of a store, as time stamps, and its number of seeds."""
    trials = load(folder / "results")
    trials = trials.assign(seconds=trials["train_seconds"] + trials["evaluation_seconds"])
    spans = []
    # A block's time is shared out among its seeds.
    for (_, began), block in trials.groupby(["cell", "began"]):
        start = datetime.fromisoformat(str(began)).astimezone(UTC).timestamp()
        spans.append((start, start + float(block["seconds"].sum()), len(block)))
    return sorted(spans)


def _alone_at_the_end(spans: list[tuple[float, float, int]]) -> tuple[float, float]:
    """Return the seconds that the last of two workers works alone, and those of a trial of its block."""
    began, ended, seeds = max(spans, key=lambda span: span[1])
    others = [end for _, end, _ in spans if began < end < ended]
    return ended - max(others, default=began), (ended - began) / seeds
