"""Records as tidy pandas tables."""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sweep.config.row import columns_of
from sweep.errors import StoreError
from sweep.execution import store
from sweep.execution.sealed import seal, unseal

READERS = 2  # threads; more of them wait for Python
BATCH = 20  # records that a thread reads in one go

TRIAL_COLUMNS = [
    "cell",
    "seed",
    "status",
    *store.METRICS,
    "iterations",
    "epochs_run",
    "kept_epoch",
    "parameters",
    "train_seconds",
    "evaluation_seconds",
    "block_seeds",
    "engine",
    "engine_version",
    "engine_numerics",
    "name",
    "experiment",
    "data_label",
    "class_names",
    "began",
    "weights_sha256",
    "test_examples",
    "test_examples_sha256",
    "schema",
    "provenance",
    "config",
]


def load(
    results: str | Path = "results", cells: Iterable[str] | None = None, bits: bool = False
) -> pd.DataFrame:
    """One row a trial: its settings, one column each, and its final metrics.

    `results` is the folder of a store, or one file with the records of many trials (see `pack`). `cells`
    limits the rows to these cell ids. Accuracies are fractions of 1, times are seconds; a setting that is a
    number in some rows and a text in others, such as hidden=[300,100], is a text in all. Diverged trials are
    among the rows, and `status` says so: leave them out of a mean. With `bits`, `test_correct` says for each
    test example whether the kept weights are right, (test_examples,) of bool. What records of schema 1 lack
    is missing. Raises StoreError when the folder is missing or a record cannot be read.
    """
    columns = [*TRIAL_COLUMNS, *(["test_correct"] if bits else [])]
    table = _read(Path(results), cells, columns).to_pandas()
    # As a text: a list can neither be grouped nor compared.
    table["class_names"] = [None if names is None else ", ".join(names) for names in table["class_names"]]
    if bits:
        table["test_correct"] = [
            None if packed is None else np.unpackbits(np.frombuffer(packed, np.uint8), count=int(count)) > 0
            for packed, count in zip(table["test_correct"], table["test_examples"], strict=True)
        ]
    return _with_settings(table)


def curves(results: str | Path = "results", cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial and evaluation: the trial's settings, iteration, epoch, losses and accuracies."""
    lists = [f"curve_{name}" for name in store.CURVES]
    table = _read(Path(results), cells, ["cell", "seed", "status", "config", *lists]).to_pandas()
    # A part that was not evaluated has no list.
    evaluated = [name for name in lists if table.empty or table[name].notna().any()]
    table = table.drop(columns=[name for name in lists if name not in evaluated])
    for name in evaluated:
        # Cells that evaluate other parts may stand beside each other.
        unknown = table[name].isna()
        if unknown.any():
            lengths = table.loc[unknown, "curve_iteration"].map(len)
            table.loc[unknown, name] = pd.Series([[np.nan] * length for length in lengths], lengths.index)
    tidy = table if table.empty else table.explode(evaluated, ignore_index=True)
    tidy = tidy.rename(columns={name: name.removeprefix("curve_") for name in evaluated})
    names = [name.removeprefix("curve_") for name in evaluated]
    return _with_settings(tidy.astype(dict.fromkeys(names, "float64")))


def class_curves(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial, evaluation, part and class: `epoch` and `error`, a fraction of the class.

    Only of trials that were asked for it with evaluation.by_class=true.
    """
    lists = {f"curve_{part}_class_errors": part for part in store.PARTS}
    table = _read(Path(results), cells, ["cell", "seed", "status", "curve_epoch", *lists]).to_pandas()
    pieces = []
    for row in table.to_dict("records"):
        for column, part in lists.items():
            if row[column] is None:
                continue
            errors = np.reshape(row[column], (len(row["curve_epoch"]), -1))
            evaluations, classes = errors.shape
            pieces.append(
                pd.DataFrame(
                    {
                        "cell": row["cell"],
                        "seed": row["seed"],
                        "status": row["status"],
                        "part": part,
                        "epoch": np.repeat(row["curve_epoch"], classes),
                        "class": np.tile(np.arange(classes), evaluations),
                        "error": errors.ravel(),
                    }
                )
            )
    columns = ["cell", "seed", "status", "part", "epoch", "class", "error"]
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=columns)


def networks(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial with its kept weights, a flat list, or None where a record does not hold them.

    `config` are the canonical settings of its cell.
    """
    columns = ["cell", "seed", "status", "weights", "config"]
    table: pd.DataFrame = _read(Path(results), cells, columns).to_pandas()
    return table.assign(config=[json.loads(text) for text in table["config"]])


def reports(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial with what its kept weights say of the test part, as lists (see `TestReport`)."""
    columns = ["class_errors", "confusion", "data_label", "class_names"]
    columns += [f"hardest_{name}" for name in ("indices", "losses", "labels", "predictions")]
    table: pd.DataFrame = _read(Path(results), cells, ["cell", "seed", *columns]).to_pandas()
    return table


def pack(results: Path, seeds: Mapping[str, Iterable[int]], file: Path, about: Mapping[str, str]) -> None:
    """Write the whole records of these cells' seeds to one file, with what `about` says of them."""
    missing = [
        store.path(results, cell, seed)
        for cell, own in seeds.items()
        for seed in own
        if not store.path(results, cell, seed).is_file()
    ]
    if missing:
        raise StoreError(f"{missing[0]}: no such record")
    table = _read(results, seeds, store.SCHEMA.names)
    wanted = {(cell, seed) for cell, own in seeds.items() for seed in own}
    pairs = zip(table["cell"].to_pylist(), table["seed"].to_pylist(), strict=True)
    table = table.filter(pa.array([pair in wanted for pair in pairs]))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(seal(table, about, compression="zstd", compression_level=19))


def about(file: Path) -> dict[str, str]:
    """What `pack` was told of the records in a file."""
    metadata = _opened(file)[0].metadata.metadata or {}
    return {key.decode(): value.decode() for key, value in metadata.items() if key != b"ARROW:schema"}


def _read(results: Path, cells: Iterable[str] | None, columns: list[str]) -> pa.Table:
    if results.is_file():
        table = _together([_read_record(results, columns)], columns)
        return table if cells is None else table.filter(pc.is_in(table["cell"], pa.array(list(cells))))
    if not results.is_dir():
        raise StoreError(f"results={results}: no such folder; nothing has been trained there")
    files = store.files(results)
    if cells is not None:
        wanted = set(cells)
        files = [file for file in files if file.parent.name in wanted]
    # Opening a small file costs far more than reading it, and most of that runs beside Python.
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
    with ThreadPoolExecutor(READERS) as readers:
        pieces = list(readers.map(partial(_read_records, columns=columns), batches))
    return pa.concat_tables([_no_records(columns), *pieces])


def _read_records(files: Sequence[Path], columns: list[str]) -> pa.Table:
    # A record of an older version lacks what came later.
    pieces = [_read_own(file, columns) for file in files]
    return _together(pieces, columns)


def _together(pieces: Sequence[pa.Table], columns: list[str]) -> pa.Table:
    # Copied into one piece, so that thousands of tiny tables do not stay in memory.
    tables = [_no_records(columns), *pieces]
    return pa.concat_tables(tables, promote_options="default").select(columns).combine_chunks()


def _no_records(columns: list[str]) -> pa.Table:
    return store.SCHEMA.empty_table().select(columns)


def _opened(file: Path) -> tuple[pq.ParquetFile, bool]:
    """An opened file of records, and whether it carries a digest of its bytes, which is then right."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file}: cannot be read ({error.strerror})") from error
    return unseal(data, file)


def _read_own(file: Path, columns: list[str]) -> pa.Table:
    """A record of the store. Raises StoreError where it is that of another trial than its path says."""
    table = _read_record(file, list(dict.fromkeys(["cell", "seed", *columns])))
    (cell,), (seed,) = table["cell"].to_pylist(), table["seed"].to_pylist()
    if (cell, f"{seed}") != (file.parent.name, file.stem):
        raise StoreError(f"{file}: the record of cell {cell}, seed {seed}; remove it from there")
    return table


def _read_record(file: Path, columns: list[str]) -> pa.Table:
    """These columns of a record, or of many; what an older version lacks is null."""
    record, sealed = _opened(file)
    there = record.schema_arrow.names
    first = "schema" not in there
    names = {column: _SCHEMA_1.get(column, column) if first else column for column in ("schema", *columns)}
    try:
        table = record.read([name for name in names.values() if name in there], use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StoreError(f"{file}: not a readable record; remove it to train it again") from error
    table = table.rename_columns([column for column, name in names.items() if name in there])
    if first:
        return table.append_column("schema", pa.array([1] * len(table), pa.int64()))
    version = pc.max(table["schema"]).as_py()
    if version is not None and version > store.VERSION:
        raise StoreError(f"{file}: a record of schema {version}, made by a later version of sweep")
    if not sealed:
        raise StoreError(f"{file}: damaged: its digest is gone")
    return table


# What records of schema 1 call some columns.
_SCHEMA_1 = {"epochs_run": "epochs"}


def _with_settings(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with one column for each setting in its JSON column `config`, which goes."""
    unique = {text: columns_of(json.loads(text)) for text in table["config"].unique()}
    kinds: dict[str, set[bool]] = {}
    for own in unique.values():
        for name, value in own.items():
            if value is not None:
                kinds.setdefault(name, set()).add(isinstance(value, str))
    mixed = {name for name, found in kinds.items() if len(found) > 1}
    for own in unique.values():
        own |= {name: str(own[name]) for name in mixed if own.get(name) is not None}
    settings = pd.DataFrame([unique[text] for text in table["config"]], index=table.index)
    names = [name for name in settings.columns if name not in table.columns]
    return pd.concat(
        [table[["cell", "seed"]], settings[names], table.drop(columns=["cell", "seed", "config"])], axis=1
    )
