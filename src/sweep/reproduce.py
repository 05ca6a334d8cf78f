"""`python -m sweep.reproduce <paper|all>`: train what a paper needs and is not stored, then its report."""

import os

from sweep.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is imported

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.errors import ExecutionError, SweepError

if TYPE_CHECKING:
    from rich.console import Console


def main() -> None:
    """The command line, with errors as single lines and exit code 2 for a user's mistake."""
    from sweep.papers.specification import SCALES

    parser = argparse.ArgumentParser(prog="python -m sweep.reproduce", description=__doc__)
    parser.add_argument("paper", help="a paper's short name, or all")
    parser.add_argument("--scale", choices=SCALES, default="quick", help="how much of the protocol")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="the folder of the reports")
    parser.add_argument("--results", default="results", help="the folder of the records")
    arguments = parser.parse_args()
    try:
        reproduce(arguments.paper, arguments.scale, arguments.reports, arguments.results)
    except SweepError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, ExecutionError) else 2)
    except KeyboardInterrupt:
        print("stopped; what is stored stays, the same command goes on from there", file=sys.stderr)
        sys.exit(130)


def reproduce(paper: str, scale: str, reports: Path, results: str) -> None:
    """Train the missing trials of all experiments in one pool, pack the records, write the reports."""
    from sweep.config.compose import from_settings
    from sweep.execution.plan import Cell, make_plan
    from sweep.execution.pool import execute, workers
    from sweep.papers import catalogue
    from sweep.papers.collection import Collection
    from sweep.papers.measuring import MEASURES
    from sweep.papers.page import Report
    from sweep.session import console

    papers, terminal = catalogue.papers(paper), console()
    for each in papers:
        _announce(reports / each.name, scale, terminal)
    configs = {
        (each.name, experiment): from_settings(
            {"experiment": f"{each.name}/{experiment}", "results": results, **each.scales[scale]}
        )
        for each in papers
        for experiment in each.experiments
    }
    every = [config for own in configs.values() for config in own]
    plan = make_plan(every, workers(every[0].parallel))
    execute(plan, every[0].parallel, terminal)
    cells = iter(plan.cells)
    trained: dict[tuple[str, str], list[Cell]] = {
        key: [next(cells) for _ in own] for key, own in configs.items()
    }
    for each in papers:
        folder = reports / each.name
        for measurement in each.measurements:
            file = folder / "measurements" / f"{measurement.name}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            rows = MEASURES[measurement.measure](**measurement.settings)
            rows.to_csv(file, index=False, float_format="%.6g", encoding="utf-8", lineterminator="\n")
        own = {experiment: trained[each.name, experiment] for experiment in each.experiments}
        Report(each, Collection.write(folder, scale, own)).write(folder)
        terminal.print(f"{each.name}: {folder / 'report.md'}", highlight=False, soft_wrap=True)


def _announce(folder: Path, scale: str, terminal: "Console") -> None:
    """Say that a report of a larger scale will be replaced: it may have taken hours."""
    from sweep.papers.collection import FILE, Collection
    from sweep.papers.specification import SCALES

    if (folder / FILE).is_file():
        found, scales = Collection.read(folder).scale, list(SCALES)
        if scales.index(found) > scales.index(scale):
            terminal.print(
                f"{folder}: holds a report at scale {found}, which one at scale {scale} will replace;"
                " --reports FOLDER writes elsewhere",
                highlight=False,
                soft_wrap=True,
            )


if __name__ == "__main__":
    main()
