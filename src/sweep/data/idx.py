"""Reading IDX files (the MNIST format), with a one-line error for anything wrong with a file.

An IDX file is big-endian: two zero bytes, a type code, the number of dimensions, each dimension as a 32-bit
number, then the values. The size that a gzip file claims cannot be trusted, so no file is read further than
one byte beyond the size that its IDX header promises.
"""

import gzip
import hashlib
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweep.core.errors import DataError
from sweep.system import files

MOST = 2**32  # bytes of values in a file; prepared as float32 they would take 16 GiB
_PIECE = 2**20  # bytes that are read at a time
_UINT8 = 0x08
_TYPES = {0x08: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}


def find(folder: Path, name: str) -> Path:
    """Find the file `name` in `folder`, gzipped (`name`.gz) or not. Raises DataError if it is missing."""
    if not files.is_folder(folder):
        raise DataError(f"data.root={folder}: no such folder")
    for path in (folder / name, folder / f"{name}.gz"):
        if files.path_exists(path):
            return path
    raise DataError(f"{folder / name}: no such file, nor {name}.gz beside it")


def shape(path: Path, dimensions: int) -> tuple[int, ...]:
    """Return the dimensions of an IDX file from its header alone. Raises DataError for any other content."""
    with _unzipped(path) as file:
        return _header(file.read(4 + 4 * dimensions), path, dimensions)


def read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read the values of an IDX file as a read-only array of uint8 with `dimensions` axes.

    Raises DataError for any other content. Takes little more memory than the values.
    """
    pieces = pieces_of(path, dimensions)
    header = next(pieces)
    values = bytearray()
    for piece in pieces:
        values += piece
    array = np.frombuffer(values, np.uint8).reshape(_header(header, path, dimensions))
    # Read-only, because the data is cached and shared.
    array.flags.writeable = False
    return array


def contents_sha256(path: Path, dimensions: int) -> str:
    """Return the SHA-256 of an IDX file's unzipped bytes. Raises DataError for a file that `read` refuses."""
    whole = hashlib.sha256()
    for piece in pieces_of(path, dimensions):
        whole.update(piece)
    return whole.hexdigest()


def pieces_of(path: Path, dimensions: int) -> Iterator[bytes]:
    """Yield the unzipped bytes of an IDX file: its header, then its values in pieces of at most 1 MiB.

    Raises DataError, at the end at the latest, unless they are exactly as many as the header promises.
    """
    with _unzipped(path) as file:
        header = file.read(4 + 4 * dimensions)
        shape = _header(header, path, dimensions)
        expected = len(header) + math.prod(shape)
        if len(header) < 4 + 4 * dimensions:
            raise DataError(f"{path}: truncated, {len(header)} bytes; its header has {4 + 4 * dimensions}")
        if 0 in shape:
            raise DataError(f"{path}: empty, its header says {' x '.join(map(str, shape))}")
        _check_size(path, os.fstat(file.fileno()).st_size, expected)
        yield header
        count = len(header)
        while piece := file.read(min(_PIECE, expected + 1 - count)):
            count += len(piece)
            if count > expected:
                raise DataError(f"{path}: too long; its header promises {expected} bytes")
            yield piece
    if count < expected:
        raise DataError(f"{path}: truncated, {count} bytes; its header promises {expected}")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as they are on disk, in hexadecimal."""
    return _hashed(path, "sha256")


def file_md5(path: Path) -> str:
    """Return the MD5 of a file's bytes as they are on disk, in hexadecimal."""
    return _hashed(path, "md5")


def _hashed(path: Path, name: str) -> str:
    try:
        with files.open_regular(path) as file:
            return hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


@contextmanager
def _unzipped(path: Path) -> Iterator["BufferedReader[FileIO] | gzip.GzipFile"]:
    """Open a file for reading, unzipped if its name ends in .gz; turn errors in the block into DataError."""
    try:
        with files.open_regular(path) as file:
            if path.suffix != ".gz":
                yield file
                return
            if file.read(2) != b"\x1f\x8b":
                raise DataError(f"{path}: not a gzip file, though its name ends in .gz")
            file.seek(0)
            with gzip.GzipFile(fileobj=file) as unzipped:
                yield unzipped
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: damaged or truncated gzip file ({error})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _check_size(path: Path, size: int, expected: int) -> None:
    """Raise DataError if a file of `size` bytes is too small for its header's promise, or much too large."""
    # Gzip stores incompressible bytes with a few in a thousand more. A much larger file, of zeros or of empty
    # members, could be read for hours without another byte of content.
    if expected > MOST:
        raise DataError(f"{path}: its header promises {expected} bytes; must be at most {MOST}")
    if path.suffix != ".gz" and size != expected:
        state = "truncated" if size < expected else "too long"
        raise DataError(f"{path}: {state}, {size} bytes; its header promises {expected}")
    if size > 2 * expected + _PIECE:
        raise DataError(f"{path}: too long, {size} bytes; its header promises {expected} before gzip")


def _header(data: bytes, path: Path, dimensions: int) -> tuple[int, ...]:
    if len(data) < 4:
        raise DataError(f"{path}: {len(data)} bytes; an IDX file has at least 4")
    if data[:2] != b"\x00\x00" or data[2] not in _TYPES:
        raise DataError(f"{path}: not an IDX file (starts with {data[:4].hex(' ')})")
    if data[2] != _UINT8:
        raise DataError(f"{path}: holds {_TYPES[data[2]]}; must hold uint8")
    if data[3] != dimensions:
        kinds = {1: "labels", 3: "images"}
        kind = kinds.get(data[3], f"{data[3]}-dimensional data")
        raise DataError(f"{path}: holds {kind}; must hold {kinds[dimensions]}")
    # A header that is cut off is filled up here; `pieces_of` then reports it.
    header = data[4 : 4 + 4 * dimensions].ljust(4 * dimensions, b"\0")
    return tuple(int(size) for size in np.frombuffer(header, ">u4"))
