"""Prepared data that all workers of a sweep share: files that each of them maps into memory.

They lie in a temporary folder that the driver keeps locked while it lives, so that folders of killed drivers
can be told from those of living ones, and removed.
"""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Thread
from typing import IO, Any, BinaryIO

import numpy as np
from loky.backend import resource_tracker
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from sweep.config.schema import Config
from sweep.core.errors import StoreError
from sweep.data import datasets
from sweep.data.preprocessing import Part, PreparedData, prepare
from sweep.runner.plan import Cell
from sweep.system.files import LOCKS, exclusive_lock, try_lock
from sweep.training.problem import Stream, generator

_LOCK = "lock"


@contextmanager
def locked_folder(prefix: str) -> Iterator[Path]:
    """Create a temporary folder, and remove it at the end; first remove folders that killed processes left.

    A living process holds a lock on a file in its folder. Other processes see the lock even if they cannot
    see its process number, from another container, or from another machine that shares the folder. Raises
    StoreError if there is no temporary folder to write in.
    """
    try:
        _remove_orphans(Path(tempfile.gettempdir()), prefix)
        folder = Path(tempfile.mkdtemp(prefix=prefix))
    except OSError as error:
        raise StoreError(f"TMPDIR: {error.strerror}; must be a folder to write in") from error
    # If this process is killed, loky's process that cleans up after it removes the folder.
    _start_cleaner()
    resource_tracker.register(str(folder), "folder")
    try:
        with _locked(folder):
            yield folder
    finally:
        # In a thread, which goes on to its end even if Ctrl-C interrupts this process.
        remover = Thread(target=_remove, args=(folder,))
        remover.start()
        remover.join()


def _start_cleaner() -> None:
    """Start loky's process that cleans up after this one, if it does not run yet.

    It would warn of everything that it removes: folders of a killed process, and now and then a semaphore
    that is gone already. Its warnings are set by the options with which it is started.
    """
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    resource_tracker.unregister(str(folder), "folder")


def _locked(folder: Path) -> IO[bytes]:
    """Lock a file in a new folder; the lock is held until the file is closed.

    The file gets its name only after it is locked, so a file of that name without a lock belongs to a dead
    process. If the system has no locks, it never gets that name, and no process removes the folder.
    """
    try:
        file = (folder / f"{_LOCK}.new").open("wb")
        if try_lock(file):
            Path(file.name).rename(folder / _LOCK)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}; must be a folder to write in") from error
    return file


def _remove_orphans(parent: Path, prefix: str) -> None:
    for folder in parent.glob(f"{prefix}*"):
        # A file that cannot be opened is another user's, or another process has just removed it.
        with suppress(OSError), (folder / _LOCK).open("r+b") as file:
            if try_lock(file) and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)


_ZEROS = 2**20  # bytes written at a time if room cannot be reserved


@contextmanager
def shared_data() -> Iterator["SharedData"]:
    """Create a temporary folder for the data of a sweep, and remove it at the end."""
    with locked_folder("sweep-data-") as folder:
        yield SharedData(folder)


@dataclass(frozen=True)
class SharedData:
    """A folder with one subfolder for each preparation that a sweep's cells need."""

    folder: Path

    def prepare(self, cells: Iterable[Cell]) -> dict[str, Path | None]:
        """Return the folder for the data of each cell, by its id; None if each seed has its own split.

        The first folder is written now, the others when `load_shared` first needs them. Raises StoreError
        if there is no room for all of them.
        """
        folders: dict[str, Path | None] = {}
        by_preparation: dict[str, Path] = {}
        first: dict[Path, Cell] = {}  # of those that share a folder
        for cell in cells:
            if "split" in cell.config.vary:
                folders[cell.id] = None
                continue
            number = len(by_preparation)
            folder = by_preparation.setdefault(_key(cell.config), self.folder / str(number))
            first.setdefault(folder, cell)
            folders[cell.id] = folder
        # All are counted now, because most are written only when the training is under way.
        free, needed = shutil.disk_usage(self.folder).free, sum(map(_bytes, first.values()))
        try:
            if needed > free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            # Without locks, workers cannot agree on who writes the others.
            for folder, cell in list(first.items())[: 1 if LOCKS else None]:
                _write(folder, cell.config)
        except OSError as error:
            raise StoreError(
                f"TMPDIR={self.folder.parent}: the data of this sweep takes {_megabytes(needed)}, and"
                f" {_megabytes(free)} are free ({error.strerror}); must be a folder with more room"
            ) from error
        return folders


def load_seed_data(config: Config, seed: int) -> PreparedData:
    """Load and prepare the data of one seed in this process's memory, with its own split if splits vary."""
    raw = datasets.load(config.data)
    return prepare(raw, config.data, config.precision, rng=generator(config, seed, Stream.SPLIT))


def _key(config: Config) -> str:
    return repr((config.data, config.precision, config.root_seed))


def _bytes(cell: Cell) -> int:
    """Return the bytes of the features, targets, labels and indices that `_write` writes."""
    size, config = cell.sizes, cell.config
    # Labels and indices are int64, 8 bytes each.
    example = np.dtype(config.precision).itemsize * (size.inputs + config.output_units) + 2 * 8
    return example * (size.train + size.validation + size.test)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _write(folder: Path, config: Config) -> None:
    """Write the prepared data of `config`; the folder gets its name when all files are in it."""
    whole, folder = folder, folder.with_name(f"{folder.name}.part")
    shutil.rmtree(folder, ignore_errors=True)  # left by a killed worker
    folder.mkdir()

    def allocate(name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        return _with_room(folder / f"{name}.npy", shape, dtype)

    raw = datasets.load(config.data)
    # Seed 0 stands for all seeds, as the split does not vary here.
    rng = generator(config, 0, Stream.SPLIT)
    data = prepare(raw, config.data, config.precision, rng=rng, allocate=allocate)
    for name in ("train", "validation", "test"):
        part = getattr(data, name)
        np.save(folder / f"{name}_labels.npy", part.labels)
        np.save(folder / f"{name}_indices.npy", part.indices)
    folder.rename(whole)


def _with_room(file: Path, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Create an array in a file, mapped for writing. Raises OSError if the disk has no room for it.

    A mapped file is sparse until it is written, and writing a page without room on the disk ends the process
    with SIGBUS. So the room is reserved first.
    """
    array: np.memmap[Any, Any] = open_memmap(file, mode="w+", dtype=dtype, shape=shape)
    with file.open("r+b", buffering=0) as opened:
        try:
            os.posix_fallocate(opened.fileno(), 0, array.offset + array.nbytes)
        except (AttributeError, OSError) as error:  # AttributeError: macOS and Windows do not have it
            # These two mean that the file system cannot reserve room; any other error is real, such as a full
            # disk.
            if isinstance(error, OSError) and error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
            _fill_with_zeros(opened, array.offset, array.nbytes)
    return array


def _fill_with_zeros(file: BinaryIO, start: int, count: int) -> None:
    file.seek(start)
    while count:
        count -= file.write(bytes(min(count, _ZEROS)))


def load_shared(folder: Path, config: Config) -> PreparedData:
    """Map the data of `config` in `folder` read-only, so that all workers share one copy.

    The first worker that needs it writes it. Raises StoreError if there is no room for it any more.
    """
    try:
        if not folder.is_dir():
            with exclusive_lock(folder.with_name(f"{folder.name}.lock")):
                if not folder.is_dir():  # another worker may have written it meanwhile
                    _write(folder, config)
    except OSError as error:
        raise StoreError(
            f"TMPDIR={folder.parents[1]}: data of this sweep cannot be written there ({error.strerror})"
        ) from error
    return _mapped(folder)


@lru_cache(maxsize=1)
def _mapped(folder: Path) -> PreparedData:
    def part(name: str) -> Part:
        arrays = [
            # A plain view: the memmap class itself makes every slice of it slower.
            np.load(folder / f"{name}_{field}.npy", mmap_mode="r").view(np.ndarray)
            for field in ("features", "targets", "labels", "indices")
        ]
        return Part(*arrays)

    return PreparedData(part("train"), part("validation"), part("test"))
