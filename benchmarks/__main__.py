"""`python -m benchmarks`: our speed, that of the peers that are installed, and the machine's own.

    pip install -e '.[test,bench]'
    python -m benchmarks --quick            # a few minutes, prints
    python -m benchmarks --write            # all cells and whole commands, into reports/benchmarks/
    python -m benchmarks --against ../before      # this checkout and another in turn, our engines alone

Every engine measures the same number of images of a cell in turn, `--rounds` times, with one measurement of
the machine's float32 matrix product before each; the table shows medians. Only whole commands
use more than one processor.
"""

import os

from sweep.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is imported
# JAX has no setting for the number of its threads but the processors it is given.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import argparse
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from benchmarks import against, product, report
from benchmarks.cells import IMAGES, Cell, published
from benchmarks.engines import Engine, installed
from rich.console import Console

from sweep.config.schema import Config
from sweep.data import datasets
from sweep.data.preprocessing import PreparedData, prepare
from sweep.data.settings import DataConfig
from sweep.execution.cost import matrix_rate
from sweep.training.randomness import Stream, generator

QUICK = [
    Cell(16, 1, 128, "adam"),
    Cell(128, 1, 128, "sgd"),
    Cell(128, 1, 50, "adam"),
    Cell(256, 1, 128, "adam"),
    Cell(128, 3, 128, "adam"),
    Cell(256, 1, 1, "sgd"),
]


def all_training_images() -> PreparedData:
    """All 60,000 images as the training part."""
    config = DataConfig(validation_size=0)
    return prepare(datasets.load(config), config, "float32", generator(Config(), 0, Stream.SPLIT))


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep this thread, and those that it starts, on a single processor, where the system can.

    JAX computes in a thread of its own while Python prepares the next mini-batch in another: with a second
    processor it would be compared on two against one.
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
    cells: list[Cell],
    engines: dict[str, Engine],
    images: int,
    rounds: int,
    console: Console,
    write: bool,
) -> pd.DataFrame:
    """One row a cell and engine: seconds per epoch and seed, and the share of the machine's rate.

    With `write` they are kept after each cell, and cells that were kept before are not measured again.
    """
    data = all_training_images()
    rows: list[dict[str, object]] = report.read_cells().to_dict("records") if write else []
    known = {row["cell"] for row in rows}
    for cell in cells:
        if str(cell) in known:
            continue
        steps = max(20, images // cell.batch) if cell.batch > 1 else images // 20
        seconds: dict[str, list[float]] = {name: [] for name in engines}
        rates: dict[str, list[float]] = {name: [] for name in engines}
        measures = {name: engine(cell, data) for name, engine in engines.items()}
        for _ in range(rounds):
            for name, measure_steps in measures.items():
                rates[name].append(matrix_rate(2048))
                seconds[name].append(measure_steps(steps) * IMAGES / cell.batch)
        for name in engines:
            shares = [
                cell.flops / second / rate for second, rate in zip(seconds[name], rates[name], strict=True)
            ]
            rows.append(
                {
                    "cell": str(cell),
                    **vars(cell),
                    "engine": name,
                    "rounds": rounds,
                    "seconds": statistics.median(seconds[name]),
                    "share": statistics.median(shares),
                    "gflops": statistics.median(rates[name]) / 1e9,
                }
            )
        if write:
            report.write_cells(pd.DataFrame(rows))
        console.print(
            f"{cell}: "
            + ", ".join(
                f"{row['engine']} {row['seconds']:.3f} s ({row['share']:.0%})"
                for row in rows[-len(engines) :]
            )
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Measure and print; with --write also write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="a few cells only")
    parser.add_argument("--ours", action="store_true", help="no peers")
    parser.add_argument("--only", default="", help="cells whose name contains this text")
    parser.add_argument("--product", action="store_true", help="whole commands only, no cells")
    parser.add_argument("--page", action="store_true", help="the page again from its files, no measurement")
    parser.add_argument("--write", action="store_true", help="write reports/benchmarks/")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions; with --against, of new processes")
    parser.add_argument("--images", type=int, default=6_400, help="images a measurement")
    against.add_arguments(parser.add_argument_group("two checkouts in turn, our engines alone"))
    arguments = parser.parse_args()
    if arguments.page:
        report.write_page()
        return
    console = Console(highlight=False, width=200)
    if arguments.against:
        with one_processor():
            against.run(arguments, console)
        return
    cells = [cell for cell in (QUICK if arguments.quick else published()) if arguments.only in str(cell)]
    engines = {
        name: engine for name, engine in installed().items() if not arguments.ours or name.startswith("sweep")
    }
    if not arguments.product:
        with one_processor():
            measure(cells, engines, arguments.images, arguments.rounds, console, arguments.write)
    if not (arguments.only or arguments.quick):
        rows = [*product.one_by_one(), *product.measure(), *product.bookkeeping(), *product.loading()]
        for what, value in rows:
            console.print(f"{what}: {value}")
        if arguments.write:
            report.write_commands(rows)
    if arguments.write:
        report.write_page()


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
