"""Reading IDX files (the MNIST format); whatever is wrong with a file is told in one line.

An IDX file is big-endian: two zero bytes, a type code, the number of dimensions, each dimension as a
32-bit number, then the values.
"""

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweep.errors import DataError

_UINT8 = 0x08
_TYPES = {0x08: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}


def find(folder: Path, name: str) -> Path:
    """The file `name` in `folder`, gzipped (`name`.gz) or not."""
    if not folder.is_dir():
        raise DataError(f"data.root={folder}: no such folder")
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(f"{folder / name}: no such file, nor {name}.gz beside it")


def content(path: Path) -> bytes:
    """The bytes of an IDX file, unzipped where its name ends in .gz."""
    try:
        data = path.read_bytes()
        if path.suffix != ".gz":
            return data
        if data[:2] != b"\x1f\x8b":
            raise DataError(f"{path}: not a gzip file, though its name ends in .gz")
        return gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: damaged or truncated gzip file ({error})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def shape(path: Path, dimensions: int) -> tuple[int, ...]:
    """The dimensions of an IDX file, from its header alone. Raises DataError for any other content."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = file.read(4 + 4 * dimensions)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: damaged or truncated gzip file ({error})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return _header(header, path, dimensions)


def parse(data: bytes, path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The values of an IDX file as an array of uint8 with `dimensions` axes, read-only.

    `path` is for the messages. Raises DataError for any other content.
    """
    shape = _header(data, path, dimensions)
    start = 4 + 4 * dimensions
    expected = start + math.prod(shape)
    if len(data) < start or len(data) != expected:
        state = "truncated" if len(data) < max(start, expected) else "too long"
        raise DataError(f"{path}: {state}, {len(data)} bytes; its header promises {expected}")
    if 0 in shape:
        raise DataError(f"{path}: empty, its header says {' x '.join(map(str, shape))}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _header(data: bytes, path: Path, dimensions: int) -> tuple[int, ...]:
    if len(data) < 4:
        raise DataError(f"{path}: {len(data)} bytes; an IDX file has at least 4")
    if data[:2] != b"\x00\x00" or data[2] not in _TYPES:
        raise DataError(f"{path}: not an IDX file (starts with {data[:4].hex(' ')})")
    if data[2] != _UINT8:
        raise DataError(f"{path}: holds {_TYPES[data[2]]}; must hold uint8")
    if data[3] != dimensions:
        kinds = {1: "labels", 3: "images"}
        found = kinds.get(data[3], f"{data[3]}-dimensional data")
        raise DataError(f"{path}: holds {found}; must hold {kinds[dimensions]}")
    header = data[4 : 4 + 4 * dimensions].ljust(4 * dimensions, b"\0")
    return tuple(int(size) for size in np.frombuffer(header, ">u4"))


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes as they lie on disk."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
