"""Write the record of a finished trial."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sweep.store import layout, schema
from sweep.store.schema import CURVES, METRICS, MOST_WEIGHTS, SCHEMA, TRIAL, VERSION
from sweep.system import files
from sweep.training.result import TestOutcome, TrialResult

# One row needs neither statistics nor dictionaries nor a second copy of the schema. Without them a record is
# a third as large, and opens faster. Pages of version 2 do not compress single numbers.
_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "write_statistics": False,
    "use_dictionary": False,
    "store_schema": False,
    "data_page_version": "2.0",
}


@dataclass(frozen=True)
class Origin:
    """The run that trained a trial, as its record describes it.

    `name` and `experiment` are the user's, `data_label` and `class_names` are the names of the data in
    tables, `began` is a date and time, `provenance` the code and the machine. With `keep_weights`, the
    weights of a large network are stored, too.
    """

    name: str | None
    experiment: str | None
    data_label: str
    class_names: tuple[str, ...]
    began: str
    provenance: Mapping[str, Any]
    keep_weights: bool = False


def write_record(
    results: Path,
    cell: str,
    result: TrialResult,
    *,
    settings: Mapping[str, Any],
    origin: Origin,
) -> None:
    """Write the record of a finished trial, whole or not at all, even if the machine stops.

    `cell` is the cell's id, `settings` are its canonical settings. Raises OSError if it cannot be stored.
    """
    row = {
        **_trial_row(cell, result, settings, origin),
        **_curves(result),
        **_test_part(result.test),
        "weights": result.parameters.tolist() if _keeps_weights(result, origin) else None,
    }
    table = pa.Table.from_pylist([row], SCHEMA)
    # From the table, not from `row`, so that the footer has the same numbers as the columns.
    (trial,) = table.select(TRIAL.names).to_pylist()
    content = schema.seal(table, {schema.SEALED_TRIAL: json.dumps(trial)}, **_OPTIONS)
    files.write(layout.record_path(results, cell, result.seed), content)


def _keeps_weights(result: TrialResult, origin: Origin) -> bool:
    return origin.keep_weights or len(result.parameters) <= MOST_WEIGHTS


def _trial_row(cell: str, result: TrialResult, settings: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
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
        "gradient_error": result.gradient_error,
        "name": origin.name,
        "experiment": origin.experiment,
        "data_label": origin.data_label,
        "class_names": list(origin.class_names),
        "began": origin.began,
        "weights_sha256": result.weights_sha256,
        "test_examples": len(result.test.correct),
        "test_examples_sha256": result.test.examples_sha256,
        "provenance": json.dumps(origin.provenance, sort_keys=True),
    }


def _curves(result: TrialResult) -> dict[str, Any]:
    """Return a list for each curve, and the errors of classes, (evaluations, classes), flat."""
    return {f"curve_{name}": result.curves.get(name) for name in CURVES} | {
        f"curve_{part}_class_errors": errors.ravel().tolist()
        for part, errors in result.class_curves.items()
        if errors.size
    }


def _test_part(test: TestOutcome) -> dict[str, Any]:
    return {
        "class_errors": test.class_errors.tolist(),
        "confusion": test.confusion.ravel().tolist(),
        "hardest_indices": test.hardest_indices.tolist(),
        "hardest_losses": test.hardest_losses.tolist(),
        "hardest_labels": test.hardest_labels.tolist(),
        "hardest_predictions": test.hardest_predictions.tolist(),
        "test_correct": np.packbits(test.correct).tobytes(),
    }
