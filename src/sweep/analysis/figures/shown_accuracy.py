"""Which accuracy figures show: the test part's, or else the validation or training part's."""

import pandas as pd

from sweep.errors import SweepError

SHOWN = "shown: "  # a column; no setting has such a name
NAMES = {
    "test_accuracy": "test accuracy (%)",
    "validation_accuracy": "validation accuracy (%)",
    "train_accuracy": "training accuracy (%)",
}


def in_percent(trials: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The accuracy that is shown, and the trials that have it, with a column `SHOWN` of it in percent.

    Raises SweepError when no accuracy was measured.
    """
    for measure in NAMES:
        if measure in trials and trials[measure].notna().any():
            data = trials[trials[measure].notna()]
            return measure, data.assign(**{SHOWN: 100 * data[measure].astype(float)})
    raise SweepError("no accuracy was measured")
