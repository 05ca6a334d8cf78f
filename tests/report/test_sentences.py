"""The sentences below a sweep's table, for trials made by hand; numbers by NumPy, SciPy and arithmetic."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sweep.report.judged import JudgedSweep, judge_decided, judge_sweep
from sweep.report.sentences import conclusion, doubts, method
from sweep.report.sweep_page import SweepReport, effect_sentences
from sweep.report.tables import CellNames, listed
from sweep.stats.compare import Comparisons
from sweep.stats.judge import Criteria
from sweep.stats.sequential import Looks, decide, tabulate

NOISE = np.array([0.001, -0.001, 0.0005, -0.0005, 0.0])  # of the seeds, shared by all cells
OWN = np.array([0.0001, 0.0002, -0.0001, -0.0002, 0.0])  # of a cell beside it


def trials(
    accuracies: Mapping[object, Sequence[float]], *, status: Mapping[tuple[object, int], str] | None = None
) -> pd.DataFrame:
    """Trials of cells by their `hidden`: the test accuracy of each seed, and 1 point less on validation."""
    rows = []
    for hidden, values in accuracies.items():
        for seed, value in enumerate(values):
            row = {
                f"{part}_accuracy": value - lag
                for part, lag in (("test", 0), ("validation", 0.01), ("train", 0))
            }
            row |= {f"{part}_loss": 1 - value for part in ("test", "validation", "train")}
            row |= {"epochs_run": 10.0, "kept_epoch": 10.0, "train_seconds": 1.0, "evaluation_seconds": 0.5}
            state = (status or {}).get((hidden, seed), "completed")
            names = {
                "cell": f"c{hidden}",
                "seed": seed,
                "status": state,
                "engine": "numpy",
                "data_label": "MNIST",
            }
            rows.append(names | row)
    return pd.DataFrame(rows)


def judged(table: pd.DataFrame, criteria: Criteria = Criteria(), baseline: str | None = None) -> JudgedSweep:  # noqa: B008
    names = list(dict.fromkeys(table["cell"]))
    cells = pd.DataFrame({"cell": names, "hidden": [name.removeprefix("c") for name in names]})
    return judge_sweep(table, cells, ["hidden"], criteria=criteria, baseline=baseline)


def text(sweep: JudgedSweep) -> str:
    return " ".join(conclusion(sweep, CellNames(sweep.summary, ["hidden"])))


def facts_of(sweep: JudgedSweep) -> dict[str, str]:
    return dict(doubts(sweep, CellNames(sweep.summary, ["hidden"])))


THREE = {16: 0.94 + NOISE - OWN, 128: 0.979 + NOISE + OWN, 256: 0.98 + NOISE}


def test_conclusion_names_the_leads_of_the_chosen_cell() -> None:
    assert text(judged(trials(THREE))) == (
        "hidden=256 did best on validation (97.00 ± 0.08 %). On the test digits, which were not used"
        " to choose it,"
        " it leads 128 by 0.10 and 16 by 4.00 points. Both leads are larger than the luck of the seeds."
    )


def test_conclusion_with_every_verdict() -> None:
    """Undecided and equivalent cells are named, and a cell that is better on test is not chosen for it."""
    accuracies = {
        1: 0.98 + NOISE,  # chosen below, by its validation accuracy
        2: 0.98 + NOISE + OWN,  # the same within the margin
        3: 0.98 + NOISE + 300 * OWN,  # spread widely
        4: 0.99 + NOISE + OWN,  # better on test
    }
    table = trials(accuracies)
    table["validation_accuracy"] = np.where(table["cell"] == "c1", 0.99, 0.9) + np.tile(NOISE, 4)
    assert text(judged(table)) == (
        "hidden=1 did best on validation (99.00 ± 0.08 %). On the test part it lost to 4 by 1.00 points, but"
        " nothing is chosen by that. 2 is equivalent to it, within ±0.20 points. Whether it differs from 3 is"
        " undecided."
    )


def test_conclusion_with_a_named_baseline() -> None:
    assert text(judged(trials(THREE), baseline="c128")) == (
        "All settings are compared with hidden=128, as you asked. Better: 256 by 0.10 points. Worse:"
        " 16 by 3.90"
        " points."
    )


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        (
            1,
            "One seed per setting says nothing about spread; use seeds=3 or more for intervals and verdicts.",
        ),
        (2, "2 seeds per setting are too few to tell a difference from luck; use seeds=3 or more for"),
    ],
)
def test_conclusion_with_too_few_seeds(seeds: int, words: str) -> None:
    sweep = judged(trials({hidden: values[:seeds] for hidden, values in THREE.items()}))
    assert text(sweep).startswith(words)
    assert doubts(sweep, CellNames(sweep.summary, ["hidden"])) == []
    assert method(sweep) == ""


def test_doubts_are_named() -> None:
    """The p value is SciPy's, and the flattery the expected maximum of three normals."""
    wide = THREE | {128: 0.979 + NOISE + 5 * OWN}
    facts = facts_of(judged(trials(wide)))
    p = stats.ttest_rel(wide[128], wide[256]).pvalue
    assert 0.01 < p < 0.05
    assert facts["seeds"] == f"narrow for 128 (p = {p:.2g}); decide=0.002 adds seeds until clear"
    spread = math.sqrt(np.mean([np.var(values, ddof=1) for values in wide.values()]) / 5)
    flattery = 100 * spread * 3 / (2 * math.sqrt(math.pi))  # the expected maximum of three standard normals
    assert (
        facts["best of 3"]
        == f"picking the winner flatters its validation accuracy by about {flattery:.2f} points"
    )
    wins = np.mean(wide[256][:, None] > wide[128]) + np.mean(wide[256][:, None] == wide[128]) / 2
    assert facts["single runs"].startswith(f"a run with 256 beats one with 128 in {100 * wins:.0f} of 100 [")


def test_doubts_say_what_the_seeds_would_have_found() -> None:
    """At the difference that is named, the t test of a family of one has 80 % power."""
    pair = {1: 0.98 + NOISE, 2: 0.9799 + NOISE + 30 * OWN}
    facts = facts_of(judged(trials(pair)))
    error = (30 * OWN).std(ddof=1) / math.sqrt(5)
    size = float(facts["seeds"].split("difference of ")[1].split(" points")[0]) / 100
    critical = stats.t.ppf(0.975, 4)
    power = stats.nct.sf(critical, 4, size / error) + stats.nct.cdf(-critical, 4, size / error)
    assert power == pytest.approx(0.8, abs=0.005)
    assert facts["seeds"].startswith("too few for 2; they find a difference of ")
    assert facts["seeds"].endswith(" points in 8 sweeps of 10; decide=0.002 adds seeds until clear")


def test_doubts_count_failed_seeds() -> None:
    table = trials(THREE, status={(16, 0): "diverged", (16, 1): "diverged", (128, 2): "dead"})
    facts = facts_of(judged(table))
    assert facts["diverged"] == "2 of 5 seeds of hidden=16 (left out of the mean)"
    assert facts["dead"] == "1 of 5 seeds of hidden=128 (one answer for every input, part of the mean)"


def test_method_names_tests_correction_and_scope() -> None:
    table = trials(THREE).assign(test_examples=10_000)
    assert method(judged(table)) == (
        "Paired t-tests on the same seeds, Holm-corrected for 3 comparisons, 5 % error rate. 95 %"
        " intervals are"
        " for new seeds on these 10,000 test digits, assuming you fixed the number of seeds in"
        " advance; they are"
        " per row, not corrected. Explained in docs/statistics.md."
    )
    pair = judged(table[table["cell"] != "c16"])
    assert method(pair).startswith("Paired t-tests on the same seeds, 5 % error rate. 95 % intervals are for")
    assert "corrected" not in method(pair)


def test_sentences_of_a_sweep_with_decide() -> None:
    looks, criteria = Looks((5, 8), 1), Criteria(margin=0.005, paired=True)
    values = np.column_stack([THREE[256], THREE[16]])
    decisions = {"c256": decide(values, looks, criteria)}
    table = tabulate(decisions, "c16", looks, criteria=criteria)
    comparisons = Comparisons(table, criteria, "c16", chosen_by=None, named=False, family=1)
    rows = trials({16: THREE[16], 256: THREE[256]})
    cells = pd.DataFrame({"cell": ["c16", "c256"], "hidden": [16, 256]})
    sweep = judge_decided(rows, cells, comparisons, looks=looks)
    assert list(conclusion(sweep, CellNames(sweep.summary, ["hidden"]))) == [
        "All settings are compared with the first, hidden=16; compare.baseline names another."
        " Better: 256 by 4.00"
        " points.",
        "1 of 1 comparison decided, with 10 of the budget's 16 trials. Each difference is over the"
        " seeds of its"
        " last look.",
    ]
    assert method(sweep).startswith(
        "Paired t-tests on the same seeds after 5 and 8 seeds, corrected for 2 looks (Bonferroni), 5"
        " % error rate."
        " 95 % intervals hold for all looks and settings together"
    )


def test_effects_in_a_sentence_each() -> None:
    cells = pd.DataFrame(
        {"cell": ["a", "b", "c", "d"], "hidden": [8, 8, 32, 32], "momentum": [0, 0.9, 0, 0.9]}
    )
    accuracies = {"a": 0.90 + NOISE, "b": 0.91 + NOISE, "c": 0.93 + NOISE + OWN, "d": 0.96 + NOISE}
    table = pd.concat(trials({name: values}).assign(cell=name) for name, values in accuracies.items())
    sweep = judge_sweep(table, cells, ["hidden", "momentum"], criteria=Criteria())
    facts = effect_sentences(sweep)
    assert [label for label, _ in facts] == ["hidden", "momentum", "together"]
    # (0.93 + 0.96 - 0.90 - 0.91) / 2 and (0.91 + 0.96 - 0.90 - 0.93) / 2
    assert facts[0][1].startswith("32 is better than 8, +4.00 [+3.9")
    assert facts[1][1].startswith("0.9 is better than 0, +2.00 [+1.9")
    assert facts[2][1].startswith("the difference of hidden=32 from 8 is 2.00 [")
    assert facts[2][1].endswith("] higher with momentum=0.9 than with 0")
    blocks = SweepReport(sweep, ["hidden", "momentum"], "MNIST").page().blocks
    assert [type(block).__name__ for block in blocks] == [
        *("Table", "Sentences", "Sentences", "Table", "Sentences", "Sentences")
    ]


def test_lists_in_sentences() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b"], "or") == "a or b"
    assert listed(list("abcdef")) == "a, b, c, d and 2 more"
