"""Two checkouts of `sweep` in turn on one machine: how much faster is this one than the other?

Each trains the same steps of the same cell in a process of its own, one after the other on one processor, in
the order A B B A A B ..., so that other load on the machine falls on both. Each pair of neighbours gives a
ratio of their seconds; a cell's is the median. Every round starts new processes, because the positions of
arrays in memory change the times of a process by a few per cent.
"""

import argparse
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.cells import Cell, grid, others, selected, third_of_grid
from benchmarks.checkout import HERE, Checkout
from rich.console import Console
from rich.progress import track

ENGINES = {"numpy": "numpy", "compiled": "numba"}  # a record's name, and the value of parallel.kernels
BLOCKS = (1, 5)  # seeds
WARM_UP = 3  # steps
SLOWER = 1.03  # a larger ratio counts as slower


def add_arguments(group: "argparse._ArgumentGroup") -> None:
    """Add the arguments that `run` reads."""
    group.add_argument("--against", type=Path, metavar="PATH", help="a checkout, or a Python with sweep")
    group.add_argument("--all", action="store_true", help="the whole grid, not a third of it")
    group.add_argument("--engine", choices=ENGINES, help="one engine alone")
    group.add_argument("--seeds", type=int, nargs="+", default=BLOCKS, help="seeds of a block")
    group.add_argument("--pairs", type=int, default=4, help="pairs of measurements in a round")
    group.add_argument("--seconds", type=float, default=0.1, help="length of a measurement, about")
    group.add_argument("--csv", type=Path, metavar="FILE", help="save the medians there")


def run(arguments: argparse.Namespace, console: Console) -> None:
    """Compare, print, and save with --csv."""
    engines = [arguments.engine] if arguments.engine else list(ENGINES)
    planned = [
        one
        for one in comparisons(engines, arguments.seeds, every=arguments.all)
        if selected(one.cell, arguments)
    ]
    measured = compare(
        arguments.against,
        planned,
        rounds=arguments.rounds,
        pairs=arguments.pairs,
        seconds=arguments.seconds,
        console=console,
    )
    for line in lines(measured):
        console.print(line, soft_wrap=True)
    if arguments.csv:
        pd.DataFrame([one.row() for one in measured]).to_csv(arguments.csv, index=False, float_format="%.6g")


@dataclass
class Comparison:
    """One cell, engine and block: seconds a step and seed (or an epoch) of both checkouts, pair by pair."""

    cell: Cell
    engine: str
    seeds: int
    steps: int = 0
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    same_bits: bool = True

    def __str__(self) -> str:
        return f"{self.cell}, {self.engine}, {_seeds(self.seeds)}"

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Return the quartiles of the pairs' ratios, seconds here / seconds there: lower, median, upper."""
        ratios = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
        return float(low), float(middle), float(high)

    @property
    def ratio(self) -> float:
        """Return the median of the pairs' ratios."""
        return self.quartiles[1]

    def row(self) -> dict[str, object]:
        """Return the row of a table."""
        low, middle, high = self.quartiles
        return {
            "cell": str(self.cell),
            "engine": self.engine,
            "seeds": self.seeds,
            "steps": self.steps,
            "there": statistics.median(self.theirs),
            "here": statistics.median(self.ours),
            "ratio": middle,
            "low": low,
            "high": high,
            "same_bits": self.same_bits,
        }


def comparisons(engines: Sequence[str], blocks: Sequence[int], *, every: bool) -> list[Comparison]:
    """Return all combinations, or else a third of the grid, whose cells take turns in the block's size."""
    cells = [*(grid() if every else third_of_grid()), *others()]
    return [
        Comparison(cell, engine, seeds)
        for number, cell in enumerate(cells)
        for engine in engines
        for seeds in (blocks if every else [blocks[number % len(blocks)]])
    ]


def compare(
    path: Path,
    planned: Sequence[Comparison],
    *,
    rounds: int,
    pairs: int,
    seconds: float,
    console: Console,
) -> list[Comparison]:
    """Compare this checkout with that at `path`, and return the comparisons that both could train.

    In every round each has `pairs` pairs of measurements, of about `seconds` each.
    """
    failed: dict[str, str] = {}
    for number in range(rounds):
        with Checkout(HERE) as here, Checkout(path) as other:
            if not number:
                console.print(f"here: {here.sweep}\nthere: {other.sweep}")
            for one in track(planned, f"round {number + 1} of {rounds}", console=console):
                try:
                    _measure(one, here, other, pairs=pairs, seconds=seconds)
                except _FailedError as error:
                    failed[str(one)] = str(error)
    for name, reason in failed.items():
        console.print(f"{name}: {reason}", soft_wrap=True)
    return [one for one in planned if str(one) not in failed]


class _FailedError(Exception):
    """A checkout could not train a cell."""


def _measure(one: Comparison, here: Checkout, other: Checkout, *, pairs: int, seconds: float) -> None:
    # The first call compiles and prepares the data, in both before anything is timed.
    _timed(one, here, WARM_UP)
    first, _ = _timed(one, other, WARM_UP)
    if not one.steps:
        one.steps = _steps(one, other, first / WARM_UP, seconds)
    for pair in range(pairs):
        order = (here, other) if pair % 2 else (other, here)
        timed = {checkout: _timed(one, checkout, one.steps) for checkout in order}
        for checkout, all_seconds in ((here, one.ours), (other, one.theirs)):
            all_seconds.append(timed[checkout][0] / one.seeds / (1 if one.cell.epoch else one.steps))
        one.same_bits &= timed[here][1] == timed[other][1]


def _steps(one: Comparison, checkout: Checkout, step: float, seconds: float) -> int:
    """Return the steps that take about `seconds`, if one of the first took `step`; or those of an epoch."""
    if one.cell.epoch:
        return one.cell.epoch_steps
    trial = max(WARM_UP, round(seconds / step / 2))
    return max(WARM_UP, round(trial * seconds / _timed(one, checkout, trial)[0]))


def _timed(one: Comparison, checkout: Checkout, steps: int) -> tuple[float, str]:
    """Return the seconds of a block, with evaluation if an epoch is timed, and its weights' digest."""
    settings = one.cell.settings(steps) | {"parallel.kernels": ENGINES[one.engine]}
    answer = checkout.train(settings, one.seeds)
    if "error" in answer:
        raise _FailedError(f"{checkout.path}: {answer['error']}")
    return answer["training"] + (answer["evaluation"] if one.cell.epoch else 0.0), answer["weights"]


def lines(measured: Sequence[Comparison]) -> Iterator[str]:
    """Yield a line for each comparison, the slowest last, and one for each engine."""
    for one in sorted(measured, key=lambda one: one.ratio):
        low, middle, high = one.quartiles
        ours, theirs = (_unit(statistics.median(seconds)) for seconds in (one.ours, one.theirs))
        bits = "" if one.same_bits else "; other bits"
        yield f"{middle:6.3f} ({low:.3f} to {high:.3f})  {one}: {ours} here, {theirs} there{bits}"
    yield "seconds here / seconds there, median (quartiles); below 1 is faster here"
    for engine in dict.fromkeys(one.engine for one in measured):
        yield _together(engine, [one for one in measured if one.engine == engine])


def _together(engine: str, measured: Sequence[Comparison]) -> str:
    worst = max(measured, key=lambda one: one.ratio)
    slower = sum(one.ratio > SLOWER for one in measured)
    surely = sum(one.quartiles[0] > SLOWER for one in measured)
    return (
        f"{engine}: {statistics.median(one.ratio for one in measured):.3f} in the median of {len(measured)};"
        f" worst {worst.ratio:.3f} ({worst}); {slower} slower by more than 3 %, {surely} of them in three"
        f" quarters of their pairs; bits differ in {sum(not one.same_bits for one in measured)}"
    )


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def _unit(seconds: float) -> str:
    return f"{seconds * 1e6:.4g} µs" if seconds < 1e-3 else f"{seconds * 1e3:.4g} ms"
