"""What we add to the footer of a Parquet file of records: a digest, and in a record the row of its trial.

The digest is a SHA-256 of the file's bytes. Without it, most flipped bits would be read as other numbers. It
is computed of all bytes, with zeros in the place of the digest itself.

A record's footer repeats the row of the trial (see `schema.TRIAL`) as JSON. A table of thousands of trials
needs nothing else, and opening a small Parquet file takes 30 times as long as reading this row.
"""

import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sweep.errors import DamagedError

# What damaged bytes, or a text in them, raise in the libraries that read them.
NONSENSE = (
    *(pa.ArrowException, OSError, ValueError, TypeError, LookupError, AttributeError),
    *(RecursionError, OverflowError),
)

_PREFIX = "sweep."
TRIAL = f"{_PREFIX}trial"
_DIGEST, _BLANK = f"{_PREFIX}sha256", b"0" * 64
# A key and its value as the footer encodes them (Thrift's compact protocol): the value is type, length, text.
_DIGEST_PLACE = re.compile(re.escape(_DIGEST.encode()) + b"\x18@([0-9a-f]{64})", re.DOTALL)
# The length is a varint: only its last byte is below 128. The JSON is in ASCII and has printable characters
# only.
_TRIAL_PLACE = re.compile(re.escape(TRIAL.encode()) + rb"\x18[\x80-\xff]*[\x00-\x7f]([ -~]+)", re.DOTALL)


def seal(table: pa.Table, about: Mapping[str, str] | None = None, **options: Any) -> bytes:
    """The bytes of a Parquet file of `table`, with the texts of `about` and the digest in the footer.

    `options` are those of `pyarrow.parquet.ParquetWriter`.
    """
    buffer = io.BytesIO()
    # A table that was read from a file still carries the texts of that file's footer.
    table = table.replace_schema_metadata(None)
    with pq.ParquetWriter(buffer, table.schema, **options) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({**(about or {}), _DIGEST: _BLANK.decode()})
    blank = buffer.getvalue()
    place = _find(blank)
    assert place is not None
    return _with(blank, place, hashlib.sha256(blank).hexdigest().encode())


def is_sealed(data: bytes, file: Path) -> bool:
    """Whether a file's bytes hold a digest; those of records of schema 1 do not.

    Raises DamagedError, which names `file`, if the digest is not that of the bytes.
    """
    place = _find(data)
    if place is None:
        return False
    blank = _with(data, place, _BLANK)
    if hashlib.sha256(blank).hexdigest().encode() != data[place]:
        raise DamagedError(f"{file}: damaged: its bytes are not those that were written")
    return True


def trial_of(data: bytes) -> dict[str, Any] | None:
    """The trial's row in the footer of a record; None if it has none, as in schema 2 and in packs."""
    length = int.from_bytes(data[-8:-4], "little")
    found = _TRIAL_PLACE.search(data, len(data) - 8 - length)
    return None if found is None else json.loads(found[1])


def opened(data: bytes, file: Path) -> pq.ParquetFile:
    """The Parquet file in `data`. Raises DamagedError, which names `file`, if it cannot be opened."""
    try:
        return pq.ParquetFile(pa.BufferReader(data), pre_buffer=False)
    except NONSENSE as error:
        raise DamagedError(f"{file}: not a readable file of records") from error


def about(record: pq.ParquetFile) -> dict[str, str]:
    """The texts of `about` that `seal` put into a file's footer."""
    metadata = {key.decode(): value.decode() for key, value in (record.metadata.metadata or {}).items()}
    return {key: value for key, value in metadata.items() if not key.startswith(("ARROW:", _PREFIX))}


def _find(data: bytes) -> slice | None:
    """The place of the digest, which is in the footer, near the end; None if there is none."""
    found = _DIGEST_PLACE.search(data, max(0, data.rfind(_DIGEST.encode())))
    return None if found is None else slice(*found.span(1))


def _with(data: bytes, place: slice, digest: bytes) -> bytes:
    return data[: place.start] + digest + data[place.stop :]
