"""The columns of a record: one Parquet file a trial, one row a file.

[footer] What we add to the footer of a Parquet file of records: a digest, and in a record the row of its
trial.

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

from sweep.core.errors import DamagedError

# Raised by one when a record's columns change. Records of older versions can still be read; columns that they
# do not have are null. Version 1 has neither version nor digest, no engine, and no bit for each test example.
# Version 2 has no gradient_error, and its footer does not repeat TRIAL.
VERSION = 3

PARTS = ("train", "validation", "test")
METRICS = tuple(f"{part}_{metric}" for part in PARTS for metric in ("loss", "accuracy"))
CURVES = ("iteration", "epoch", *METRICS)

_text, _number, _whole = pa.string(), pa.float64(), pa.int64()
_numbers, _wholes = pa.list_(_number), pa.list_(_whole)

# The columns that a table shows of a trial, in the table's order.
TRIAL = pa.schema(
    {
        "cell": _text,
        "seed": _whole,
        "status": _text,
        **dict.fromkeys(METRICS, _number),
        "iterations": _whole,
        "epochs_run": _number,
        "kept_epoch": _number,
        "parameters": _whole,
        "train_seconds": _number,
        "evaluation_seconds": _number,
        "block_seeds": _whole,
        "engine": _text,
        "engine_version": _text,
        "engine_numerics": _whole,
        "gradient_error": _number,
        "name": _text,
        "experiment": _text,
        "data_label": _text,
        "class_names": pa.list_(_text),
        "began": _text,
        "weights_sha256": _text,
        "test_examples": _whole,
        "test_examples_sha256": _text,
        "schema": _whole,
        "provenance": _text,  # JSON
        "config": _text,  # JSON
    }
)

# Networks of at most so many weights and biases have them in the record: they are small enough to be drawn.
MOST_WEIGHTS = 1000

# The columns besides TRIAL are lists, with one number for each evaluation, class, pair of classes or hard
# example; `TrialResult` says what each is.
SCHEMA = pa.schema(
    [
        *TRIAL,
        pa.field("weights", _numbers),
        *(pa.field(f"curve_{name}", _numbers) for name in CURVES),
        *(pa.field(f"curve_{part}_class_errors", _numbers) for part in PARTS),
        pa.field("class_errors", _numbers),
        pa.field("confusion", _wholes),
        pa.field("hardest_indices", _wholes),
        pa.field("hardest_losses", _numbers),
        pa.field("hardest_labels", _wholes),
        pa.field("hardest_predictions", _wholes),
        pa.field("test_correct", pa.binary()),  # one bit a test example
    ]
)

# For records of version 1: their names of columns, and the engine for each value of `parallel.kernels`.
NAMES_1 = {"epochs_run": "epochs"}
ENGINES_1 = {"numpy": "numpy", "numba": "compiled"}


# What damaged bytes, or a text in them, raise in the libraries that read them.
CORRUPT_INPUT = (
    *(pa.ArrowException, OSError, ValueError, TypeError, LookupError, AttributeError),
    *(RecursionError, OverflowError),
)

_PREFIX = "sweep."
SEALED_TRIAL = f"{_PREFIX}trial"
_DIGEST, _BLANK = f"{_PREFIX}sha256", b"0" * 64
# A key and its value as the footer encodes them (Thrift's compact protocol): the value is type, length, text.
_DIGEST_PLACE = re.compile(re.escape(_DIGEST.encode()) + b"\x18@([0-9a-f]{64})", re.DOTALL)
# The length is a varint: only its last byte is below 128. The JSON is in ASCII and has printable characters
# only.
_TRIAL_PLACE = re.compile(
    re.escape(SEALED_TRIAL.encode()) + rb"\x18[\x80-\xff]*[\x00-\x7f]([ -~]+)", re.DOTALL
)


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
    except CORRUPT_INPUT as error:
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
