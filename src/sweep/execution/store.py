"""The store: one Parquet file a trial, `<results>/<cell id>/<seed>.parquet`, one row a file."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sweep.errors import StoreError
from sweep.training.result import TrialResult

PARTS = ("train", "validation", "test")
METRICS = tuple(f"{part}_{metric}" for part in PARTS for metric in ("loss", "accuracy"))
CURVES = ("iteration", "epoch", *METRICS)

# Weights of networks small enough to be drawn are part of the record.
MOST_WEIGHTS = 1000

_text, _number, _whole = pa.string(), pa.float64(), pa.int64()
_numbers, _wholes = pa.list_(_number), pa.list_(_whole)

SCHEMA = pa.schema(
    {
        "cell": _text,
        "seed": _whole,
        "status": _text,
        "config": _text,
        **dict.fromkeys(METRICS, _number),
        "iterations": _whole,
        "epochs": _number,
        "kept_epoch": _number,
        "parameters": _whole,
        "train_seconds": _number,
        "evaluation_seconds": _number,
        "block_seeds": _whole,
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
        "provenance": _text,
    }
)


def path(results: Path, cell: str, seed: int) -> Path:
    """Where the record of a trial lies."""
    return results / cell / f"{seed}.parquet"


def stored_seeds(results: Path, cell: str) -> set[int]:
    """The seed indices of a cell whose records are there."""
    return {int(file.stem) for file in (results / cell).glob("*.parquet") if file.stem.isdigit()}


def write(
    results: Path,
    cell: str,
    settings: Mapping[str, Any],
    result: TrialResult,
    provenance: Mapping[str, Any],
) -> None:
    """Write the record of a finished trial, whole or not at all, even if the machine stops."""
    target = path(results, cell, result.seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    row = _row(cell, settings, result, provenance)
    with temporary.open("wb") as file:
        # One row needs neither statistics nor dictionaries nor a second copy of the schema: without them a
        # record is a third as large, and opened faster. Pages of version 2 leave single numbers uncompressed.
        pq.write_table(
            pa.Table.from_pylist([row], SCHEMA),
            file,
            compression="zstd",
            write_statistics=False,
            use_dictionary=False,
            store_schema=False,
            data_page_version="2.0",
        )
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)
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


def _row(
    cell: str, settings: Mapping[str, Any], result: TrialResult, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    test = result.test
    return {
        "cell": cell,
        "seed": result.seed,
        "status": result.status.value,
        "config": json.dumps(settings, sort_keys=True),
        **{name: result.metrics.get(name) for name in METRICS},
        "iterations": result.iterations,
        "epochs": result.epochs,
        "kept_epoch": result.kept_epoch,
        "parameters": len(result.parameters),
        "train_seconds": result.train_seconds,
        "evaluation_seconds": result.evaluation_seconds,
        "block_seeds": result.block_seeds,
        "weights_sha256": result.weights_sha256,
        "weights": result.parameters.tolist() if len(result.parameters) <= MOST_WEIGHTS else None,
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
        "provenance": json.dumps(provenance, sort_keys=True),
    }


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
