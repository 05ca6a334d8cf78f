"""`python -m benchmarks.statistics [PART ...]`: simulate how often the package's statistics are right.

python -m benchmarks.statistics --quick       # a minute, prints
python -m benchmarks.statistics --write       # all parts at full scale, into the committed table
"""

import os

from sweep.system.startup import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is imported

import argparse
from collections.abc import Callable, Iterator

import pandas as pd
from benchmarks.statistics import contrasts, digits, families, real, report, single_runs, verdicts
from benchmarks.statistics.cases import Case
from benchmarks.statistics.figure import draw

Part = Callable[[int], Iterator[Case]]
# Each with the number of simulations of a row at full scale.
PARTS: dict[str, tuple[Part, int]] = {
    "difference": (contrasts.differences, 20_000),
    "mean": (contrasts.means, 20_000),
    "new digits": (digits.new_digits, 4000),
    "family of 12 cells": (families.sweeps, 5000),
    "power": (verdicts.power, 20_000),
    "equivalence": (verdicts.equivalence, 10_000),
    "looks": (verdicts.alarms, 20_000),
    "seeds of decide": (verdicts.costs, 5000),
    "single runs": (single_runs.single_runs, 4000),
    "real seeds": (real.halves_of_seeds, 1000),
    "real digits": (real.halves_of_digits, 1000),
}
QUICK = 50  # times fewer


def main() -> None:
    """Simulate the requested parts, print their rows, and save them with --write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"among: {', '.join(PARTS)}; default all")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times fewer simulations")
    parser.add_argument("--write", action="store_true", help="save the rows in the committed table")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("--quick: cannot be combined with --write; its rows are never saved")
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: must be among {', '.join(PARTS)}")
    for name in arguments.parts or PARTS:
        simulate, times = PARTS[name]
        rows = []
        for case in simulate(max(20, times // QUICK) if arguments.quick else times):
            print(f"{case.part}; {case.method}; {case.seeds}; n = {case.n}; {case.measure}:", end=" ")
            print(f"{case.percent:.2f} ± {case.standard_error:.2f} {case.holds}", flush=True)
            rows.append(case)
        if arguments.write:
            replace_part(name, report.table_of(rows))
    if not arguments.parts:
        plain, bits = real.seconds_of_a_large_sweep()
        print(f"1,000 cells of 10 seeds compared in {plain:.1f} s; with 10,000 digits each in {bits:.1f} s")


def replace_part(name: str, rows: pd.DataFrame) -> None:
    """Replace the rows of one part in the committed table, and write its page and figure again."""
    rows.insert(0, "program", name)
    table = report.read()
    if len(table):
        table = table[table["program"] != name]
    order = {part: number for number, part in enumerate(PARTS)}
    joined = pd.concat([table, rows]).sort_values(
        "program", key=lambda names: names.map(order), kind="stable"
    )
    report.write(joined)
    draw(report.read())


if __name__ == "__main__":
    main()
