"""`sweep report` and `sweep reproduce`: reports of papers from their records, and the training behind
them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.cli.parser import CommandParser
from sweep.core.errors import PaperError, visible

if TYPE_CHECKING:
    from sweep.papers.writing import PaperReport

REPORT = """\
Writes the figures, tables and page of a paper from its committed records alone.
Trains nothing."""
REPRODUCE = """\
Trains what a paper needs and is not stored yet, then writes its report."""


def report(arguments: Sequence[str]) -> int:
    """Run `sweep report`; exit code 1 if --check finds a difference."""
    parser = CommandParser("report", REPORT)
    parser.add_argument("paper", help="a paper's short name, or all")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail if a table, number or file does not follow from the records",
    )
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="the folder of the reports")
    options = parser.parse_args(arguments)
    return write_or_check(options.paper, options.reports, check=options.check)


def reproduce(arguments: Sequence[str]) -> int:
    """Run `sweep reproduce`."""
    from sweep.papers.specification import SCALES

    parser = CommandParser("reproduce", REPRODUCE)
    parser.add_argument("paper", help="a paper's short name, or all")
    parser.add_argument("--scale", choices=SCALES, default="quick", help="how much of the protocol to run")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="the folder of the reports")
    parser.add_argument("--results", default="results", help="the folder of the records")
    parser.add_argument(
        "--replace", action="store_true", help="write over the report of a larger scale, not beside it"
    )
    options = parser.parse_args(arguments)
    train_and_write(options.paper, options.scale, options.reports, options.results, replace=options.replace)
    return 0


def train_and_write(paper: str, scale: str, reports: Path, results: str, *, replace: bool = False) -> None:
    """Train the missing trials of all experiments in one pool, pack the records, write the reports.

    A report at a smaller scale than the one that is there is written beside it, unless it is to `replace` it.
    """
    from sweep.papers import protocol, writing
    from sweep.papers.collection import Collection
    from sweep.papers.measuring import measure
    from sweep.papers.writing import PaperReport
    from sweep.runner.plan import Cell, make_plan
    from sweep.runner.pool import execute, worker_count
    from sweep.session import console

    papers, terminal = writing.read_papers(paper, reports), console()
    configs = {
        (each.name, experiment): own
        for each in papers
        for experiment, own in protocol.experiment_configs(each, scale, results).items()
    }
    every = [config for own in configs.values() for config in own]
    plan = make_plan(every, worker_count(every[0].parallel))
    execute(plan, every[0].parallel, terminal)
    cells = iter(plan.cells)
    trained: dict[tuple[str, str], list[Cell]] = {
        key: [next(cells) for _ in own] for key, own in configs.items()
    }
    for each in papers:
        folder = protocol.report_folder(reports / each.name, scale, replace=replace)
        measure(each, folder)
        own = {experiment: trained[each.name, experiment] for experiment in each.experiments}
        collection = Collection.write(folder, scale, own)
        PaperReport(each, collection).write(folder)
        line = f"{each.name}: {folder / 'report.md'}. {protocol.share(each, collection)}"
        terminal.print(line, highlight=False, soft_wrap=True, markup=False)


def write_or_check(paper: str, reports: Path, *, check: bool) -> int:
    """Write or check the reports of all scales in the folder `reports`, of one paper or all; the exit code.

    Of all papers, those without a report are named in one line. Raises PaperError if none has a report: a
    check that has checked nothing does not pass.
    """
    from sweep.papers import manifest, protocol, writing
    from sweep.papers.collection import FILE, Collection, missing
    from sweep.papers.writing import PaperReport

    differences: list[str] = []
    without = []
    specifications = writing.read_papers(paper, reports)
    for specification in specifications:
        folders = protocol.report_folders(reports / specification.name)
        if not folders:
            without.append(specification.name)
        for folder in folders:
            made = PaperReport(specification, Collection.read(folder))
            if check:
                differences += _differences(made, folder)
            else:
                made.write(folder)
                print(f"{specification.name}: {folder / 'report.md'}")
    if without and paper != "all":
        raise missing(reports / paper / FILE)
    if len(without) == len(specifications):
        nothing = "no report is there to check" if check else "no report is there"
        raise PaperError(f"{reports}: {nothing}; sweep reproduce all writes them")
    if without:
        print(f"no report in {reports}: {', '.join(without)}")
    if check and paper == "all":
        differences += manifest.page_differences(reports)
    for line in differences:
        print(visible(line), file=sys.stderr)
    return 1 if differences else 0


def _differences(made: "PaperReport", folder: Path) -> list[str]:
    """One line for each difference; a report that cannot be made is one, so that others are checked."""
    try:
        return list(made.differences(folder))
    except PaperError as error:
        return [str(error)]
