"""`python -m sweep.report <paper|all>`: figures, tables and page of a paper, from its records alone."""

import argparse
import sys
from pathlib import Path

from sweep.errors import SweepError


def main() -> None:
    """The command line: exit code 1 when --check finds a difference, 2 for a user's mistake."""
    parser = argparse.ArgumentParser(prog="python -m sweep.report", description=__doc__)
    parser.add_argument("paper", help="a paper's short name, or all")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a table or number does not follow"
    )
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="the folder of the reports")
    arguments = parser.parse_args()
    try:
        sys.exit(report(arguments.paper, arguments.reports, arguments.check))
    except SweepError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def report(paper: str, reports: Path, check: bool) -> int:
    """Write or check the reports; the exit code."""
    from sweep.papers import catalogue
    from sweep.papers.collection import Collection
    from sweep.papers.page import Report

    differences = []
    for specification in catalogue.papers(paper):
        folder = reports / specification.name
        made = Report(specification, Collection.read(folder))
        if check:
            differences += list(made.differences(folder))
        else:
            made.write(folder)
            print(f"{specification.name}: {folder / 'report.md'}")
    for line in differences:
        print(line, file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    main()
