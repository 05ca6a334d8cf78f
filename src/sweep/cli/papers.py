"""`sweep report` and `sweep reproduce`: reports of papers from their records, and the training for them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.cli.help import CommandParser
from sweep.core.errors import PaperError, visible

if TYPE_CHECKING:
    from sweep.config.schema import Config
    from sweep.papers.writing import PaperReport
    from sweep.runner.plan import Cell

REPORT = """\
Writes the figures, tables and page of a paper from its committed records alone.
Trains nothing."""
REPORT_EXAMPLES = """\
  sweep report wei            write reports/wei/report.md, tables and figures
  sweep report all --check    exit code 1 if a report does not match its records"""
REPRODUCE = """\
Trains what a paper needs and is not stored yet, then writes its report. A
smaller scale than that of the committed report is written beside it, to
reports/<paper>/<scale>/."""
REPRODUCE_EXAMPLES = """\
  sweep reproduce wei --scale smoke    seconds: does it run?
  sweep reproduce all                  every paper at scale quick: minutes
  sweep reproduce wei --scale full     the paper's own seeds and epochs"""


def report_parser() -> CommandParser:
    """Return the parser of `sweep report`."""
    parser = CommandParser("report", REPORT, REPORT_EXAMPLES)
    _add_paper(parser)
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit code 1 if a table, number or file does not match the records",
    )
    return parser


def reproduce_parser() -> CommandParser:
    """Return the parser of `sweep reproduce`."""
    from sweep.papers.specification import SCALES

    parser = CommandParser("reproduce", REPRODUCE, REPRODUCE_EXAMPLES)
    _add_paper(parser)
    parser.add_argument("--scale", choices=SCALES, default="quick", help="how much of the protocol to run")
    parser.add_argument("--results", default="results", help="the folder of the records")
    parser.add_argument("--replace", action="store_true", help="overwrite the report of a larger scale")
    return parser


def _add_paper(parser: CommandParser) -> None:
    parser.add_argument("paper", help="a paper's short name, or all")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="the folder of the reports")


def report(options: argparse.Namespace) -> int:
    """Write or check reports; the exit code is 1 if a check finds a difference.

    Papers without a report are named in one line. Raises PaperError if none has a report: a check that has
    checked nothing does not pass.
    """
    from sweep.papers import manifest, protocol, writing
    from sweep.papers.collection import FILE, Collection, missing
    from sweep.papers.writing import PaperReport

    paper, reports = options.paper, options.reports
    differences: list[str] = []
    without = []
    specifications = writing.read_papers(paper, reports)
    for specification in specifications:
        folders = protocol.report_folders(reports / specification.name)
        if not folders:
            without.append(specification.name)
        for folder in folders:
            from_records = PaperReport(specification, Collection.read(folder))
            if options.check:
                differences += _differences(from_records, folder)
            else:
                from_records.write(folder)
                print(f"{specification.name}: {folder / 'report.md'}")
    if without and paper != "all":
        raise missing(reports / paper / FILE)
    if len(without) == len(specifications):
        to_check = " to check" if options.check else ""
        raise PaperError(f"{reports}: no reports{to_check}; sweep reproduce all writes them")
    if without:
        print(f"no report in {reports}: {', '.join(without)}")
    if options.check and paper == "all":
        differences += manifest.page_differences(reports)
    for line in differences:
        print(visible(line), file=sys.stderr)
    return 1 if differences else 0


def _differences(from_records: "PaperReport", folder: Path) -> list[str]:
    """Return one line for each difference; an error is one of them, so that the other reports are checked."""
    try:
        return list(from_records.differences(folder))
    except PaperError as error:
        return [str(error)]


def reproduce(options: argparse.Namespace) -> int:
    """Train the missing trials of all experiments in one pool, pack the records, write the reports.

    A report at a smaller scale than the existing one is written beside it, unless it is to `replace` it.
    """
    from sweep.papers import protocol, writing
    from sweep.papers.collection import Collection
    from sweep.papers.measuring import measure
    from sweep.papers.writing import PaperReport
    from sweep.session import console

    papers, screen = writing.read_papers(options.paper, options.reports), console()
    configs = {
        (paper.name, experiment): cells
        for paper in papers
        for experiment, cells in protocol.experiment_configs(paper, options.scale, options.results).items()
    }
    trained = dict(zip(configs, _train(list(configs.values())), strict=True))
    for paper in papers:
        folder = protocol.report_folder(options.reports / paper.name, options.scale, replace=options.replace)
        measure(paper, folder)
        by_experiment = {experiment: trained[paper.name, experiment] for experiment in paper.experiments}
        collection = Collection.write(folder, options.scale, by_experiment)
        PaperReport(paper, collection).write(folder)
        line = f"{paper.name}: {folder / 'report.md'}. {protocol.share(paper, collection)}"
        screen.print(line, soft_wrap=True)
    return 0


def _train(experiments: "Sequence[Sequence[Config]]") -> "list[list[Cell]]":
    """Train the missing trials of several experiments in one pool, and return the cells of each."""
    from sweep.runner.plan import make_plan
    from sweep.runner.pool import execute, worker_count
    from sweep.session import console

    configs = [config for experiment in experiments for config in experiment]
    parallel = configs[0].parallel
    plan = make_plan(configs, worker_count(parallel))
    execute(plan, parallel, console())
    cells = iter(plan.cells)
    return [[next(cells) for _ in experiment] for experiment in experiments]
