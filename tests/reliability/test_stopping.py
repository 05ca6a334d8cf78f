"""A driver that is killed or told to stop at any moment: nothing lost, nothing left, one line."""

import os
import random
import signal
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from tests.processes import python

from .driver import SIXTY, Driver, driver, records, temporary_files, weights
from .scale import Count, scaled

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
LINE = "stopped; what is stored stays, the same command goes on from there"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> "tuple[pd.Series[str], float]":
    """Run the sweep undisturbed; return its weights, and the seconds that it takes."""
    folder = tmp_path_factory.mktemp("undisturbed")
    start = time.monotonic()
    with driver(folder, *SIXTY) as running:
        code, _, errors = running.ended()
    assert (code, errors) == (0, [])
    return weights(folder / "results"), time.monotonic() - start


def stop(running: Driver, number: int, after: float, *, group: bool = False) -> bool:
    """Send a signal after so many seconds; False if the driver had already ended.

    What Python itself does with a signal while it starts, in some hundredths of a second, is not ours.
    """
    if number != signal.SIGKILL:
        running.wait_until_ready()
    time.sleep(after)
    if running.process.poll() is not None:
        return False
    (os.killpg if group else os.kill)(running.process.pid, number)
    return True


@pytest.mark.slow
@scaled("moments", 1, 50)
def test_driver_killed(
    tmp_path: Path, undisturbed: "tuple[pd.Series[str], float]", moments: int, count: Count
) -> None:
    """A killed driver leaves nothing behind and loses nothing."""
    reference, seconds = undisturbed
    results, chance = tmp_path / "results", random.Random(moments)
    killed = lost = alive = folders = 0
    while killed < moments:
        before = records(results)
        if len(before) == len(reference):
            for file in before:
                file.unlink()
            before = {}
        with driver(tmp_path, *SIXTY) as running:
            killed += stop(running, signal.SIGKILL, chance.uniform(0, 0.9 * seconds))
            alive += running.still_there()
            folders += len(running.left())
        after = records(results)
        lost += sum(after.get(file) != content for file, content in before.items())
    with driver(tmp_path, *SIXTY) as running:
        code, _, errors = running.ended()
    assert (code, errors) == (0, [])
    unequal = int((weights(results) != reference).sum())
    files = len(temporary_files(tmp_path))
    count(
        "driver killed (KILL) in a sweep of 60 trials",
        kills=killed, lost=lost, unequal=unequal, alive_after_5_s=alive, data_folders=folders,
        temporary_files=files,
    )  # fmt: skip
    assert killed > 0
    assert (lost, unequal, alive, folders, files) == (0, 0, 0, 0, 0)


@pytest.mark.part(1)
@pytest.mark.parametrize(
    ("number", "group", "code"),
    [
        pytest.param(signal.SIGTERM, False, 143, id="TERM"),
        pytest.param(signal.SIGHUP, False, 129, id="HUP", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, True, 130, id="Ctrl-C"),
    ],
)
@scaled("moments", 1, 30)
def test_driver_told_to_stop(
    tmp_path: Path, undisturbed: "tuple[pd.Series[str], float]", moments: int, number: int, group: bool,
    code: int, count: Count,
) -> None:  # fmt: skip
    """A driver that is told to stop ends in one line."""
    reference, seconds = undisturbed
    chance = random.Random(number * moments)
    told = alive = folders = files = lost = codes = 0
    lines: list[object] = []
    slowest = 0.0
    while told < moments:
        # A third of the moments lie in the first half second.
        after = chance.uniform(0, 0.5 if told % 3 == 0 else 0.9 * seconds)
        before = records(tmp_path / "results")
        if len(before) == len(reference):
            for file in before:
                file.unlink()
            before = {}
        with driver(tmp_path, *SIXTY) as running:
            if stop(running, number, after, group=group):
                start = time.monotonic()
                got, output, errors = running.ended()
                if got == 0:  # it came when all was done
                    continue
                told += 1
                alive += running.still_there()
                slowest = max(slowest, time.monotonic() - start)
                folders += len(running.left())
                files += len(temporary_files(tmp_path))
                codes += got != code
                if errors != [LINE] or any("Traceback" in line for line in output):
                    lines.append((after, output, errors))
        after_it = records(tmp_path / "results")
        lost += sum(after_it.get(file) != content for file, content in before.items())
    count(
        f"driver told to stop ({signal.Signals(number).name})",
        told=told, lost=lost, not_one_line=len(lines), other_exit_code=codes, alive_after_5_s=alive,
        data_folders=folders, temporary_files=files, slowest_seconds=f"{slowest:.1f}",
    )  # fmt: skip
    assert lines == []
    assert (lost, codes, alive, folders, files) == (0, 0, 0, 0, 0)
    if (tmp_path / "results").is_dir():
        stored = weights(tmp_path / "results")
        assert stored.equals(reference[stored.index])


SWALLOWED = """
import os, signal, time
from sweep.system import startup
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # as in a terminal, whatever these tests inherit
with startup.graceful_exit():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    except BaseException:
        pass
    raise ImportError("half of a module")
"""


def test_error_caused_by_signal(tmp_path: Path) -> None:
    """An error that a signal has caused is shown as the signal's one line."""
    done = python(tmp_path, "-c", SWALLOWED)
    assert (done.returncode, done.stderr) == (143, f"{LINE}\n")
