"""Prepared data in temporary files: no room is one line, never a signal."""

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweep.config.schema import Config
from sweep.data.settings import DataConfig
from sweep.runner import shared_data
from sweep.runner.plan import cells_of
from sweep.runner.worker import Fractions

from .conftest import Command

DATA = DataConfig(train_size=600, validation_size=0, test_size=200)
# 60,000 training and 1,000 test digits of 784 pixels and ten targets, float32, and their labels and indices.
WHOLE = ("-m", "hidden=8", "seeds=1", "data.validation_size=0", "data.test_size=1000", "epochs=1")
WHOLE_MEGABYTES = "194.7"


def test_megabytes_by_hand() -> None:
    """The size of the data, by hand."""
    assert f"{61_000 * (4 * (784 + 10) + 16) / 1e6:.1f}" == WHOLE_MEGABYTES


@pytest.mark.part(1)
@pytest.mark.parametrize("room", ["20m", "181m"])
def test_prepare_without_room(
    tmp_path: Path, command: Command, mounted: Callable[[Path, str], Path], room: str
) -> None:
    """A full temporary folder is a one-line error, and nothing is left in it."""
    full = mounted(tmp_path / "full", room)
    done = command(*WHOLE, TMPDIR=str(full))
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: TMPDIR={full}: the data of this sweep takes {WHOLE_MEGABYTES} MB")
    free = re.search(r"and ([\d.]+) MB are free", line)
    assert free is not None
    assert float(free[1]) == pytest.approx(float(room.removesuffix("m")) * 2**20 / 1e6, abs=0.2)
    assert "No space left on device" in line
    assert list(tmp_path.rglob("*")) == [full]


LIMITED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
import os
if sys.argv[2] == "no posix_fallocate" and hasattr(os, "posix_fallocate"):
    del os.posix_fallocate
from sweep.config.schema import Config
from sweep.data.settings import DataConfig
from sweep.core.errors import StoreError
from sweep.runner.plan import cells_of
from sweep.runner.shared_data import SharedData
config = Config(data=DataConfig(train_size=600, validation_size=0, test_size=200))
try:
    SharedData(Path(sys.argv[1])).prepare([cells_of([config])[0]])
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of processes")
@pytest.mark.parametrize("way", ["posix_fallocate", "no posix_fallocate"])
def test_prepare_with_file_limit(tmp_path: Path, way: str) -> None:
    """A limit on the size of files is a one-line error."""
    folder = tmp_path / "data"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(folder), way], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    needed = f"{800 * (4 * (784 + 10) + 16) / 1e6:.1f} MB"
    assert done.stdout.startswith(f"TMPDIR={tmp_path}: the data of this sweep takes {needed}, and")
    assert "File too large" in done.stdout


@pytest.mark.parametrize("reserving", [True, False])
def test_shared_equals_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reserving: bool) -> None:
    """Shared data equals what a process prepares for itself."""
    if not reserving:  # as on macOS and Windows
        monkeypatch.delattr("os.posix_fallocate", raising=False)
    config = Config(data=DATA)
    (folder,) = shared_data.SharedData(tmp_path).prepare([cells_of([config])[0]]).values()
    assert folder is not None
    shared, private = shared_data.load_shared(folder, config), shared_data.load_seed_data(config, 0)
    for name in ("train", "validation", "test"):
        for field in ("features", "targets", "labels", "indices"):
            left, right = getattr(getattr(shared, name), field), getattr(getattr(private, name), field)
            np.testing.assert_array_equal(left, right)
    for file in folder.iterdir():
        assert file.stat().st_blocks * 512 >= file.stat().st_size  # none is sparse


def test_prepared_once_on_demand(tmp_path: Path) -> None:
    """Data is prepared once, when it is first needed, even by eight threads at the same moment."""
    configs = [Config(data=replace(DATA, normalization=name)) for name in ("image", "unit", "feature")]
    cells = cells_of(configs)
    folders = shared_data.SharedData(tmp_path).prepare(cells)
    first, second, third = (folders[cell.id] for cell in cells)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.is_dir()
    assert not second.exists()
    with ThreadPoolExecutor(8) as workers:
        loaded = list(workers.map(lambda _: shared_data.load_shared(second, configs[1]), range(8)))
    private = shared_data.load_seed_data(configs[1], 0)
    for shared in loaded:
        np.testing.assert_array_equal(shared.train.features, private.train.features)
    assert not third.exists()
    assert {file.suffix for file in tmp_path.iterdir()} == {"", ".lock"}  # nothing half written


def test_fractions_round_trip(tmp_path: Path) -> None:
    """Fractions are read as they were written."""
    fractions = Fractions(tmp_path / "fractions", 3)
    fractions.create()
    fractions.write(1, 0.25)
    fractions.write(2, 1.0)
    assert fractions.read().tolist() == [0, 0.25, 1]


@pytest.mark.parametrize("damage", ["missing", "empty", "short", "a folder", "nowhere"])
def test_fractions_damaged(tmp_path: Path, damage: str) -> None:
    """Damage to the file of fractions raises nothing."""
    file = tmp_path / "fractions"
    fractions = Fractions(tmp_path / "nowhere" / "fractions" if damage == "nowhere" else file, 3)
    fractions.create()
    if damage == "short":
        file.write_bytes(b"1234")
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage in ("missing", "a folder"):
        file.unlink()
    if damage == "a folder":
        file.mkdir()
    assert fractions.read().tolist() == [0, 0, 0]
    fractions.write(1, 0.5)
    fractions.write(2, 0.5)
    assert fractions.read().shape == (3,)


def test_fractions_without_room(tmp_path: Path) -> None:
    """A full disk under the file of fractions raises nothing."""
    program = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
from sweep.runner.worker import Fractions
fractions = Fractions(Path(sys.argv[1]), 3)
fractions.create()
fractions.write(2, 0.5)
print(fractions.read().tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "fractions")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[0.0, 0.0, 0.0]", "")
