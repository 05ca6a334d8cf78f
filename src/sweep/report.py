"""`python -m sweep.report <paper|all>`: figures, tables and page of a paper, from its records alone."""

from sweep import stopping

if __name__ == "__main__":
    stopping.at_once()

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.commands import exit_codes
from sweep.errors import PaperError, visible

if TYPE_CHECKING:
    from sweep.papers.page import Report


def main() -> None:
    """The command line: exit code 1 when --check finds a difference, 2 for a user's mistake."""
    parser = argparse.ArgumentParser(prog="python -m sweep.report", description=__doc__)
    parser.add_argument("paper", help="a paper's short name, or all")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail when a table, number or file does not follow",
    )
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="the folder of the reports")
    arguments = parser.parse_args()
    with exit_codes("stopped; reports that were written stay"):
        sys.exit(write_or_check(arguments.paper, arguments.reports, arguments.check))


def write_or_check(paper: str, reports: Path, check: bool) -> int:
    """Write or check the reports of all scales in the folder `reports`, of one paper or all; the exit code.

    Of all papers, those without a report are named in one line. Raises PaperError if none has a report: a
    check that has checked nothing does not pass.
    """
    from sweep.papers import catalogue, pages, scales
    from sweep.papers.collection import FILE, Collection, missing
    from sweep.papers.page import Report

    differences: list[str] = []
    without = []
    specifications = catalogue.papers(paper, reports)
    for specification in specifications:
        folders = scales.folders(reports / specification.name)
        if not folders:
            without.append(specification.name)
        for folder in folders:
            made = Report(specification, Collection.read(folder))
            if check:
                differences += _differences(made, folder)
            else:
                made.write(folder)
                print(f"{specification.name}: {folder / 'report.md'}")
    if without and paper != "all":
        raise missing(reports / paper / FILE)
    if len(without) == len(specifications):
        nothing = "no report is there to check" if check else "no report is there"
        raise PaperError(f"{reports}: {nothing}; python -m sweep.reproduce all writes them")
    if without:
        print(f"no report in {reports}: {', '.join(without)}")
    if check and paper == "all":
        differences += pages.differences(reports)
    for line in differences:
        print(visible(line), file=sys.stderr)
    return 1 if differences else 0


def _differences(made: "Report", folder: Path) -> list[str]:
    """One line for each difference; a report that cannot be made is one, so that others are checked."""
    try:
        return list(made.differences(folder))
    except PaperError as error:
        return [str(error)]


if __name__ == "__main__":
    main()
