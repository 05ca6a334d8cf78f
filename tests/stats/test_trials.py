"""stats.trials: means and standard deviations against the standard library."""

import statistics

import pandas as pd
import pytest

from sweep.report.tables import Measure
from sweep.stats.trials import METRICS, summarise


def trials(
    accuracies: dict[str, list[float]], diverged: frozenset[tuple[str, int]] = frozenset()
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "cell": cell,
                "seed": seed,
                "status": "diverged" if (cell, seed) in diverged else "completed",
                **dict.fromkeys(METRICS, value),
                "epochs_run": 10.0 + seed,
                "engine": "numpy",
                "kept_epoch": 5.0,
                "train_seconds": 2.0,
                "evaluation_seconds": 0.5,
            }
            for cell, values in accuracies.items()
            for seed, value in enumerate(values)
        ]
    )


def test_summary_has_mean_and_sample_deviation() -> None:
    values = {"b": [0.91, 0.93, 0.96], "a": [0.5, 0.7]}
    summary = summarise(trials(values)).set_index("cell")
    assert list(summary.index) == ["b", "a"]
    for cell, numbers in values.items():
        row = summary.loc[cell]
        assert row["n"] == len(numbers)
        assert row["test_accuracy_mean"] == pytest.approx(statistics.mean(numbers))
        assert row["test_accuracy_std"] == pytest.approx(statistics.stdev(numbers))
        assert row["seconds"] == pytest.approx(2.5)


def test_summary_of_one_seed_has_no_deviation() -> None:
    row = summarise(trials({"a": [0.9]})).iloc[0]
    assert row["n"] == 1
    assert pd.isna(row["test_accuracy_std"])
    assert Measure.of("test_accuracy").spread(row["test_accuracy_mean"], row["test_accuracy_std"]) == "90.00"


def test_summary_counts_diverged_trials() -> None:
    """They are counted and not averaged."""
    summary = summarise(trials({"a": [0.9, 0.1, 0.8], "b": [0.1]}, frozenset({("a", 1), ("b", 0)})))
    first, second = summary.iloc[0], summary.iloc[1]
    assert (first["n"], first["diverged"]) == (2, 1)
    assert first["test_accuracy_mean"] == pytest.approx(0.85)
    assert (second["n"], second["diverged"]) == (0, 1)
    assert pd.isna(second["test_accuracy_mean"])
    assert (
        Measure.of("test_accuracy").spread(second["test_accuracy_mean"], second["test_accuracy_std"]) == "–"
    )


def test_spread_has_two_decimals() -> None:
    assert Measure.of("test_accuracy").spread(0.97714, 0.00071) == "97.71 ± 0.07"
