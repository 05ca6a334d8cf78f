"""Prepared data that all workers of a sweep share: files that each of them maps into memory."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.preprocessing import Part, PreparedData, prepare
from sweep.execution.plan import Cell
from sweep.training.randomness import Stream, generator

_PREFIX = "sweep-data-"


@contextmanager
def shared_data() -> Iterator["SharedData"]:
    """A temporary folder for the data of a sweep, removed at its end."""
    _remove_orphans()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        yield SharedData(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class SharedData:
    """A folder with one subfolder for each preparation that a sweep's cells need."""

    folder: Path

    def prepare(self, cells: Iterable[Cell]) -> dict[str, Path | None]:
        """Where the data of each cell (by its id) lies; None where every seed has its own split."""
        folders: dict[str, Path | None] = {}
        known: dict[str, Path] = {}
        for cell in cells:
            if "split" in cell.config.vary:
                folders[cell.id] = None
                continue
            key = _key(cell)
            if key not in known:
                known[key] = self.folder / str(len(known))
                _write(known[key], cell.config)
            folders[cell.id] = known[key]
        return folders


def load_own(config: Config, seed: int) -> PreparedData:
    """The data of one seed, with its own split where that varies, in this process's memory."""
    raw = datasets.load(config.data)
    return prepare(raw, config.data, config.precision, generator(config, seed, Stream.SPLIT))


def _key(cell: Cell) -> str:
    settings = cell.settings()
    return json.dumps([settings["data"], cell.config.data.name, cell.config.precision, cell.config.root_seed])


def _write(folder: Path, config: Config) -> None:
    folder.mkdir()

    def allocate(name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        return open_memmap(folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)

    raw = datasets.load(config.data)
    rng = generator(config, 0, Stream.SPLIT)
    data = prepare(raw, config.data, config.precision, rng, allocate)
    for name in ("train", "validation", "test"):
        part = getattr(data, name)
        np.save(folder / f"{name}_labels.npy", part.labels)
        np.save(folder / f"{name}_indices.npy", part.indices)


@lru_cache(maxsize=1)
def load_shared(folder: Path) -> PreparedData:
    """The data that `SharedData.prepare` wrote, mapped read-only: no worker has a copy."""

    def part(name: str) -> Part:
        arrays = [
            # A plain view: the memmap class itself makes every slice of it slower.
            np.load(folder / f"{name}_{field}.npy", mmap_mode="r").view(np.ndarray)
            for field in ("features", "targets", "labels", "indices")
        ]
        return Part(*arrays)

    return PreparedData(part("train"), part("validation"), part("test"))


def _remove_orphans() -> None:
    """Remove the folders of sweeps on this machine whose process was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
