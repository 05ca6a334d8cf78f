"""Sentences about shares of variance: tables made by hand, with the sentence that each must give."""

import math

import pandas as pd
import pytest

from sweep.report import variance

LIMITS = ("", "_low", "_high")


def table(**main: tuple[float, float, float]) -> pd.DataFrame:
    """One block of 29 seeds with a standard deviation of 0.2 points together, and these main effects."""
    rows = [
        {"metric": "test_accuracy", "varies": name, "n": 29.0, "skewness": 0.1, "diverged": 0}
        | dict(zip([f"main_effect{limit}" for limit in LIMITS], part, strict=True))
        | dict.fromkeys([f"{column}{limit}" for column in ("std", "share") for limit in LIMITS], 0.002)
        for name, part in (main | {"all": (math.nan,) * 3}).items()
    ]
    return pd.DataFrame(rows)


REST = {"init": (0.1, -0.1, 0.3), "order": (0.1, -0.1, 0.3)}
SPLIT, NONE = {"split": (0.64, 0.5, 0.8)}, {"split": (0.02, -0.2, 0.36)}
MIX = {"interaction": (0.8, 0.5, 1.1)}


def test_findings_name_what_dominates() -> None:
    """A part dominates if its interval lies above those of all others."""
    (text,) = variance.findings(table(**REST, **SPLIT, interaction=(0.2, 0.0, 0.4)), [])
    assert text.startswith("Test accuracy: split dominates, 64 [50, 80] % of the variance; one fixed split")
    (text,) = variance.findings(table(**REST, **NONE, **MIX), [])
    assert text.startswith(
        "Test accuracy: interaction dominates, 80 [50, 110] % of the variance, so fixing one source alone"
    )
    (text,) = variance.findings(table(**REST, **SPLIT, **MIX), [])
    assert text.startswith(
        "Test accuracy: 29 seeds do not tell what dominates; the largest part is interaction, 80"
    )


def test_findings_on_a_fixed_split() -> None:
    """A fixed split moves the mean by the standard deviation times the root of its main effect."""
    # 0.8 of 0.2 points; beside it the mean of 29 seeds with one split has the error 0.6 * 0.2 / sqrt(29).
    (text,) = variance.findings(table(**REST, **SPLIT, **MIX), [])
    assert "moves the mean by ±0.16 points, 7.2 times the standard error of the mean of 29 seeds" in text
    # If there may be none, the upper limit: 0.6 of 0.2 points.
    (text,) = variance.findings(table(**REST, **NONE, **MIX), [])
    assert "by ±0.12 points at most, 4.0 times the standard" in text
    for part, words in (
        ((-0.3, -0.5, -0.1), "±0.00 points at most"),
        ((1.0, 0.9, 1.1), "beyond any standard"),
    ):
        (text,) = variance.findings(table(**REST, split=part), [])
        assert words in text


def test_findings_say_what_intervals_cannot_bear() -> None:
    skewed = table(**REST, **SPLIT).assign(hidden=4, diverged=2)
    skewed.loc[0, "skewness"] = -2.7
    (text,) = variance.findings(skewed, ["hidden"])
    assert text.startswith("hidden=4, test accuracy: ")
    assert "; the seeds are more skewed (-2.7) than the intervals are tested for; " in text
    assert text.endswith("2 trials diverged and are left out, with all trials of their seeds.")
    (text,) = variance.findings(skewed.assign(n=8.0), ["hidden"])
    assert "8 seeds beside seed 0 are too few for shares; 9 or more give them" in text
    assert [row[-1] for row in variance.rows(skewed.assign(n=8.0), [])] == ["too few seeds"] * 4


@pytest.mark.parametrize("status", ["completed", "diverged"])
def test_seeds_that_diverged_anywhere_count_nowhere(status: str) -> None:
    rows = [
        {"cell": cell, "seed": seed, "status": "completed", "test_accuracy": 0.9 + seed**2 / 100}
        for cell in "ab"
        for seed in range(5)
    ]
    rows[2]["status"] = status
    trials = pd.DataFrame(rows).assign(validation_accuracy=math.nan)
    made = variance.components(trials, [{("init",): "a", ("init", "order"): "b"}], [{"hidden": 4}])
    kept = [1, 3, 4] if status == "diverged" else [1, 2, 3, 4]
    assert made["n"].tolist() == [len(kept)] * 2
    assert made["std"].tolist() == pytest.approx([pd.Series([seed**2 / 100 for seed in kept]).std()] * 2)
    assert made[["hidden", "metric", "varies"]].to_numpy().tolist() == [
        [4, "test_accuracy", "init"],
        [4, "test_accuracy", "all"],
    ]
