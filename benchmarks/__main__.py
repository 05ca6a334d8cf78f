"""`python -m benchmarks`: our speed, that of installed peers, and the machine's own.

    pip install -e '.[test,bench]'
    python -m benchmarks --quick                  # a few minutes, prints
    python -m benchmarks --activation sigmoid --batch 50
    python -m benchmarks --write                  # cells not yet in reports/benchmarks/, into its files
    python -m benchmarks --commands --write       # whole commands
    python -m benchmarks --against ../before      # this checkout and another in turn, our engines alone

Every engine measures the same number of images of a cell in turn, `--rounds` times, with a measurement of the
machine's float32 matrix product before each round; the table shows medians. Only whole commands use more than
one processor.
"""

import os

from sweep.system.startup import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is imported
# JAX takes its number of threads only from these flags and from the processors that it may use.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import argparse

import numpy as np
from benchmarks import against, product, report
from benchmarks.cells import Cell, add_arguments, published, selected
from benchmarks.engines import installed
from benchmarks.timing import measure, one_processor
from rich.console import Console

QUICK = [
    Cell(16, 1, 128, "adam"),
    Cell(128, 1, 128, "sgd"),
    Cell(128, 1, 50, "adam"),
    Cell(256, 1, 128, "adam"),
    Cell(128, 3, 128, "adam"),
    Cell(256, 1, 1, "sgd"),
    Cell(128, 1, 50, "sgd", "sigmoid"),
    Cell(128, 1, 50, "sgd", "sigmoid", loss="mse"),
    Cell(128, 1, 50, "sgd", "tanh", epoch=True),
]


def main() -> None:
    """Measure and print; with --write also write the report."""
    arguments = _parser().parse_args()
    console = Console(highlight=False, width=200)
    if arguments.against:
        with one_processor():
            against.run(arguments, console)
        return
    if arguments.commands:
        _commands(console, write=arguments.write)
    elif not arguments.page:
        cells = QUICK if arguments.quick else published()
        chosen = [cell for cell in cells if selected(cell, arguments)]
        engines = installed(peers=not arguments.ours)
        with one_processor():
            measure(
                chosen,
                engines,
                images=arguments.images,
                rounds=arguments.rounds,
                console=console,
                write=arguments.write,
            )
    if arguments.write or arguments.page:
        report.write_page()


def _commands(console: Console, *, write: bool) -> None:
    rows = [*product.one_by_one(), *product.measure(), *product.bookkeeping(), *product.loading()]
    for what, value in rows:
        console.print(f"{what}: {value}")
    if write:
        report.write_commands(rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    add_arguments(parser)
    parser.add_argument("--quick", action="store_true", help="a few cells only")
    parser.add_argument("--ours", action="store_true", help="skip the peers")
    parser.add_argument("--commands", action="store_true", help="whole commands instead of cells")
    parser.add_argument("--page", action="store_true", help="write the page again without measuring")
    parser.add_argument("--write", action="store_true", help="write reports/benchmarks/")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions; with --against, of new processes")
    parser.add_argument("--images", type=int, default=6_400, help="images a measurement")
    against.add_arguments(parser.add_argument_group("two checkouts in turn, our engines alone"))
    return parser


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
