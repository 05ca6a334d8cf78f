"""Parquet files that carry a SHA-256 of their own bytes: most flipped bits would pass for other numbers.

The digest stands in the file's footer. It is that of all bytes, with zeros where it stands itself.
"""

import hashlib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sweep.errors import StoreError

_KEY, _BLANK = "sweep.sha256", b"0" * 64
# The key, its value's type and length in the footer's encoding, and the value.
_PLACE = re.compile(re.escape(_KEY.encode()) + b"\x18@([0-9a-f]{64})", re.DOTALL)


def seal(table: pa.Table, about: Mapping[str, str] | None = None, **options: Any) -> bytes:
    """The bytes of a Parquet file of `table`, with what `about` says of it and the digest in the footer.

    `options` are those of `pyarrow.parquet.ParquetWriter`.
    """
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, table.schema, **options) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({**(about or {}), _KEY: _BLANK.decode()})
    blank = buffer.getvalue()
    place = _find(blank)
    assert place is not None
    return _with(blank, place, hashlib.sha256(blank).hexdigest().encode())


def unseal(data: bytes, file: Path) -> tuple[pq.ParquetFile, bool]:
    """The Parquet file in `data`, and whether it carries a digest; records of schema 1 do not.

    Raises StoreError, which names `file`, where the bytes are not those that were written.
    """
    place = _find(data)
    if place is not None:
        blank = _with(data, place, _BLANK)
        if hashlib.sha256(blank).hexdigest().encode() != data[place]:
            raise StoreError(f"{file}: damaged: its bytes are not those that were written; remove it")
    try:
        return pq.ParquetFile(pa.BufferReader(data), pre_buffer=False), place is not None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StoreError(f"{file}: not a readable file of records") from error


def _find(data: bytes) -> slice | None:
    """Where the digest stands: near the end, in the footer."""
    found = _PLACE.search(data, max(0, data.rfind(_KEY.encode())))
    return None if found is None else slice(*found.span(1))


def _with(data: bytes, place: slice, digest: bytes) -> bytes:
    return data[: place.start] + digest + data[place.stop :]
