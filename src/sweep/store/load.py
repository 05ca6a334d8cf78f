"""Records as tidy pandas tables."""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweep.config.columns import columns_of
from sweep.core.errors import StoreError, one_line
from sweep.store.read import read
from sweep.store.schema import CORRUPT_INPUT, CURVES, PARTS, TRIAL

_Parameters = ParamSpec("_Parameters")


def _of_records(function: Callable[_Parameters, pd.DataFrame]) -> Callable[_Parameters, pd.DataFrame]:
    """Have a function raise StoreError where columns of a record contradict one another.

    A digest tells damage, but anybody can make a record with a right digest.
    """

    @wraps(function)
    def checked(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> pd.DataFrame:
        place = arguments[0] if arguments else "results"
        try:
            return function(*arguments, **options)
        except OSError as error:
            raise StoreError(f"{place}: {error.strerror or one_line(error)}") from error
        except CORRUPT_INPUT as error:
            reason = f"{type(error).__name__}: {one_line(error)}"
            raise StoreError(f"{place}: holds a record that no sweep has written ({reason})") from error

    return checked


@_of_records
def load(
    results: str | Path = "results", cells: Iterable[str] | None = None, bits: bool = False
) -> pd.DataFrame:
    """One row a trial: its settings, one column each, and its final metrics.

    `results` is the folder of a store, or one file with the records of many trials (see `pack`). If `cells`
    is given, only cells with these ids are read. Accuracies are fractions of 1, times are in seconds. A
    setting that is a number in some rows and a text in others, such as hidden=[300,100], is a text in all.
    Diverged trials are among the rows; `status` names them, and they do not belong in a mean. With `bits`,
    the column `test_correct` holds for each trial an array (test_examples,) of bool: which test examples the
    kept weights classify correctly. A column that an older record does not have is missing there. Raises
    StoreError if the folder is missing or a record cannot be read.
    """
    columns = [*TRIAL.names, *(["test_correct"] if bits else [])]
    table = read(Path(results), cells, columns).to_pandas()
    # As a text: a list can neither be grouped nor compared.
    table["class_names"] = [None if names is None else ", ".join(names) for names in table["class_names"]]
    if bits:
        table["test_correct"] = [
            None if packed is None else _unpacked(packed, int(count))
            for packed, count in zip(table["test_correct"], table["test_examples"], strict=True)
        ]
    return _with_settings(table)


@_of_records
def load_curves(results: str | Path = "results", cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial and evaluation: the trial's settings, iteration, epoch, losses and accuracies."""
    lists = [f"curve_{name}" for name in CURVES]
    table = read(Path(results), cells, ["cell", "seed", "status", "config", *lists]).to_pandas()
    # A part that was not evaluated has no list.
    evaluated = [name for name in lists if table.empty or table[name].notna().any()]
    table = table.drop(columns=[name for name in lists if name not in evaluated])
    for name in evaluated:
        # Some cells may not evaluate a part that others do: they get NaN.
        unknown = table[name].isna()
        if unknown.any():
            lengths = table.loc[unknown, "curve_iteration"].map(len)
            table.loc[unknown, name] = pd.Series([[np.nan] * length for length in lengths], lengths.index)
    tidy = table if table.empty else table.explode(evaluated, ignore_index=True)
    tidy = tidy.rename(columns={name: name.removeprefix("curve_") for name in evaluated})
    names = [name.removeprefix("curve_") for name in evaluated]
    return _with_settings(tidy.astype(dict.fromkeys(names, "float64")))


@_of_records
def load_class_curves(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial, evaluation, part and class, with `epoch` and `error`, a fraction of the class.

    Only trials that were trained with evaluation.by_class=true have rows.
    """
    lists = {f"curve_{part}_class_errors": part for part in PARTS}
    table = read(Path(results), cells, ["cell", "seed", "status", "curve_epoch", *lists]).to_pandas()
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


@_of_records
def load_networks(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial with its kept weights, a flat list, or None if the record does not hold them.

    The column `config` has the canonical settings of the trial's cell.
    """
    columns = ["cell", "seed", "status", "weights", "config"]
    table: pd.DataFrame = read(Path(results), cells, columns).to_pandas()
    return table.assign(config=[json.loads(text) for text in table["config"]])


@_of_records
def load_test_outcomes(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """One row a trial with the outcome of its kept weights on the test part, as lists (see `TestOutcome`).

    `confusion`, (classes * classes,), is the matrix row by row.
    """
    columns = ["class_errors", "confusion", "data_label", "class_names"]
    columns += [f"hardest_{name}" for name in ("indices", "losses", "labels", "predictions")]
    table: pd.DataFrame = read(Path(results), cells, ["cell", "seed", *columns]).to_pandas()
    return table


def _unpacked(packed: bytes, count: int) -> NDArray[np.bool_]:
    # Cut rather than asked for by `count`, which would fill up whatever a made-up record says.
    return np.unpackbits(np.frombuffer(packed, np.uint8))[:count].view(np.bool_)


def _with_settings(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with one column for each setting, in place of its JSON column `config`."""
    positions, texts = pd.factorize(table["config"])
    unique = [columns_of(json.loads(text)) for text in texts]
    kinds: dict[str, set[bool]] = {}
    for own in unique:
        for name, value in own.items():
            if value is not None:
                kinds.setdefault(name, set()).add(isinstance(value, str))
    mixed = {name for name, found in kinds.items() if len(found) > 1}
    for own in unique:
        own |= {name: str(own[name]) for name in mixed if own.get(name) is not None}
    settings = pd.DataFrame(unique).take(positions).set_axis(table.index)
    names = [name for name in settings.columns if name not in table.columns]
    return pd.concat(
        [table[["cell", "seed"]], settings[names], table.drop(columns=["cell", "seed", "config"])], axis=1
    )
