"""`python -m sweep.reproduce <paper|all>`: train what a paper needs and is not stored, then its report."""

from sweep import stopping

if __name__ == "__main__":
    stopping.at_once()

import os

from sweep.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before NumPy is imported

import argparse
from pathlib import Path

from sweep.commands import exit_codes


def main() -> None:
    """The command line, with errors as single lines and exit code 2 for a user's mistake."""
    from sweep.papers.specification import SCALES

    parser = argparse.ArgumentParser(prog="python -m sweep.reproduce", description=__doc__)
    parser.add_argument("paper", help="a paper's short name, or all")
    parser.add_argument("--scale", choices=SCALES, default="quick", help="how much of the protocol")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="the folder of the reports")
    parser.add_argument("--results", default="results", help="the folder of the records")
    parser.add_argument(
        "--replace", action="store_true", help="write over the report of a larger scale, not beside it"
    )
    arguments = parser.parse_args()
    with exit_codes():
        reproduce(arguments.paper, arguments.scale, arguments.reports, arguments.results, arguments.replace)


def reproduce(paper: str, scale: str, reports: Path, results: str, replace: bool = False) -> None:
    """Train the missing trials of all experiments in one pool, pack the records, write the reports.

    A report at a smaller scale than the one that is there is written beside it, unless it is to `replace` it.
    """
    from sweep.execution.plan import Cell, make_plan
    from sweep.execution.pool import execute, workers
    from sweep.papers import catalogue, scales, training
    from sweep.papers.collection import Collection
    from sweep.papers.measuring import measure
    from sweep.papers.page import Report
    from sweep.session import console

    papers, terminal = catalogue.papers(paper, reports), console()
    configs = {
        (each.name, experiment): own
        for each in papers
        for experiment, own in training.experiments(each, scale, results).items()
    }
    every = [config for own in configs.values() for config in own]
    plan = make_plan(every, workers(every[0].parallel))
    execute(plan, every[0].parallel, terminal)
    cells = iter(plan.cells)
    trained: dict[tuple[str, str], list[Cell]] = {
        key: [next(cells) for _ in own] for key, own in configs.items()
    }
    for each in papers:
        folder = scales.folder(reports / each.name, scale, replace)
        measure(each, folder)
        own = {experiment: trained[each.name, experiment] for experiment in each.experiments}
        collection = Collection.write(folder, scale, own)
        Report(each, collection).write(folder)
        line = f"{each.name}: {folder / 'report.md'}. {scales.share(each, collection)}"
        terminal.print(line, highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    main()
