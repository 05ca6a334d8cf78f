"""`python -m benchmarks.loading [TRIALS]`: seconds and memory of tables of many stored trials.

Each measurement is a process of its own, after one that has read the files into the system's cache.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import sweep
from sweep.config.compose import from_settings
from sweep.runner.plan import cells_of
from sweep.runner.provenance import provenance
from sweep.store.load import load, load_curves
from sweep.store.write import Origin, write_record

REPEATS = 5
SEEDS = 20  # trials of a cell
READS = {"load": load, "load with bits": lambda results: load(results, bits=True), "curves": load_curves}


def make_store(results: Path, trials: int) -> None:
    """Write this many records, each with the result of one real training, as if its width had differed."""
    trained = sweep.train({"hidden": 16, "epochs": 10}, seed=0)
    origin = Origin(None, None, "MNIST", tuple("0123456789"), "2026-01-01T00:00:00+00:00", provenance())
    widths = list(range(16, 16 + -(-trials // SEEDS)))
    cells = cells_of(from_settings({"grid": {"product": {"hidden": widths}}, "results": str(results)}))
    # Waiting for the disk would take minutes, and nothing depends on these records.
    with patch("os.fsync"):
        for position in range(trials):
            cell, seed = cells[position // SEEDS], position % SEEDS
            result = replace(trained.result, seed=seed)
            write_record(results, cell.id, result, settings=cell.settings(), origin=origin)


def measure(results: Path) -> None:
    """Print the medians over processes of each way to read a store."""
    for name in READS:
        runs = [_apart(results, name) for _ in range(REPEATS + 1)][1:]
        seconds, growth = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{name:16}{seconds:6.2f} s {growth:6.0f} MB")


def _apart(results: Path, name: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.loading", "--read", name, str(results)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, growth = map(float, shown.split())
    return seconds, growth


def read(results: Path, name: str) -> None:
    """Print the seconds to read a store here, and by how many megabytes the process has grown."""
    before = _most_memory()
    start = time.perf_counter()
    READS[name](results)
    seconds = time.perf_counter() - start
    print(seconds, _most_memory() - before)


def _most_memory() -> float:
    """Return the most megabytes that this process has held; getrusage() would count its parent's on Linux."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Make a store and measure it; with --read, read one here and print what that took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading")
    parser.add_argument("trials", nargs="?", type=int, default=10_000)
    parser.add_argument("--read", nargs=2, metavar=("WAY", "RESULTS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read is not None:
        way, results = arguments.read
        read(Path(results), way)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_store(Path(folder), arguments.trials)
        measure(Path(folder))


if __name__ == "__main__":
    main()
