"""`python -m benchmarks.installing`: the cost and the benefit of Numba to somebody who installs the package.

    python -m benchmarks.installing           # size and time of `pip install -e .`, with and without `fast`
    python -m benchmarks.installing --runs    # also a first and a second run of the main job in each

Each in a fresh virtual environment; runs have an empty folder and an empty cache of compiled functions. Times
of installing are those of this machine's package index.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.checkout import HERE

EXTRAS = {"without Numba": "", "with Numba": "[fast]"}
MAIN_JOB = ("-m", "hidden=16,128,256")


def measured(folder: Path, extra: str, *, runs: bool) -> Iterator[tuple[str, str]]:
    """Yield names and values of measurements in a fresh environment below `folder`."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python, empty = folder / "venv" / "bin" / "python", _size(folder / "venv")
    yield (
        "pip install",
        f"{_seconds([python, '-m', 'pip', 'install', '-q', '-e', f'{HERE}{extra}'], folder):.1f} s",
    )
    yield "size of what it installs", f"{(_size(folder / 'venv') - empty) / 2**20:.0f} MiB"
    for run in ("first", "second") if runs else ():
        # Each run has a store of its own: the records of one would leave the other nothing to train.
        store = f"results={folder / run}"
        yield (
            f"{run} run of the main job",
            f"{_seconds([python, '-m', 'sweep', *MAIN_JOB, store], folder):.1f} s",
        )


def _seconds(command: Sequence[str | Path], folder: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    start = time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env=environment | {"NUMBA_CACHE_DIR": str(folder / "compiled")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - start


def _size(folder: Path) -> int:
    """Return the bytes of the files in a folder."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.installing")
    parser.add_argument("--runs", action="store_true", help="also run the main job twice in each environment")
    arguments = parser.parse_args()
    for name, extra in EXTRAS.items():
        with tempfile.TemporaryDirectory() as folder:
            for what, value in measured(Path(folder), extra, runs=arguments.runs):
                print(f"{name}: {what}: {value}", flush=True)


if __name__ == "__main__":
    main()
