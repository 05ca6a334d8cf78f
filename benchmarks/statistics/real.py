"""The same questions of real networks: halves of the seeds of one cell, and halves of the test digits."""

import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.statistics.cases import Case, generator, rate
from benchmarks.statistics.contrasts import WEIGHTS
from numpy.typing import NDArray

import sweep
from sweep.stats import crossed
from sweep.stats.compare import Observations
from sweep.stats.contrast import Errors, contrast
from sweep.stats.trials import drop_diverged

SMALL = {"hidden": 8, "data": {"train_size": 1000}, "epochs": 2}
PAIRS = 40  # of cells, of each report at most


def halves_of_seeds(simulations: int, seeds: int = 60) -> Iterator[Case]:
    """Split the seeds of one cell into two halves, which are two equal cells, and compare them."""
    with tempfile.TemporaryDirectory() as folder:
        sweep.run({**SMALL, "seeds": seeds, "results": folder, "figures": False})
        values = sweep.load(folder)["test_accuracy"].to_numpy(float)
    rng = generator("halves of seeds")
    halves = (np.column_stack(np.split(rng.permutation(values), 2)) for _ in range(simulations))
    errors = Errors.of([contrast(pair, WEIGHTS, paired=False) for pair in halves])
    measure = "halves that differ, %"
    described = "8 hidden units, 1,000 digits, 2 epochs"
    yield rate(
        "real seeds",
        "Welch's t",
        described,
        n=seeds // 2,
        measure=measure,
        outcomes=errors.p <= 0.05,
        limits=(0, 6),
    )


def halves_of_digits(simulations: int, reports: Path = Path("reports")) -> Iterator[Case]:
    """Predict the difference on one half of the digits from the other half, for pairs of stored cells."""
    covered: dict[bool, list[float]] = {True: [], False: []}
    for file in sorted(reports.glob("*/records.parquet")):
        trials = drop_diverged(sweep.load(file, bits=True)).dropna(subset=["test_correct"])
        for differs, differences in _pairs(trials, file.parent.name):
            covered[differs].append(_covered(differences, simulations, len(covered[differs])))
    for differs, shares in covered.items():
        name = "that differ" if differs else "that do not differ"
        middle, times = float(np.mean(shares)), len(shares) * simulations
        described = f"{len(shares)} pairs of stored cells {name}"
        measure = "predictions that hold, % (mean over pairs)"
        yield Case("real digits", "prediction", described, "all", measure, times, middle, 94, 96)
        outside = [not 94 <= share <= 96 for share in shares]
        measure = "pairs outside 94 to 96, %"
        yield rate("real digits", "prediction", described, n="all", measure=measure, outcomes=outside)


def _pairs(trials: pd.DataFrame, name: str) -> Iterator[tuple[bool, NDArray[np.float64]]]:
    """Yield for pairs of cells whether they differ in accuracy, and by how much on each digit."""
    observed = Observations.of(trials, "test_accuracy")
    groups = trials.groupby("cell")["test_correct"]
    right = {cell: np.stack(list(bits)).mean(axis=0) for cell, bits in groups}
    pairs = list(itertools.combinations(range(len(observed.cells)), 2))
    for number in generator("pairs", name).permutation(len(pairs))[:PAIRS]:
        first, second = pairs[number]
        one, two = right[observed.cells[first]], right[observed.cells[second]]
        if len(one) == len(two) and not np.array_equal(one, two):
            p = float(Errors.of([observed.difference(first, second, None)]).p[0])
            yield p <= 0.05, one - two


def _covered(differences: NDArray[np.float64], simulations: int, number: int) -> float:
    rng, count = generator("halves of digits", number), 0
    for _ in range(simulations):
        half, other = np.split(rng.permutation(differences), 2)
        low, high = crossed.prediction(half, len(other))
        count += bool(low <= other.mean() <= high)
    return 100 * count / simulations


def seconds_of_a_large_sweep(cells: int = 1000, seeds: int = 10, digits: int = 10_000) -> tuple[float, float]:
    """Time the comparison of a large sweep, without and with the digits that each trial gets right."""
    rng = generator("large")
    trials = pd.DataFrame(
        {
            "cell": np.repeat([f"{cell:04}" for cell in range(cells)], seeds),
            "seed": np.tile(np.arange(seeds), cells),
            "validation_accuracy": rng.normal(0.97, 0.002, cells * seeds),
            "test_accuracy": rng.normal(0.97, 0.002, cells * seeds),
        }
    )
    begin = time.perf_counter()
    sweep.compare(trials)
    middle = time.perf_counter()
    hard = rng.random(digits) < 0.97
    right = [hard ^ (rng.random(digits) < 0.01) for _ in range(len(trials))]
    trials = trials.assign(test_correct=pd.Series(right), test_accuracy=[bits.mean() for bits in right])
    with_bits = time.perf_counter()
    sweep.compare(trials)
    return middle - begin, time.perf_counter() - with_bits
