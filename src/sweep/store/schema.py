"""The columns of a record, one Parquet file a trial and one row a file, and the digest that seals a file.

The digest is a SHA-256 of the file's bytes, kept in the Parquet footer. Without it, most flipped bits would
be read as other numbers. It is computed over all bytes, with zeros in its own place.

A record's footer also repeats the row of the trial (see `TRIAL`) as JSON. A table of thousands of trials
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

# Add one when a record's columns change. Records of older versions can still be read; columns that they lack
# are null. Version 1 has neither version nor digest, no engine, and no bit for each test example. Version 2
# has no gradient_error, and its footer does not repeat TRIAL.
VERSION = 3

PARTS = ("train", "validation", "test")
METRICS = tuple(f"{part}_{metric}" for part in PARTS for metric in ("loss", "accuracy"))
CURVES = ("iteration", "epoch", *METRICS)

_text, _number, _whole = pa.string(), pa.float64(), pa.int64()
_numbers, _wholes = pa.list_(_number), pa.list_(_whole)

# The columns of a trial that a table shows, in the table's order.
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

# A network with no more weights and biases than this has them in its record: it is small enough to be drawn.
MOST_WEIGHTS = 1000

# The columns besides TRIAL are lists, with one number for each evaluation, class, pair of classes or hard
# example; `TrialResult` explains them.
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

# Records of version 1 name some columns differently, and hold the value of `parallel.kernels`, not the
# engine.
NAMES_1 = {"epochs_run": "epochs"}
ENGINES_1 = {"numpy": "numpy", "numba": "compiled"}

# Errors that the reading libraries raise for damaged bytes, or for a text in them.
CORRUPT_INPUT = (
    *(pa.ArrowException, OSError, ValueError, TypeError, LookupError, AttributeError),
    *(RecursionError, OverflowError),
)

_PREFIX = "sweep."
SEALED_TRIAL = f"{_PREFIX}trial"
_DIGEST, _BLANK = f"{_PREFIX}sha256", b"0" * 64
# A key and its value as the footer encodes them (Thrift's compact protocol): the value is type, length, text.
_DIGEST_ENTRY = re.compile(re.escape(_DIGEST.encode()) + b"\x18@([0-9a-f]{64})", re.DOTALL)
# The length is a varint: only its last byte is below 128. The JSON is in ASCII and has printable characters
# only.
_TRIAL_ENTRY = re.compile(
    re.escape(SEALED_TRIAL.encode()) + rb"\x18[\x80-\xff]*[\x00-\x7f]([ -~]+)", re.DOTALL
)


def seal(table: pa.Table, metadata: Mapping[str, str] | None = None, **options: Any) -> bytes:
    """Return the bytes of a Parquet file of `table`, with the texts of `metadata` and a digest in its footer.

    `options` are those of `pyarrow.parquet.ParquetWriter`.
    """
    buffer = io.BytesIO()
    # A table that was read from a file still carries the texts of that file's footer.
    table = table.replace_schema_metadata(None)
    with pq.ParquetWriter(buffer, table.schema, **options) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({**(metadata or {}), _DIGEST: _BLANK.decode()})
    blank = buffer.getvalue()
    position = _digest_position(blank)
    assert position is not None
    return _with_digest(blank, position, hashlib.sha256(blank).hexdigest().encode())


def is_sealed(data: bytes, file: Path) -> bool:
    """Return True if a file's bytes hold a digest; those of records of schema 1 do not.

    Raises DamagedError, which names `file`, if the digest is not that of the bytes.
    """
    position = _digest_position(data)
    if position is None:
        return False
    blank = _with_digest(data, position, _BLANK)
    if hashlib.sha256(blank).hexdigest().encode() != data[position]:
        raise DamagedError(f"{file}: damaged: its bytes are not those that were written")
    return True


def footer_trial(data: bytes) -> dict[str, Any] | None:
    """Return the trial's row in the footer of a record; None if it has none, as in schema 2 and in packs."""
    # A Parquet file ends with its footer, the footer's length in 4 bytes, and 4 bytes "PAR1".
    length = int.from_bytes(data[-8:-4], "little")
    match = _TRIAL_ENTRY.search(data, len(data) - 8 - length)
    return None if match is None else json.loads(match[1])


def open_parquet(data: bytes, file: Path) -> pq.ParquetFile:
    """Open the Parquet file in `data`. Raises DamagedError, which names `file`, if it is none."""
    try:
        # Nothing to buffer: the bytes are in memory already.
        return pq.ParquetFile(pa.BufferReader(data), pre_buffer=False)
    except CORRUPT_INPUT as error:
        raise DamagedError(f"{file}: not a readable file of records") from error


def footer_metadata(parquet: pq.ParquetFile) -> dict[str, str]:
    """Return the texts of `metadata` that `seal` put into a file's footer."""
    texts = {key.decode(): value.decode() for key, value in (parquet.metadata.metadata or {}).items()}
    # pyarrow adds its own schema under ARROW:.
    return {key: value for key, value in texts.items() if not key.startswith(("ARROW:", _PREFIX))}


def _digest_position(data: bytes) -> slice | None:
    """Find the digest, which is in the footer, near the end; return None if there is none."""
    # From the last occurrence, because a text in the data may hold the same bytes.
    match = _DIGEST_ENTRY.search(data, max(0, data.rfind(_DIGEST.encode())))
    return None if match is None else slice(*match.span(1))


def _with_digest(data: bytes, position: slice, digest: bytes) -> bytes:
    return data[: position.start] + digest + data[position.stop :]
