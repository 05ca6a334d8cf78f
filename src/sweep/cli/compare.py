"""`sweep compare [RESULTS] [key=value ...]`: which stored differences are real; trains nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweep.cli.parser import CommandParser
from sweep.core.errors import SettingError
from sweep.core.formats import plural

CRITERIA = ("baseline", "margin", "level", "metric")
DESCRIPTION = """\
Which stored differences are real; trains nothing.

RESULTS is the folder of a store, or one file of packed records; without it,
results/. Each key=value is a setting whose cells are compared, with several
values as a,b, or one of cell, experiment, name and data_label; or how they are
compared: baseline, margin, level, metric."""
EXAMPLES = """\
examples:
  sweep compare                              all that is in results/
  sweep compare hidden=128,256 epochs=10     cells with these settings
  sweep compare reports/wei/records.parquet experiment=wei/width
  sweep compare 'baseline={hidden:16}' margin=0.001 metric=test_loss
"""


def compare(arguments: Sequence[str]) -> int:
    """Run `sweep compare`."""
    parser = CommandParser("compare", DESCRIPTION, EXAMPLES)
    parser.add_argument("given", nargs="*", metavar="RESULTS or key=value", help="see above")
    parser.add_argument(
        "--output", type=Path, help="a folder for summary.csv, .md, .tex, comparisons.csv and figures"
    )
    options = parser.parse_intermixed_args(arguments)  # key=value on both sides of --output
    show(options.given, options.output)
    return 0


def show(given: list[str], output: Path | None) -> None:
    """Print the comparison of the stored cells that are asked for, and write it to `output`."""
    from sweep.report import page_files, terminal
    from sweep.report.sweep_page import report_on_store
    from sweep.session import console
    from sweep.stats.judge import Criteria

    places = [argument for argument in given if "=" not in argument]
    if len(places) > 1:
        raise SettingError(f"{' '.join(places)}: must be one folder or file of records")
    asked, where = _split([argument for argument in given if "=" in argument])
    baseline = asked.pop("baseline", None)
    results = Path(places[0] if places else "results")
    report, screen = report_on_store(results, where, Criteria(**asked), baseline=baseline), console()
    page = report.page()
    terminal.show(page, screen)
    if output is not None:
        from sweep.report.sweep_figures import draw
        from sweep.store.load import load_curves

        page_files.write(page, output, "summary")
        cells = report.judged.summary[["cell", *report.axes]]
        drawn = draw(report, cells, load_curves(results, cells["cell"]), folder=output / "figures")
        if drawn.left_out:
            screen.print(f"Not drawn: {'; '.join(drawn.left_out)}", soft_wrap=True)
        figures = plural(len({file.stem for file in drawn.files}), "figure")
        screen.print(f"\nWritten to {output}/: summary.csv .md .tex, {figures}", soft_wrap=True)


def _split(overrides: list[str]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The terms of the comparison, and the values of each setting whose cells are compared."""
    from sweep.config.compose import values_by_key

    criteria: dict[str, Any] = {}
    where: dict[str, list[Any]] = {}
    for key, values in values_by_key(overrides).items():
        name = key.removeprefix("compare.")
        if name not in CRITERIA:
            where[key] = values
        elif len(values) > 1:
            raise SettingError(f"{key}: must be one value, not {len(values)}")
        else:
            criteria[name] = values[0]
    return criteria, where
