"""`sweep status`: what a store holds, and what is removed from it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.processes import Done, python, run_cli

import sweep
from sweep.store import state
from sweep.store.state import Failure
from sweep.system import files

NUMBER = "0123456789abcdef" * 2
TRAINING = """
import sys
from pathlib import Path
from sweep.runner.provenance import mark_running
with mark_running(Path("results"), 12, experiment="wei/width"):
    print("running", flush=True)
    sys.stdin.read()
"""


def status(folder: Path, *arguments: str, columns: int = 80) -> Done:
    return run_cli(folder, "status", *arguments, columns=columns)


@pytest.fixture
def results(trained_store: Path, tmp_path: Path) -> Path:
    """A copy of the store, in the test's folder."""
    return Path(shutil.copytree(trained_store, tmp_path / "results"))


def cells(results: Path) -> dict[tuple[int, str], Path]:
    """The folder of each cell, by its hidden units and its optimizer, from the records themselves."""
    found = {}
    for file in results.glob("*/*.parquet"):
        settings = json.loads(pq.read_table(file)["config"][0].as_py())
        found[settings["hidden_units"][0], settings["optimizer"]["name"]] = file.parent
    return found


def failure(cell: Path, seed: int) -> Failure:
    settings = json.loads(pq.read_table(cell / "0.parquet")["config"][0].as_py())
    trace = "Traceback:\n  ZeroDivisionError: \x1b[31mred"
    return Failure(cell.name, seed, "ZeroDivisionError: division", trace, "2026-01-02T03:04:05", settings)


@contextmanager
def training(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that trains in the store until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", TRAINING], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        yield process


def test_intact_store_is_a_table_of_cells(results: Path, tmp_path: Path) -> None:
    done = python(tmp_path, "-m", "sweep.status")
    assert (done.returncode, done.stderr) == (0, "")
    first, _, heading, *rows, _, last = done.stdout.splitlines()
    size = sum(file.stat().st_size for file in results.glob("*/*"))
    assert first == f"results: 4 cells, 8 trials, {size / 1000:.1f} kB"
    assert heading.split() == ["cell", "hidden", "optimizer", "seeds", "size"]
    assert last == "Nothing is running."
    own = cells(results)
    expected = [(4, "adam"), (4, "sgd"), (16, "adam"), (16, "sgd")]  # in the order of the settings
    assert [row.split()[:4] for row in rows] == [
        [own[key].name, str(key[0]), key[1], "2"] for key in expected
    ]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_failures_and_bad_files_are_shown(results: Path, tmp_path: Path) -> None:
    own = cells(results)
    small, large = own[4, "sgd"], own[16, "sgd"]
    state.write_failure(results, failure(small, 7))
    state.write_failure(results, failure(small, 0))  # has a record meanwhile
    state.write_failure(results, replace(failure(small, 0), cell="0" * 16))  # a cell without any record
    shutil.copy(small / "0.parquet", small / "0 (1).parquet")
    shutil.copy(small / "0.parquet", large / "7.parquet")
    (large / "0.parquet").rename(large / "0.parquet.damaged")
    os.truncate(large / "1.parquet", 100)
    stale = large / f".2.parquet.{NUMBER}"
    stale.touch()
    done = status(tmp_path, "--traces")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("results: 5 cells, 6 trials, 2 failed, 2 damaged, ")
    rows = {line.split()[0]: line.split()[1:] for line in lines[3:8]}
    assert rows[small.name][:5] == ["4", "sgd", "2", "1", "–"]
    assert rows[large.name][:5] == ["–", "–", "0", "–", "2"]  # no file in order is left to say its settings
    assert rows["0" * 16][:5] == ["4", "sgd", "0", "1", "–"]
    for line in (
        "Failed trials, which the next run tries again:",
        f"cell {small.name}, seed 7, 2026-01-02T03:04:05: ZeroDivisionError: division",
        "      ZeroDivisionError: \\x1b[31mred",
        f"1 damaged file, counted as missing: results/{large.name}/1.parquet",
        f"1 misfiled record, counted as missing: results/{large.name}/7.parquet",
        f"1 file not from sweep, ignored: results/{small.name}/0 (1).parquet",
    ):
        assert line in lines
    aside = f"1 file set aside as damaged or misfiled: results/{large.name}/0.parquet.damaged"
    assert aside in done.stdout.replace("\n", " ")
    quick = status(tmp_path, "--quick").stdout.splitlines()
    assert quick[0].startswith("results: 5 cells, 8 trials, 2 failed, 1 damaged, ")
    written = f"1 temporary file left by killed processes: results/{large.name}/{stale.name}"
    assert (written in " ".join(lines[9:])) == files.LOCKS
    assert "Traceback" not in status(tmp_path).stdout


def test_check_fails_on_damage(results: Path, tmp_path: Path) -> None:
    assert status(tmp_path, "--check").returncode == 0
    small, large = cells(results)[4, "sgd"], cells(results)[16, "sgd"]
    with (large / "1.parquet").open("rb+") as file:
        file.seek(2000)
        (byte,) = file.read(1)
        file.seek(2000)
        file.write(bytes([byte ^ 1]))
    shutil.copy(small / "0.parquet", small / "3.parquet")
    done = status(tmp_path, "--check")
    assert done.returncode == 1
    assert done.stdout.startswith("results: 4 cells, 7 trials, 1 damaged, ")
    assert f"1 damaged file, counted as missing: results/{large.name}/1.parquet" in done.stdout
    assert f"1 misfiled record, counted as missing: results/{small.name}/3.parquet" in done.stdout


def test_diff_of_two_cells(results: Path, tmp_path: Path) -> None:
    own = cells(results)
    first, second = own[4, "sgd"].name, own[16, "adam"].name
    done = status(tmp_path, "--diff", first[:14], f"cell={second[:14]}")
    heading, *rows = [line.split() for line in done.stdout.splitlines()]
    assert heading == ["setting", first, second]
    assert ["hidden", "4", "16"] in rows
    assert ["optimizer", "sgd", "adam"] in rows
    assert {name for name, *_ in rows} >= {"momentum", "optimizer.beta1"}
    assert "epochs" not in {name for name, *_ in rows}
    assert status(tmp_path, "--diff", first, first).stdout == "No setting differs.\n"


def test_compact_keeps_the_trials_in_less_space(results: Path, tmp_path: Path) -> None:
    before = [line.split()[:4] for line in status(tmp_path).stdout.splitlines()[3:7]]
    trials = sweep.load(results)
    size = sum(file.stat().st_size for file in results.glob("*/*"))
    done = status(tmp_path, "--compact")
    assert (done.returncode, done.stderr) == (0, "")
    now = sum(file.stat().st_size for file in results.glob("*/*"))
    expected = f"{size / 1000:.1f} kB before, {now / 1000:.1f} kB now"
    assert done.stdout == f"Compacted 8 records of 4 cells: {expected}\n"
    assert now < size
    assert len(list(results.glob("*/*"))) == 4
    pd.testing.assert_frame_equal(sweep.load(results), trials)
    assert [line.split()[:4] for line in status(tmp_path).stdout.splitlines()[3:7]] == before
    assert status(tmp_path, "--compact").stdout == "Nothing to compact.\n"
    (file,) = (results / before[0][0]).iterdir()
    os.truncate(file, 1000)
    done = status(tmp_path)
    assert done.stdout.startswith("results: 4 cells, 6 trials, 1 damaged, ")
    note = f"1 damaged file, counted as missing: results/{before[0][0]}/{file.name}"
    assert note in done.stdout.replace("\n", " ")
    assert status(tmp_path, "--remove", f"cell={before[0][0]}").stdout.count("1 file,") == 1
    assert not file.parent.exists()


@pytest.mark.skipif(not files.LOCKS, reason="nobody is seen without locks")
def test_remove_refused_while_a_sweep_runs(results: Path, tmp_path: Path) -> None:
    before = sorted(results.rglob("*.parquet"))
    with training(tmp_path) as process:
        shown = " ".join(status(tmp_path).stdout.rpartition("Running: ")[2].split())
        assert shown.startswith("python (wei/width), 12 trials to train, since ")
        assert shown.endswith(f", process {process.pid}")
        done = status(tmp_path, "--remove", f"cell={before[0].parent.name}")
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: results: process {process.pid} of ")
        assert sorted(results.rglob("*.parquet")) == before


@pytest.mark.skipif(not files.LOCKS, reason="nothing is removed without locks")
def test_remove_only_what_is_named(results: Path, tmp_path: Path) -> None:
    own = cells(results)
    small, other, large = own[4, "sgd"], own[4, "adam"], own[16, "sgd"]
    state.write_failure(results, failure(small, 7))
    (large / "0.parquet").rename(large / "0.parquet.damaged")
    (large / "notes.txt").touch()
    stale, held = large / f".2.parquet.{NUMBER}", large / f".3.parquet.{NUMBER}"
    stale.touch()
    kept = {small / "0.parquet", small / "1.parquet", large / "1.parquet", large / "notes.txt", held}
    kept |= set(own[16, "adam"].iterdir())
    size = sum(file.stat().st_size for file in other.iterdir())
    with held.open("xb") as opened:
        assert files.try_lock(opened)
        kinds = ("failed", "damaged", "stale")
        done = status(tmp_path, *(f"--remove={what}" for what in (f"cell={other.name[:15]}", *kinds)))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"Removed cell {other.name}: 2 files, {size / 1000:.1f} kB"
    assert [line.split(",")[0] for line in lines[1:]] == [f"Removed {kind}: 1 file" for kind in kinds]
    assert {file for file in results.rglob("*") if file.is_file()} == kept
    assert not other.exists()
    assert status(tmp_path, "--remove", f"cell={large.name}").returncode == 0
    assert list(large.iterdir()) == [large / "notes.txt"]


def test_remove_follows_no_link(results: Path, tmp_path: Path) -> None:
    cell = cells(results)[4, "sgd"]
    moved = cell.rename(tmp_path / "elsewhere")
    cell.symlink_to(moved)
    done = status(tmp_path, "--remove", f"cell={cell.name}")
    assert done.returncode == 2
    assert done.stderr == f"error: results/{cell.name}: a link to a folder; nothing is removed there\n"
    assert len(list(moved.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resuts"], "resuts: no such folder; did you mean 'results'?"),
        (["file"], "file: a file; must be the folder of a store"),
        (["x" * 300], f"{'x' * 300}: File name too long; must be the folder of a store"),
        (["--remove", "cel"], "--remove cel: must be one of cell=ID, failed, damaged, stale; did you mean"),
        (["--remove", "stale", "--remove", "x"], "--remove x: must be one of cell=ID, failed, damaged"),
        (["--remove", "cell="], "cell=: no such cell in results"),
        (["--remove", "cell=a"], "cell=a: must begin one id, not 3: a0"),
        (["--diff", "b3", "a12346"], "cell=a12346: no such cell in results; did you mean 'a12345'?"),
        (["--diff", "b3", "../file"], "cell=../file: no such cell in results"),
    ],
)
def test_mistake_is_one_line(
    arguments: list[str],
    message: str,
    results: Path,
    tmp_path: Path,
) -> None:
    for position, (_, folder) in enumerate(sorted(cells(results).items())):
        folder.rename(results / f"{'aaab'[position]}{position}23456789abcdef")
    (results.parent / "file").touch()
    done = status(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {message}")


def test_large_store_shows_a_hundred_cells(results: Path, tmp_path: Path) -> None:
    """The remaining cells and failures are counted."""
    cell = cells(results)[4, "sgd"]
    for number in range(101):
        other = results / f"{number:016x}"
        own = replace(failure(cell, 0), cell=other.name)
        state.write_failure(results, replace(own, settings={**own.settings, "hidden_units": [number]}))
    done = status(tmp_path)
    assert done.stdout.startswith("results: 105 cells, 8 trials, 101 failed, ")
    assert "\n... and 5 more\n" in done.stdout
    assert "\n... and 1 more\n" in done.stdout
