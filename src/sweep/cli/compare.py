"""`sweep compare [RESULTS] [key=value ...]`: compare stored cells, without training."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweep.cli.help import CommandParser
from sweep.core.errors import SettingError
from sweep.core.formats import plural

CRITERIA = ("baseline", "margin", "level", "metric")  # settings of how cells are compared
DESCRIPTIONS = ("cell", "experiment", "name", "data_label")  # what else can select cells
DESCRIPTION = """\
Compares stored cells and says which differences are real. Trains nothing.

RESULTS is the folder of a store, or one file of packed records; results/ unless
given. A key=value selects the cells to compare, with several values as a,b: a
setting, or one of cell, experiment, name and data_label. Four keys say how to
compare: baseline, margin, level and metric."""
EXAMPLES = """\
  sweep compare                              everything in results/
  sweep compare hidden=128,256 epochs=10     cells with these settings
  sweep compare reports/wei/records.parquet experiment=wei/width
  sweep compare 'baseline={hidden:16}' margin=0.001 metric=test_loss
  sweep compare --output judged              also as tables and figures"""


def compare_parser() -> CommandParser:
    """Return the parser of `sweep compare`."""
    parser = CommandParser("compare", DESCRIPTION, EXAMPLES)
    parser.add_argument("selection", nargs="*", metavar="RESULTS or key=value", help="see above")
    parser.add_argument(
        "--output", type=Path, help="a folder for summary.csv, .md, .tex, comparisons.csv and figures"
    )
    return parser


def compare(options: argparse.Namespace) -> int:
    """Print the comparison of the selected cells, and write it to `output` if that is given."""
    from sweep.report import saving, terminal
    from sweep.report.sweep_page import report_on_store
    from sweep.session import console
    from sweep.stats.judge import Criteria

    folders = [argument for argument in options.selection if "=" not in argument]
    if len(folders) > 1:
        raise SettingError(f"{' '.join(folders)}: must be one folder or file of records")
    results, output = Path(folders[0] if folders else "results"), options.output
    criteria, cells = _split([argument for argument in options.selection if "=" in argument])
    baseline = criteria.pop("baseline", None)
    report, screen = report_on_store(results, cells, Criteria(**criteria), baseline=baseline), console()
    page = report.page()
    terminal.show(page, screen)
    if output is not None:
        from sweep.report.sweep_figures import draw
        from sweep.store.load import load_curves

        saving.write(page, output, "summary")
        rows = report.judged.summary[["cell", *report.axes]]
        drawn = draw(report, rows, load_curves(results, rows["cell"]), folder=output / "figures")
        if drawn.left_out:
            screen.print(f"Not drawn: {'; '.join(drawn.left_out)}", soft_wrap=True)
        figures = plural(len({file.stem for file in drawn.files}), "figure")
        screen.print(f"\nWritten to {output}/: summary.csv .md .tex, {figures}", soft_wrap=True)
    return 0


def _split(overrides: Sequence[str]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return the criteria of the comparison, and the values of each key that selects cells."""
    from sweep.config.compose import values_by_key

    criteria: dict[str, Any] = {}
    selected: dict[str, list[Any]] = {}
    for key, values in values_by_key(overrides).items():
        name = key.removeprefix("compare.")
        if name not in CRITERIA:
            selected[key] = values
        elif len(values) > 1:
            raise SettingError(f"{key}: must be one value, not {len(values)}")
        else:
            criteria[name] = values[0]
    return criteria, selected
