"""The store: one Parquet file a trial, `<results>/<cell id>/<seed>.parquet`, one row a file."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa

from sweep.errors import StoreError
from sweep.execution.sealed import seal, unseal
from sweep.training.result import TrialResult

# Raised by one when a record's columns change. Records of older versions open and say what they lack.
VERSION = 2

PARTS = ("train", "validation", "test")
METRICS = tuple(f"{part}_{metric}" for part in PARTS for metric in ("loss", "accuracy"))
CURVES = ("iteration", "epoch", *METRICS)

# Weights of networks small enough to be drawn are part of the record.
MOST_WEIGHTS = 1000

_text, _number, _whole = pa.string(), pa.float64(), pa.int64()
_numbers, _wholes = pa.list_(_number), pa.list_(_whole)

SCHEMA = pa.schema(
    {
        "schema": _whole,
        "cell": _text,
        "seed": _whole,
        "status": _text,
        "config": _text,
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
        "name": _text,
        "experiment": _text,
        "data_label": _text,
        "class_names": pa.list_(_text),
        "began": _text,
        "weights_sha256": _text,
        "weights": _numbers,
        **{f"curve_{name}": _numbers for name in CURVES},
        **{f"curve_{part}_class_errors": _numbers for part in PARTS},
        "class_errors": _numbers,
        "confusion": _wholes,
        "hardest_indices": _wholes,
        "hardest_losses": _numbers,
        "hardest_labels": _wholes,
        "hardest_predictions": _wholes,
        "test_examples": _whole,
        "test_examples_sha256": _text,
        "test_correct": pa.binary(),
        "error": _text,
        "provenance": _text,
    }
)


@dataclass(frozen=True)
class Origin:
    """What a record says of the run that trained it: names and labels, when it began, code and machine."""

    name: str | None
    experiment: str | None
    data_label: str
    class_names: tuple[str, ...]
    began: str
    provenance: Mapping[str, Any]
    keep_weights: bool = False


def path(results: Path, cell: str, seed: int) -> Path:
    """Where the record of a trial lies."""
    return results / cell / f"{seed}.parquet"


def stored_seeds(results: Path, cell: str) -> set[int]:
    """The seed indices of a cell whose records are there."""
    return {int(file.stem) for file in (results / cell).glob("*.parquet") if file.stem.isdigit()}


@dataclass(frozen=True)
class Glance:
    """What a plan must know of a stored record: the engine that ran, and whether the weights are in it."""

    engine: str
    weights: bool


def glance(results: Path, cell: str, seed: int) -> Glance:
    """Look into a stored record. Raises StoreError where it cannot be read."""
    file = path(results, cell, seed)
    record, _ = unseal(file.read_bytes(), file)
    columns = {"engine", "provenance", "weights"} & set(record.schema_arrow.names)
    (row,) = record.read(sorted(columns), use_threads=False).to_pylist()
    # Records of schema 1 say only which kernels were asked for.
    asked = "compiled" if json.loads(row["provenance"]).get("kernels") == "numba" else "numpy"
    return Glance(row.get("engine") or asked, row.get("weights") is not None)


def write(
    results: Path,
    cell: str,
    settings: Mapping[str, Any],
    result: TrialResult,
    origin: Origin,
) -> None:
    """Write the record of a finished trial, whole or not at all, even if the machine stops."""
    target = path(results, cell, result.seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Process numbers are not enough for a name: two containers may share the folder.
    temporary = target.with_name(f".{target.name}.{uuid4().hex}")
    # One row needs neither statistics nor dictionaries nor a second copy of the schema: without them a record
    # is a third as large, and opened faster. Pages of version 2 leave single numbers uncompressed.
    content = seal(
        pa.Table.from_pylist([_row(cell, settings, result, origin)], SCHEMA),
        compression="zstd",
        write_statistics=False,
        use_dictionary=False,
        store_schema=False,
        data_page_version="2.0",
    )
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def check_writable(results: Path) -> None:
    """Raise StoreError unless records can be written below `results`. Creates nothing."""
    folder = results.absolute()
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise StoreError(f"results={results}: {folder} is a file; must be a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"results={results}: {folder} is read-only; must be a folder to write in")


def files(results: Path) -> list[Path]:
    """Every record below `results`, in a fixed order."""
    return sorted(results.glob("*/*.parquet"), key=lambda file: (file.parent.name, len(file.stem), file.stem))


def _row(cell: str, settings: Mapping[str, Any], result: TrialResult, origin: Origin) -> dict[str, Any]:
    test = result.test
    keep = origin.keep_weights or len(result.parameters) <= MOST_WEIGHTS
    return {
        "schema": VERSION,
        "cell": cell,
        "seed": result.seed,
        "status": result.status.value,
        "config": json.dumps(settings, sort_keys=True),
        **{name: result.metrics.get(name) for name in METRICS},
        "iterations": result.iterations,
        "epochs_run": result.epochs_run,
        "kept_epoch": result.kept_epoch,
        "parameters": len(result.parameters),
        "train_seconds": result.train_seconds,
        "evaluation_seconds": result.evaluation_seconds,
        "block_seeds": result.block_seeds,
        "engine": result.engine.name,
        "engine_version": result.engine.version,
        "engine_numerics": result.engine.numerics,
        "name": origin.name,
        "experiment": origin.experiment,
        "data_label": origin.data_label,
        "class_names": list(origin.class_names),
        "began": origin.began,
        "weights_sha256": result.weights_sha256,
        "weights": result.parameters.tolist() if keep else None,
        **{f"curve_{name}": result.curves.get(name) for name in CURVES},
        **{
            f"curve_{part}_class_errors": errors.ravel().tolist()
            for part, errors in result.class_curves.items()
            if errors.size
        },
        "class_errors": test.class_errors.tolist(),
        "confusion": test.confusion.ravel().tolist(),
        "hardest_indices": test.hardest_indices.tolist(),
        "hardest_losses": test.hardest_losses.tolist(),
        "hardest_labels": test.hardest_labels.tolist(),
        "hardest_predictions": test.hardest_predictions.tolist(),
        "test_examples": len(test.correct),
        "test_examples_sha256": test.examples_sha256,
        "test_correct": np.packbits(test.correct).tobytes(),
        "provenance": json.dumps(origin.provenance, sort_keys=True),
    }


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
