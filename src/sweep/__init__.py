"""Sweep neural-network experiments across seeds and see what is real.

    import sweep

    sweep.run({"hidden": 16, "seeds": 3})   # train what is missing; one summary row a cell
    sweep.load()                            # one row a trial
    sweep.curves()                          # one row a trial and epoch
    sweep.compare("results")                # which cells differ from the best, and how sure that is
    sweep.train({"hidden": 16}).predict(x)  # one network, to ask
    sweep.register("activation", "mine", ...)  # a choice of your own; docs/extending.md

How a sweep goes through the package: `config` turns settings into cells. `execution` plans which trials are
missing and hands them to workers. Each worker calls `training` on `data`, with `engines` that compute the
mathematics of `nn`, and `records` stores what comes out. `analysis` makes tables and figures of the records,
and `papers` reports. docs/architecture.md has a picture of this, and a glossary.
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
    """`__version__`, looked up when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("sweep")


def load(results: "str | Path" = "results", bits: bool = False) -> "pd.DataFrame":
    """One row a trial: its settings and final metrics. See `sweep.store.load.load`.

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
    """One row a trial and evaluation. See `sweep.store.load.load_curves`.

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
    paired: "bool | Literal['auto']" = "auto",
    margin: float = 0.002,
    level: float = 0.95,
) -> "pd.DataFrame":
    """Every cell against one of them: which differences are real. One row a comparison.

    `trials` is a folder or file of records, or a table as `load()` gives it, with `bits` or not. `baseline`
    is a cell's id or the settings of one cell, such as {"hidden": 16}; None takes the best on validation.
    `metric` is a column of numbers; accuracies are better when higher, all else when lower. `paired` is a
    rule that looks at no value: "auto" pairs cells that were trained with the same seeds. A difference below
    `margin`, in the metric's unit, does not matter.

    Columns: `cell`, `baseline`; `difference`, the cell's mean less the baseline's, with `low` and `high` of
    its interval of `level` over new seeds on the same test examples; `standard_error`; `n` and `n_baseline`,
    the seeds in it; `paired` and `method`; `p` of no difference, and `p_adjusted`, corrected by Holm's
    procedure for all comparisons that might have been looked at; `verdict`: better or worse by `p_adjusted`,
    otherwise equivalent where the interval, corrected as well, lies within the margin, otherwise undecided;
    `more_seeds` for each cell that would decide it with a probability of 80 %, 0 where it is decided, missing
    where no number is known. With bits also `low_new_digits`, `high_new_digits` and `verdict_new_digits`,
    which hold for new test examples, too. Diverged trials are left out. Raises SweepError where trials cannot
    be compared.

    After the example of `run`:

    >>> import sweep
    >>> sweep.compare(baseline={"hidden": 4})[["n", "n_baseline", "method"]]
       n  n_baseline    method
    0  3           3  paired t
    """
    from sweep.stats import compare

    return compare.compare(trials, baseline, metric, paired, margin, level)


def run(config: Mapping[str, Any] | None = None) -> "pd.DataFrame":
    """Train what is missing and return the summary, one row a cell.

    `config` names settings as in conf/, nested or dotted: {"hidden": 16, "optimizer": "adam",
    "data": {"train_size": 1000}}. A `grid` makes a sweep of it: {"grid": {"product": {"hidden": [16, 128]}}}.
    What `python -m sweep` prints is printed; nothing but records is written.
    Raises SweepError for a mistake in the settings.

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
    """Train one seed in this process and return the network, with its curves, weights and predictions.

    `config` is as for `run`, but of a single cell. Or it is a row of `load()`, whose trial is trained again,
    with a warning if the bits of its weights differ. Without `seed` it is seed 0, or the row's own. The
    weights have the same bits as in a sweep. Nothing is stored. Raises SweepError for a mistake in the
    settings.

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
    """Add a choice of your own, which `kind=name` then chooses, on the command line as in Python.

    `kind` and what `entry` is: optimizer, regularization, schedule, loss, initializer (a subclass of that in
    `sweep.nn`, whose fields declared with `setting()` are its own settings), activation, output (an object of
    that class in `sweep.nn`), data (a `DataSet`), figure (a function of a table of trials, a row each, and a
    matplotlib figure, on which it draws), setting (`setting(default, meaning)`). Without `entry` it is a
    decorator. docs/extending.md has an example of each.

    Call it in a module that SWEEP_EXTENSIONS names, in an entry point of the group `sweep.extensions`, or in
    a module that your program imports before `sweep.run`. Workers import the module, too. If the file that
    defines the entry changes, cells that use it become other cells. Raises SettingError for an entry of a
    wrong type or a name that is taken.
    """
    from sweep.config.register import register as into_table

    module = sys._getframe(1).f_globals["__name__"]

    def decorate(decorated: _Entry) -> _Entry:
        into_table(kind, name, decorated, module=module)
        return decorated

    return decorate if entry is None else decorate(entry)
