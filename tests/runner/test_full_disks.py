"""Folders that fill up or become read-only: what could be stored is stored and shown; one line says why."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from sweep.config.schema import Config, ParallelConfig
from sweep.core.errors import ExecutionError
from sweep.data.settings import DataConfig
from sweep.nn.activations import ACTIVATIONS
from sweep.runner.plan import make_plan
from sweep.session import run_sweep
from sweep.store import state

from .conftest import SMALL, Command

Mount = Callable[[Path, str], Path]


def failed(done: "subprocess.CompletedProcess[str]", trials: int) -> tuple[int, str]:
    """Return how many trials of a command failed, by its last line, and the reason of the first."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    match = re.fullmatch(rf"error: (\d+) of {trials} trials failed, the first: (.*)", line)
    assert match is not None, line
    return int(match[1]), match[2]


def shown(output: str) -> dict[str, int]:
    """Return the first column of the table that a command shows, and the number of seeds in each row.

    The table has a column of seeds if their number differs from row to row; otherwise, its title has it.
    """
    lines = output.splitlines()
    start = next(index for index, line in enumerate(lines) if "accuracy (%)" in line)
    rows = [line.split() for line in lines[start + 1 : lines.index("", start)]]
    if lines[start].split()[1] == "seeds":
        return {name: int(count) for name, count, *_ in rows}
    seeds = re.search(r"(\d+) seeds? per setting", output)
    assert seeds is not None
    return {name: int(seeds[1]) for name, *_ in rows}


def stored(results: Path) -> dict[str, int]:
    """Count the records of each width below a folder, which holds nothing else."""
    widths: dict[str, int] = {}
    for file in results.rglob("*"):
        if not file.is_dir() and file.parent.name != ".running":
            settings = pq.read_table(file)["config"][0].as_py()
            (width,) = re.findall(r'"hidden_units": \[(\d+)\]', settings)
            widths[width] = widths.get(width, 0) + 1
    return widths


def test_results_full(tmp_path: Path, command: Command, mounted: Mount) -> None:
    """A full results folder keeps the records that fit."""
    results = mounted(tmp_path / "results", "20k")  # room for two or three records
    done = command("-m", "hidden=8,16", "seeds=3", *SMALL)
    count, reason = failed(done, 6)
    assert re.fullmatch(r"results/[0-9a-f]{16}: No space left on device", reason)
    assert 0 < sum(stored(results).values()) == 6 - count
    assert f"{6 - count} of 6 trials trained" in done.stdout
    assert shown(done.stdout) == stored(results)
    assert len(list(tmp_path.glob("multirun/*/*/summary.csv"))) == 1


@pytest.mark.slow
def test_results_become_read_only(tmp_path: Path, mounted: Mount) -> None:
    """Results that become read-only keep what was stored."""
    results = mounted(tmp_path / "results", "10m")
    widths = ["8", "16", "24", "32", "40", "48"]
    arguments = ["-m", f"hidden={','.join(widths)}", "seeds=1", "data.train_size=20000", "epochs=3"]
    with subprocess.Popen(
        [sys.executable, "-m", "sweep", *arguments, "figures=false", "parallel.n_jobs=2"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "160"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as driver:
        while not list(results.glob("*/*.parquet")):
            assert driver.poll() is None
            time.sleep(0.01)
        remount = ["mount", "-o", "remount,ro", results]
        while subprocess.run(remount, capture_output=True, check=False).returncode:
            assert driver.poll() is None  # busy while a record is being written
        output, errors = driver.communicate(timeout=120)
    count, reason = failed(subprocess.CompletedProcess(arguments, driver.returncode, output, errors), 6)
    assert re.fullmatch(r"results/[0-9a-f]{16}: Read-only file system", reason)
    assert 0 < len(stored(results)) == 6 - count < 6
    assert shown(output) == stored(results)


def test_cell_cannot_be_stored(tmp_path: Path, command: Command) -> None:
    """A cell that cannot be stored costs no other cell."""
    data = DataConfig(train_size=800, validation_size=100, test_size=200)
    config = Config(hidden=8, epochs=1, data=data, results=str(tmp_path / "results"))
    cell = make_plan([config], 1).cells[0].id
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / cell).write_text("precious")
    done = command("-m", "hidden=8,16", "seeds=2", *SMALL)
    assert failed(done, 4) == (2, f"results/{cell}: File exists")
    assert shown(done.stdout) == {"16": 2}
    assert (tmp_path / "results" / cell).read_text() == "precious"


def test_nothing_stored(tmp_path: Path, command: Command, mounted: Mount) -> None:
    """If nothing could be stored, the command ends in one line and shows no table."""
    mounted(tmp_path / "results", "4k")
    done = command("hidden=8", "seeds=2", *SMALL)
    assert failed(done, 2)[0] == 2
    assert "test accuracy" not in done.stdout
    assert stored(tmp_path / "results") == {}


@pytest.mark.parametrize(("mode", "folder"), [([], "outputs"), (["-m"], "multirun")], ids=["run", "multirun"])
def test_output_full(tmp_path: Path, command: Command, mounted: Mount, mode: list[str], folder: str) -> None:
    """A full output folder is named before anything is trained."""
    output = mounted(tmp_path / folder, "4k")
    done = command(*mode, "hidden=8", "seeds=2", *SMALL)
    assert done.returncode == 2
    assert re.fullmatch(rf"error: {folder}/[-\d]+/[-\d]+: No space left on device\n", done.stderr)
    assert list(output.iterdir()) == []
    assert not (tmp_path / "results").exists()


def test_output_fills_up(tmp_path: Path, command: Command, mounted: Mount) -> None:
    """An output folder that fills up does not cost the table."""
    output = mounted(tmp_path / "multirun", "1m")
    (output / "filler").write_bytes(bytes(2**20 - 4 * 4096))  # room for Hydra's file, and little more
    done = command("-m", f"hidden={','.join(map(str, range(1, 41)))}", "seeds=1", *SMALL)
    assert done.returncode == 1
    assert re.fullmatch(
        r"error: multirun/[-\d]+/[-\d]+: No space left on device; the records are stored\n", done.stderr
    )
    assert len(shown(done.stdout)) == 40
    assert len(stored(tmp_path / "results")) == 40


def test_defect_shows_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A defect of the program is shown with its traceback, and stored with it."""

    def broken(z: np.ndarray) -> None:
        raise ZeroDivisionError("an activation of somebody's own")

    monkeypatch.setitem(ACTIVATIONS._entries, "tanh", replace(ACTIVATIONS["tanh"], apply=broken))
    data = DataConfig(train_size=800, validation_size=100, test_size=200)
    sound = Config(
        epochs=1,
        seeds=1,
        data=data,
        results=str(tmp_path),
        parallel=ParallelConfig(n_jobs=1, kernels="numpy"),
    )
    with pytest.raises(ExecutionError) as caught:
        run_sweep([sound, replace(sound, activation="tanh")], None, Console())
    reason = "ZeroDivisionError: an activation of somebody's own"
    assert str(caught.value) == f"1 of 2 trials failed, the first: {reason}; the traceback is above"
    output = capsys.readouterr().out
    assert "Traceback" in output
    (line,) = [line for line in output.splitlines() if line.startswith("failed: ")]
    (failure,) = state.read_failures(tmp_path)
    assert line == f"failed: cell {failure.cell} activation=tanh, seed 0: {reason}"
    assert (failure.seed, failure.reason) == (0, reason)
    assert failure.trace is not None
    assert "in broken" in failure.trace
    assert shown(output) == {"relu": 1}
