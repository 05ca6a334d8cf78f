"""The columns of a record: one Parquet file a trial, one row a file."""

import pyarrow as pa

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
