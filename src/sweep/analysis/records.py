"""Records as tidy pandas tables."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sweep.errors import StoreError
from sweep.execution import store

READERS = 2  # threads; more of them wait for Python

TRIAL_COLUMNS = [
    "cell",
    "seed",
    "status",
    *store.METRICS,
    "iterations",
    "epochs",
    "kept_epoch",
    "parameters",
    "train_seconds",
    "evaluation_seconds",
    "block_seeds",
    "weights_sha256",
    "config",
]


def load(results: str | Path = "results", cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial: its settings, one column each, and its final metrics.

    `cells` limits the rows to these cell ids. Accuracies are fractions of 1, times are seconds.
    Raises StoreError when the folder is missing or a record cannot be read.
    """
    table = _read(Path(results), cells, TRIAL_COLUMNS).to_pandas()
    return _with_settings(table)


def curves(results: str | Path = "results", cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial and evaluation: the trial's settings, iteration, epoch, losses and accuracies."""
    lists = [f"curve_{name}" for name in store.CURVES]
    table = _read(Path(results), cells, ["cell", "seed", "status", "config", *lists]).to_pandas()
    # A part that was not evaluated has no list.
    evaluated = [name for name in lists if table.empty or table[name].notna().any()]
    table = table.drop(columns=[name for name in lists if name not in evaluated])
    tidy = table if table.empty else table.explode(evaluated, ignore_index=True)
    tidy = tidy.rename(columns={name: name.removeprefix("curve_") for name in evaluated})
    names = [name.removeprefix("curve_") for name in evaluated]
    return _with_settings(tidy.astype(dict.fromkeys(names, "float64")))


def reports(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial with what its kept weights say of the test part, as lists (see `TestReport`)."""
    columns = ["class_errors", "confusion"]
    columns += [f"hardest_{name}" for name in ("indices", "losses", "labels", "predictions")]
    table: pd.DataFrame = _read(Path(results), cells, ["cell", "seed", *columns]).to_pandas()
    return table


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by dotted key, groups by their name: {"optimizer": "adam", "optimizer.beta1": 0.9}."""
    columns: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            inner = flat(value, f"{prefix}{key}.")
            if f"{prefix}{key}.name" in inner:
                columns[prefix + key] = inner.pop(f"{prefix}{key}.name")
            columns |= inner
        elif isinstance(value, list | tuple):
            columns[prefix + key] = "[" + ",".join(map(str, value)) + "]"
        else:
            columns[prefix + key] = value
    return columns


def _read(results: Path, cells: Iterable[str] | None, columns: list[str]) -> pa.Table:
    if not results.is_dir():
        raise StoreError(f"results={results}: no such folder; nothing has been trained there")
    files = store.files(results)
    if cells is not None:
        wanted = set(cells)
        files = [file for file in files if file.parent.name in wanted]
    # Opening a small file costs far more than reading it, and most of that runs beside Python.
    with ThreadPoolExecutor(READERS) as readers:
        pieces = list(readers.map(partial(_read_record, columns=columns), files))
    return pa.concat_tables([store.SCHEMA.empty_table().select(columns), *pieces])


def _read_record(file: Path, columns: list[str]) -> pa.Table:
    try:
        record = pq.ParquetFile(pa.BufferReader(file.read_bytes()))
        return record.read(columns, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise StoreError(f"{file}: not a readable record; remove it to train it again") from error


def _with_settings(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with one column for each setting in its JSON column `config`, which goes."""
    unique = {text: _columns(text) for text in table["config"].unique()}
    settings = pd.DataFrame([unique[text] for text in table["config"]], index=table.index)
    names = [name for name in settings.columns if name not in table.columns]
    return pd.concat(
        [table[["cell", "seed"]], settings[names], table.drop(columns=["cell", "seed", "config"])], axis=1
    )


def _columns(text: str) -> dict[str, Any]:
    settings = json.loads(text)
    units = settings.pop("hidden_units")
    # One number where all layers are equally wide, so that it can be an axis.
    hidden = units[0] if len(set(units)) == 1 else str(units).replace(" ", "") if units else 0
    return {"hidden": hidden, "depth": len(units), **flat(settings)}
