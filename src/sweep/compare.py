"""`python -m sweep.compare [RESULTS] [key=value ...]`: which stored differences are real; trains nothing."""

from sweep import stopping

if __name__ == "__main__":
    stopping.at_once()

import argparse
import sys
import types
from pathlib import Path
from typing import Any

from sweep.commands import exit_codes
from sweep.errors import SettingError

TERMS = ("baseline", "margin", "level", "metric")
DESCRIPTION = """\
Which stored differences are real; trains nothing.

RESULTS is the folder of a store, or one file of packed records; without it,
results/. Each key=value is a setting whose cells are compared, with several
values as a,b, or one of cell, experiment, name and data_label; or how they are
compared: baseline, margin, level, metric."""
EXAMPLES = """\
examples:
  python -m sweep.compare                              all that is in results/
  python -m sweep.compare hidden=128,256 epochs=10     cells with these settings
  python -m sweep.compare reports/wei/records.parquet experiment=wei/width
  python -m sweep.compare 'baseline={hidden:16}' margin=0.001 metric=test_loss
"""


def main() -> None:
    """The command line, with errors as single lines and exit code 2 for a user's mistake."""
    parser = argparse.ArgumentParser(
        prog="python -m sweep.compare",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("given", nargs="*", metavar="RESULTS or key=value", help="see above")
    parser.add_argument(
        "--output", type=Path, help="a folder for summary.csv, .md, .tex, comparisons.csv and figures"
    )
    arguments = parser.parse_intermixed_args()  # key=value on both sides of --output
    with exit_codes("stopped"):
        show(arguments.given, arguments.output)


def show(given: list[str], output: Path | None) -> None:
    """Print the comparison of the stored cells that are asked for, and write it to `output`."""
    from sweep.analysis.comparing import draw_page, judged_page
    from sweep.analysis.statistics.terms import Terms
    from sweep.session import console

    places = [argument for argument in given if "=" not in argument]
    if len(places) > 1:
        raise SettingError(f"{' '.join(places)}: must be one folder or file of records")
    asked, where = _split([argument for argument in given if "=" in argument])
    baseline = asked.pop("baseline", None)
    results = Path(places[0] if places else "results")
    page = judged_page(results, where, Terms(**asked), baseline)
    terminal = console()
    page.show(terminal)
    if output is not None:
        page.write(output)
        terminal.print(f"summary: {output / 'summary.csv'}, .md, .tex", soft_wrap=True)
        draw_page(page, results, output / "figures", terminal)


def _split(overrides: list[str]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The terms of the comparison, and the values of each setting whose cells are compared."""
    from sweep.config.arguments import values_by_key

    terms: dict[str, Any] = {}
    where: dict[str, list[Any]] = {}
    for key, values in values_by_key(overrides).items():
        name = key.removeprefix("compare.")
        if name not in TERMS:
            where[key] = values
        elif len(values) > 1:
            raise SettingError(f"{key}: must be one value, not {len(values)}")
        else:
            terms[name] = values[0]
    return terms, where


class _Command(types.ModuleType):
    """A module that is called like the function of its name: importing it hides `sweep.compare` itself."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from sweep.analysis.statistics.comparison import compare

        return compare(*arguments, **options)


sys.modules[__name__].__class__ = _Command

if __name__ == "__main__":
    main()
