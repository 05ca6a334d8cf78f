"""The engines in turn on every cell, on one processor."""

import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from benchmarks import report
from benchmarks.cells import Cell
from benchmarks.measuring import Engine, data_of
from rich.console import Console

from sweep.runner.plan import matrix_rate


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep this thread, and those that it starts, on a single processor, if the system can.

    JAX computes in a thread of its own while Python prepares the next mini-batch in another: with a second
    processor it would have two against our one.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def measure(
    cells: Sequence[Cell],
    engines: Mapping[str, Engine],
    *,
    images: int,
    rounds: int,
    console: Console,
    write: bool,
) -> None:
    """Print, for every cell and engine, seconds per epoch and seed, and the share of the machine's rate.

    With `write` they are saved after each cell, and cells that were saved before are not measured again.
    """
    rows = report.read_cells() if write else []
    saved = {row["cell"] for row in rows}
    for cell in cells:
        if str(cell) in saved:
            continue
        measured = _measured(cell, engines, images, rounds)
        times = ", ".join(f"{row['engine']} {row['seconds']:.3f} s ({row['share']:.0%})" for row in measured)
        console.print(f"{cell}: {times}", soft_wrap=True)
        rows += measured
        if write:
            report.write_cells(rows)


def _measured(cell: Cell, engines: Mapping[str, Engine], images: int, rounds: int) -> list[report.Row]:
    """Return one row an engine: medians over the rounds, and the fastest and the slowest of them."""
    data, steps = data_of(cell), _steps(cell, images)
    measures = {name: engine(cell, data) for name, engine in engines.items()}
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    rates = []
    for _ in range(rounds):
        rates.append(matrix_rate(2048))
        for name, measure_steps in measures.items():
            seconds[name].append(measure_steps(steps) * cell.epoch_steps / steps)
    return [
        {
            "cell": str(cell),
            **vars(cell),
            "engine": name,
            "rounds": rounds,
            "seconds": statistics.median(times),
            "low": min(times),
            "high": max(times),
            "share": statistics.median(
                cell.flops / time / rate for time, rate in zip(times, rates, strict=True)
            ),
            "gflops": statistics.median(rates) / 1e9,
        }
        for name, times in seconds.items()
    ]


def _steps(cell: Cell, images: int) -> int:
    """Return the steps of a measurement: those of `images`, at least 20; a twentieth of them one by one."""
    if cell.epoch:
        return cell.epoch_steps
    return max(20, images // cell.batch) if cell.batch > 1 else images // 20
