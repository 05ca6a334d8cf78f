"""benchmarks.statistics: its steps at small scale, and its committed table and page."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.statistics import contrasts, digits, families, real, report, single_runs, verdicts
from benchmarks.statistics.cases import DRAWS, Case, Draw, generator, rate
from scipy import stats

import sweep
from sweep.stats.contrast import contrast
from sweep.stats.sequential import Looks

ROOT = Path(__file__).parents[2]
COMMITTED = pd.read_csv(ROOT / report.TABLE, dtype={"n": str})


def test_committed_page_follows_from_table() -> None:
    assert (ROOT / report.PAGE).read_text(encoding="utf-8") == report.page(COMMITTED)


def test_committed_holds_follow_from_numbers() -> None:
    limited = COMMITTED[COMMITTED["high"].notna() & COMMITTED["percent"].notna()]
    noise = np.where(
        limited["low"] == 0, 2 * limited["high"].map(binomial) / limited["simulations"] ** 0.5, 0
    )
    holds = (limited["percent"] >= limited["low"]) & (limited["percent"] <= limited["high"] + noise)
    assert list(holds) == list(limited["holds"] == "yes")
    assert set(COMMITTED.loc[COMMITTED["percent"].isna(), "holds"]) == {"not offered"}


def binomial(percent: float) -> float:
    return float(stats.binom.std(1, percent / 100)) * 100


def test_committed_promises_hold() -> None:
    """Skewed seeds of unequal spread are the known exception; being too cautious is not an error."""
    normal = COMMITTED["seeds"].str.startswith("normal") & (COMMITTED["part"] != "power")
    for rows in (COMMITTED[normal], COMMITTED[COMMITTED["part"].isin(PROMISED)]):
        assert len(rows)
        assert not (rows["percent"] - 2 * rows["standard_error"] > rows["high"]).any()


PROMISED = [
    "new digits",
    "family of 12 cells",
    "looks",
    "equivalence",
    "single runs",
    "real seeds",
    "real digits",
]


@pytest.mark.parametrize(("draw", "skewness"), [(DRAWS["normal"], 0.0), (DRAWS["skewed"], -4 / 3)])
@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_simulated_seeds_have_stated_moments(draw: Draw, skewness: float, correlation: float) -> None:
    values = draw(generator("moments"), (200_000, 2), correlation)
    assert values.mean() == pytest.approx(0, abs=0.01)
    assert values.std() == pytest.approx(1, abs=0.01)
    assert stats.skew(values[:, 0]) == pytest.approx(skewness, abs=0.05)
    assert stats.pearsonr(*values.T).statistic == pytest.approx(correlation, abs=0.01)


def test_misses_are_those_of_scipy() -> None:
    values = contrasts.simulated("skewed", 2.0, (10, 10), correlation=0.0, simulations=50)
    differences = [contrast(pair, contrasts.WEIGHTS, paired=False) for pair in values]
    p = stats.ttest_ind(values[..., 0], values[..., 1], axis=1, equal_var=False).pvalue
    assert list(contrasts.missed(differences, 0.0)) == list(p < 0.05)


@pytest.mark.parametrize("pair", digits.PAIRS, ids=lambda pair: pair.name)
def test_true_difference_on_new_digits(pair: digits.Pair) -> None:
    rng = generator("truth")
    means = [[cell.mean() for cell in pair.cells(rng, 10, 0.5)] for _ in range(200)]
    gains = np.subtract(*np.array(means).T)
    assert gains.mean() == pytest.approx(pair.truth, abs=4 * stats.sem(gains))


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize(("ratio", "chance"), [(1, 0.95), (3, 0.5), (3, 0.8)])
def test_single_runs_win_as_often_as_simulated(name: str, ratio: int, chance: float) -> None:
    values = DRAWS[name](generator("wins"), (200_000, 2), 0.0)
    wins = ratio * values[:, 0] + single_runs.shift(name, ratio, chance) > values[:, 1]
    assert wins.mean() == pytest.approx(chance, abs=0.005)


@pytest.mark.parametrize("chosen", [True, False])
def test_false_verdict_is_one_of_compare(chosen: bool) -> None:
    false = []
    for number in range(8):
        values = DRAWS["normal"](generator("compare", number), (3, families.CELLS, 2), 0.5)
        values[:, number % 4] -= 100.0 * (number % 2)  # so that some have a verdict
        trials = families.trials_of(values)
        table = sweep.compare(trials, None if chosen else "00", margin=0.0)
        maybe = families.possible(values[None, ..., 1], chosen=chosen)[0]
        false.append(bool(maybe) and families.false_verdict(trials, chosen=chosen))
        assert false[-1] == table["verdict"].ne("undecided").any()
    assert set(false) == {True, False}


def test_verdict_of_decide_comes_early() -> None:
    values = DRAWS["normal"](generator("decide"), (verdicts.BUDGET, 2), 0.0) / math.sqrt(2) + [2.0, 0.0]
    planned = Looks.until(verdicts.BUDGET, verdicts.FIRST, 1)
    verdict, seeds = verdicts.verdict_at(values, planned, 0.0)
    assert verdict == "better"
    assert seeds in planned.seeds[:4]


def test_rows_at_small_scale() -> None:
    cases: list[Case] = [
        *contrasts.means(200),
        *verdicts.equivalence(20),
        *verdicts.power(20),
        *(case for case, _ in zip(single_runs.single_runs(20), range(2), strict=False)),
        *(case for case, _ in zip(digits.new_digits(3), range(2), strict=False)),
        *(case for case, _ in zip(families.sweeps(2), range(2), strict=False)),
        *(case for case, _ in zip(verdicts.costs(4), range(2), strict=False)),
    ]
    page = report.page(report.table_of(cases).assign(program=""))
    assert page.count("\n| ") == len(cases) + 2 * len({(case.part, case.measure) for case in cases})


def test_too_few_unpaired_seeds_are_not_offered() -> None:
    case = contrasts._difference("normal", 1, (5, 5), 3, correlation=0.0, paired=False)
    assert (case.method, case.holds) == ("too few seeds to say", "not offered")


def test_share_holds_within_limits() -> None:
    """A bound on one side leaves room for noise."""

    def row(hits: int, limits: tuple[float, float]) -> Case:
        outcomes = [True] * hits + [False] * (1000 - hits)
        return rate("part", "", "", n=1, measure="share, %", outcomes=outcomes, limits=limits)

    assert [row(hits, (4, 6)).holds for hits in (39, 40, 60, 61)] == ["no", "yes", "yes", "no"]
    assert [row(hits, (0, 5)).holds for hits in (0, 63, 64)] == ["yes", "yes", "no"]
    assert row(50, (4, 6)).standard_error == pytest.approx(100 * math.sqrt(0.05 * 0.95 / 1000))


def test_real_digits_are_those_of_reports() -> None:
    cases = list(real.halves_of_digits(1, ROOT / "reports"))
    assert [case.measure[:9] for case in cases] == ["predictio", "pairs out"] * 2


def test_sweep_of_many_cells_is_compared() -> None:
    assert all(seconds > 0 for seconds in real.seconds_of_a_large_sweep(20, 3, 100))
