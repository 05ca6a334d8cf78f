"""Which accuracy figures show: the test part's, or else the validation or training part's."""

import pandas as pd

from sweep.errors import SweepError

SHOWN = "shown: "  # a column that no setting can be called
NAMES = {
    "test_accuracy": "test accuracy (%)",
    "validation_accuracy": "validation accuracy (%)",
    "train_accuracy": "training accuracy (%)",
}


def in_percent(trials: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """What is shown, and the trials where it was measured, in percent, as column `SHOWN`.

    Raises SweepError when no accuracy was measured.
    """
    for measure in NAMES:
        if measure in trials and trials[measure].notna().any():
            data = trials[trials[measure].notna()]
            return measure, data.assign(**{SHOWN: 100 * data[measure].astype(float)})
    raise SweepError("no accuracy was measured")
