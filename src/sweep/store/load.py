"""Load records as tidy pandas tables."""

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
from sweep.store.read import read_records
from sweep.store.schema import CORRUPT_INPUT, CURVES, PARTS, TRIAL

_Parameters = ParamSpec("_Parameters")


def _checked(function: Callable[_Parameters, pd.DataFrame]) -> Callable[_Parameters, pd.DataFrame]:
    """Make a function of a store raise StoreError if the columns of a record contradict one another.

    A digest tells damage, but anybody can make a record with a right digest.
    """

    @wraps(function)
    def checked(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> pd.DataFrame:
        results = arguments[0] if arguments else "results"
        try:
            return function(*arguments, **options)
        except OSError as error:
            raise StoreError(f"{results}: {error.strerror or one_line(error)}") from error
        except CORRUPT_INPUT as error:
            reason = f"{type(error).__name__}: {one_line(error)}"
            raise StoreError(f"{results}: holds a record that no sweep has written ({reason})") from error

    return checked


@_checked
def load(
    results: str | Path = "results", cells: Iterable[str] | None = None, *, bits: bool = False
) -> pd.DataFrame:
    """Load one row a trial: its settings, one column each, and its final metrics.

    A setting that is a number in some rows and a text in others, such as hidden=[300,100], is a text in all.
    A column that an older record does not have is missing there. Damaged and misfiled records are skipped
    with a StoreWarning.

    Parameters
    ----------
    results
        The folder of a store, or one file with the records of many trials (see `upkeep.write_pack`).
    cells
        The ids of the cells to load; all if None.
    bits
        Add the column `test_correct`: for each trial an array (test_examples,) of bool, True for each test
        example that the kept weights classify correctly.

    Returns
    -------
    A table with the columns `cell` and `seed`, the settings, `status`, and the final metrics. Accuracies are
    fractions of 1, times are in seconds. Diverged trials are among the rows, with the `status` "diverged";
    leave them out of a mean.

    Raises
    ------
    StoreError
        If the folder is missing or a record cannot be read.
    """
    columns = [*TRIAL.names, *(["test_correct"] if bits else [])]
    table = read_records(Path(results), cells, columns).to_pandas()
    # A text, because a list can neither be grouped nor compared.
    table["class_names"] = [None if names is None else ", ".join(names) for names in table["class_names"]]
    if bits:
        table["test_correct"] = [
            None if packed is None else _unpacked(packed, int(count))
            for packed, count in zip(table["test_correct"], table["test_examples"], strict=True)
        ]
    return _with_settings(table)


@_checked
def load_curves(results: str | Path = "results", cells: Iterable[str] | None = None) -> pd.DataFrame:
    """Load one row a trial and evaluation: the trial's settings, iteration, epoch, losses and accuracies."""
    lists = [f"curve_{name}" for name in CURVES]
    table = read_records(Path(results), cells, ["cell", "seed", "status", "config", *lists]).to_pandas()
    # A part that was not evaluated has no list.
    evaluated = [name for name in lists if table.empty or table[name].notna().any()]
    table = table.drop(columns=[name for name in lists if name not in evaluated])
    for name in evaluated:
        # Some cells may not evaluate a part that others do: give them NaN.
        unknown = table[name].isna()
        if unknown.any():
            lengths = table.loc[unknown, "curve_iteration"].map(len)
            table.loc[unknown, name] = pd.Series([[np.nan] * length for length in lengths], lengths.index)
    tidy = table if table.empty else table.explode(evaluated, ignore_index=True)
    tidy = tidy.rename(columns={name: name.removeprefix("curve_") for name in evaluated})
    names = [name.removeprefix("curve_") for name in evaluated]
    # The exploded columns hold objects, not numbers.
    return _with_settings(tidy.astype(dict.fromkeys(names, "float64")))


@_checked
def load_class_curves(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """Load one row a trial, evaluation, part and class, with `epoch` and `error`, a fraction of the class.

    Only trials that were trained with evaluation.by_class=true have rows.
    """
    lists = {f"curve_{part}_class_errors": part for part in PARTS}
    table = read_records(Path(results), cells, ["cell", "seed", "status", "curve_epoch", *lists]).to_pandas()
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


@_checked
def load_networks(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """Load one row a trial with its kept weights, a flat list, or None if the record does not hold them.

    The column `config` has the canonical settings of the trial's cell.
    """
    columns = ["cell", "seed", "status", "weights", "config"]
    table: pd.DataFrame = read_records(Path(results), cells, columns).to_pandas()
    return table.assign(config=[json.loads(text) for text in table["config"]])


@_checked
def load_test_outcomes(results: str | Path, cells: Iterable[str] | None = None) -> pd.DataFrame:
    """Load one row a trial with the outcome of its kept weights on the test part (see `TestOutcome`).

    `confusion`, (classes * classes,), is the matrix row by row.
    """
    columns = ["class_errors", "confusion", "data_label", "class_names"]
    columns += [f"hardest_{name}" for name in ("indices", "losses", "labels", "predictions")]
    table: pd.DataFrame = read_records(Path(results), cells, ["cell", "seed", *columns]).to_pandas()
    return table


def _unpacked(packed: bytes, count: int) -> NDArray[np.bool_]:
    # Cut here: NumPy's own `count` would fill up memory to any number that a made-up record says.
    return np.unpackbits(np.frombuffer(packed, np.uint8))[:count].view(np.bool_)


def _with_settings(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with one column for each setting, in place of its JSON column `config`."""
    # Parsed once for each cell, not for each trial.
    positions, texts = pd.factorize(table["config"])
    cells = [columns_of(json.loads(text)) for text in texts]
    kinds: dict[str, set[bool]] = {}
    for settings in cells:
        for name, value in settings.items():
            if value is not None:
                kinds.setdefault(name, set()).add(isinstance(value, str))
    mixed = {name for name, is_text in kinds.items() if len(is_text) > 1}
    for settings in cells:
        settings |= {name: str(settings[name]) for name in mixed if settings.get(name) is not None}
    columns = pd.DataFrame(cells).take(positions).set_axis(table.index)
    names = [name for name in columns.columns if name not in table.columns]
    return pd.concat(
        [table[["cell", "seed"]], columns[names], table.drop(columns=["cell", "seed", "config"])], axis=1
    )
