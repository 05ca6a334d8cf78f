"""Sweep neural-network experiments across seeds and see what is real.

    import sweep

    sweep.run({"hidden": 16, "seeds": 3})   # train what is missing; one summary row per cell
    sweep.load()                            # one row per trial
    sweep.curves()                          # one row per trial and evaluation
    sweep.compare("results")                # which cells differ from the best, and how sure that is
    sweep.train({"hidden": 16}).predict(x)  # one network, to ask
    sweep.register("activation", "mine", ...)  # a choice of your own; docs/extending.md

`config` turns settings into cells. `runner` plans which trials are missing and hands them to workers. Each
worker calls `training` on `data`, with `engines` that compute the mathematics of `nn`, and `store` keeps the
results. `stats` compares them, `report` puts tables, sentences and figures on a page, and `papers` writes
reports. docs/architecture.md has a picture of this, and a glossary.
"""

import os
import sys


def _forget_working_folder() -> None:
    """Have `python -m sweep` import nothing from the working folder, which it would look in first.

    It may be somebody else's, and a file yaml.py or a folder hydra_plugins in it would be run. Modules that
    SWEEP_EXTENSIONS names are still found there.
    """
    arguments = zip(sys.orig_argv, sys.orig_argv[1:], strict=False)
    ours = any(option == "-m" and name.split(".")[0] == "sweep" for option, name in arguments)
    package = os.path.dirname(os.path.dirname(__file__))
    if ours and sys.argv[:1] == ["-m"] and sys.path[0] == os.getcwd() != package:  # Python is still starting
        del sys.path[0]


_forget_working_folder()

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:  # a command is to handle signals as soon as it can, and pathlib takes long to load
    from pathlib import Path

    import pandas as pd

    from sweep.network import Trained

__all__ = ["__version__", "compare", "curves", "load", "register", "run", "train"]

_Entry = TypeVar("_Entry")

__version__: str


def __getattr__(name: str) -> str:
    """Look up `__version__` when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("sweep")


def load(results: "str | Path" = "results", *, bits: bool = False) -> "pd.DataFrame":
    """Load the stored trials.

    Parameters
    ----------
    results
        The folder of a store, or one file of packed records such as reports/wei/records.parquet.
    bits
        If true, also load which test examples each network gets right.

    Returns
    -------
    pandas.DataFrame
        One row per trial, diverged trials included; `status` names them, and they belong in no mean.

        - `cell` (an id), `seed`, and a column for each setting. A setting that is a number in some rows and a
          text in others, such as hidden=[300,100], is a text in all.
        - `status`: completed, stopped_early, diverged or dead.
        - `train_loss`, `train_accuracy` and the same of `validation` and `test`; accuracies are fractions
          of 1.
        - `iterations`, `epochs_run`, `kept_epoch` (that of the kept weights), `parameters` (their number).
        - `train_seconds` and `evaluation_seconds`, the trial's share of its block of `block_seeds` seeds.
        - `engine`, `engine_version`, `began`, `weights_sha256`, `provenance` and others of its origin.
        - with `bits`, `test_correct`: for each trial a bool array, (test_examples,).

        A column that an older record does not have is missing there.

    Raises
    ------
    StoreError
        If the folder is missing or a record cannot be read. Damaged records are left out with a warning.

    Examples
    --------
    After the example of `run`:

    >>> import sweep
    >>> sweep.load().groupby("hidden").size()
    hidden
    4    3
    8    3
    dtype: int64
    """
    from sweep.store import load

    return load.load(results, bits=bits)


def curves(results: "str | Path" = "results") -> "pd.DataFrame":
    """Load the learning curves of the stored trials.

    Parameters
    ----------
    results
        The folder of a store, or one file of packed records.

    Returns
    -------
    pandas.DataFrame
        One row per trial and evaluation: `cell`, `seed`, `status` and the settings, as in `load`; `iteration`
        and `epoch` at which the trial was evaluated; `train_loss`, `train_accuracy` and the same of
        `validation` and `test`. A part that was never evaluated has no columns.

    Raises
    ------
    StoreError
        If the folder is missing or a record cannot be read.

    Examples
    --------
    After the example of `run`:

    >>> import sweep
    >>> sweep.curves().groupby("hidden")["epoch"].max()
    hidden
    4    1.0
    8    1.0
    Name: epoch, dtype: float64
    """
    from sweep.store import load

    return load.load_curves(results)


def compare(
    trials: "str | Path | pd.DataFrame" = "results",
    baseline: str | Mapping[str, Any] | None = None,
    metric: str = "test_accuracy",
    *,
    paired: "bool | Literal['auto']" = "auto",
    margin: float = 0.002,
    level: float = 0.95,
) -> "pd.DataFrame":
    """Compare every cell with one of them, and say which differences are real.

    Diverged trials are left out. docs/statistics.md explains the methods.

    Parameters
    ----------
    trials
        A folder or file of records, or a table of `load()`, with `bits` or without.
    baseline
        A cell's id, or the settings of one cell such as {"hidden": 16}. None: the best on validation.
    metric
        A column of numbers. Accuracies are better when higher, everything else when lower.
    paired
        Whether to compare seed by seed. "auto" pairs cells that were trained with the same seeds; it looks at
        no value.
    margin
        A smaller difference does not matter; in the metric's unit, 0.002 for 0.2 points of accuracy.
    level
        The level of intervals; 1 - level is the error rate of verdicts.

    Returns
    -------
    pandas.DataFrame
        One row per comparison.

        - `cell` and `baseline`: two ids.
        - `difference`: the cell's mean less the baseline's; `low` and `high` of its interval over new seeds
          on the same test examples; `standard_error`.
        - `n`, `n_baseline`: the numbers of seeds; `paired` and `method`: the test.
        - `p` of no difference; `p_adjusted`, corrected by Holm's procedure for all comparisons that might
          have been looked at.
        - `verdict`: better or worse by `p_adjusted`; otherwise equivalent if the interval, corrected as well,
          lies within the margin; otherwise undecided.
        - `more_seeds`: seeds per cell that would decide it with a probability of 80 %; 0 if it is decided,
          missing if no number is known.
        - with bits, `low_new_digits`, `high_new_digits` and `verdict_new_digits`, which hold for new test
          examples, too.

    Raises
    ------
    SweepError
        If the trials cannot be compared: other data, other test examples, no such baseline or metric.

    Examples
    --------
    After the example of `run`:

    >>> import sweep
    >>> sweep.compare(baseline={"hidden": 4})[["n", "n_baseline", "method"]]
       n  n_baseline    method
    0  3           3  paired t
    """
    from sweep.stats import compare

    return compare.compare(trials, baseline, metric, paired=paired, margin=margin, level=level)


def run(config: Mapping[str, Any] | None = None) -> "pd.DataFrame":
    """Train what is missing and return the summary.

    What `python -m sweep` prints is printed; nothing but records is written.

    Parameters
    ----------
    config
        Settings as in conf/, nested or dotted: {"hidden": 16, "optimizer": "adam", "data.train_size": 1000}.
        A `grid` makes a sweep: {"grid": {"product": {"hidden": [16, 128]}}}. None: all defaults.

    Returns
    -------
    pandas.DataFrame
        One row per cell, in the order of the grid.

        - `cell` (an id) and the settings in which cells differ, as texts.
        - `n`: trials in the means; `diverged`: trials left out; `dead`: those of the `n` with one output for
          all inputs.
        - `test_accuracy_mean`, `test_accuracy_std` and the same of other parts and of the loss. Accuracies
          are fractions of 1; standard deviations are over seeds (ddof 1), missing for a single seed.
        - `epochs_run`, `kept_epoch`, and `seconds` of one trial on one core: means over the `n`.
        - `engine`: those that ran the trials.
        - if cells were compared, `baseline`, `difference`, `difference_low`, `difference_high`, `p_adjusted`,
          `verdict`, `method` and `more_seeds`, as in `compare`.

    Raises
    ------
    SweepError
        For a mistake in the settings, before anything is trained; or if trials failed, after all others.

    Examples
    --------
    >>> import sweep
    >>> small = {"epochs": 1, "seeds": 3, "data": {"train_size": 200}, "parallel": {"n_jobs": 1}}
    >>> summary = sweep.run(small | {"grid": {"product": {"hidden": [4, 8]}}})  # doctest: +ELLIPSIS
    0 of 6 trials...
    >>> summary[["hidden", "n"]]
      hidden  n
    0      4  3
    1      8  3
    """
    from sweep.config.compose import explicit_in_python, from_settings
    from sweep.config.unused import refuse_unused
    from sweep.session import console, run_sweep

    configs = from_settings(config or {})
    refuse_unused(configs)
    return run_sweep(configs, None, console(), explicit=explicit_in_python(config or {}))


def train(config: "Mapping[str, Any] | pd.Series[Any] | None" = None, seed: int | None = None) -> "Trained":
    """Train one seed in this process and return the network. Nothing is stored.

    The weights have the same bits as in a sweep.

    Parameters
    ----------
    config
        Settings of a single cell, as for `run`; or a row of `load()`, whose trial is trained again, with a
        warning if the bits of its weights differ.
    seed
        The seed index, at least 0. None: the row's own, or 0.

    Returns
    -------
    Trained
        The network: `predict(features)`, (examples,), and `outputs(features)`, (examples, outputs), of
        features (examples, inputs) prepared like `data.test.features`; `weights`, one array (inputs, outputs)
        per layer; `curves`, a table with a row per evaluation; `data`, `config` and `result`.

    Raises
    ------
    SettingError
        For a mistake in the settings, or a grid of several cells.

    Examples
    --------
    >>> import sweep
    >>> network = sweep.train({"hidden": 4, "epochs": 1, "data": {"train_size": 200}})
    >>> network.predict(network.data.test.features).shape
    (10000,)
    >>> [weights.shape for weights in network.weights]
    [(784, 4), (4, 10)]
    """
    from sweep import network

    return network.train({} if config is None else config, seed)


def register(kind: str, name: str, entry: _Entry | None = None) -> Any:
    """Add a choice of your own, which `kind=name` then selects, on the command line and in Python.

    Call it in a module that SWEEP_EXTENSIONS names, in an entry point of the group `sweep.extensions`, or in
    a module that your program imports before `sweep.run`. Workers import the module, too. If the file that
    defines the entry changes, cells that use it become other cells.

    Parameters
    ----------
    kind
        One of optimizer, regularization, schedule, loss, initializer, activation, output, data, figure and
        setting.
    name
        The name of the choice, column or figure.
    entry
        For the first five kinds a subclass of the class in `sweep.extend`, whose fields declared with
        `setting()` are settings of their own; for activation, output and data an object of that class; for
        figure a function of a table of trials, one per row, and a matplotlib figure, on which it draws; for
        setting `setting(default, meaning)`. None: use `register` as a decorator.

    Returns
    -------
    The entry, or the decorator.

    Raises
    ------
    SettingError
        For an entry of a wrong type, or a name that is taken.

    See docs/extending.md for an example of each kind.
    """
    from sweep.config.register import register as into_table

    module = sys._getframe(1).f_globals["__name__"]

    def decorate(decorated: _Entry) -> _Entry:
        into_table(kind, name, decorated, module=module)
        return decorated

    return decorate if entry is None else decorate(entry)
