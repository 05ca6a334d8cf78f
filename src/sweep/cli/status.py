"""`sweep status [RESULTS]`: what a store holds, what failed in it, who is training; and cleaning it up."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from sweep.cli.help import CommandParser
from sweep.core.errors import SettingError, StoreError, nearest
from sweep.core.formats import MISSING, file_size, plural, setting_value
from sweep.report import terminal
from sweep.report.page import Block, Column, Page, Sentences, Table, setting_columns
from sweep.runner.provenance import RunningSweep, running_sweeps
from sweep.session import console
from sweep.stats.trials import axes_of, by_axes
from sweep.store import layout, state, upkeep
from sweep.store.layout import CellFolder
from sweep.store.state import Failure
from sweep.system.files import is_unlocked

DESCRIPTION = """\
Shows what a store holds: cells, trials, failures, damaged files, size, and who
is training there. Trains nothing. RESULTS is the folder of the store; results/
unless given. Every record is read; with --quick, files count as records by
their names."""
EXAMPLES = """\
  sweep status
  sweep status --traces            why trials failed, with tracebacks
  sweep status --check             exit code 1 if a record is damaged
  sweep status --diff 3f 0b        the settings in which two cells differ
  sweep status --compact           pack the records of each cell into one file
  sweep status --remove cell=3f    remove a cell, by the beginning of its id
  sweep status --remove damaged    remove files that were set aside"""
MOST = 100  # cells, and failures, that are shown


def status_parser() -> CommandParser:
    """Return the parser of `sweep status`."""
    parser = CommandParser("status", DESCRIPTION, EXAMPLES)
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"), metavar="RESULTS")
    reading = parser.add_mutually_exclusive_group()
    reading.add_argument("--quick", action="store_true", help="read only one record per cell")
    reading.add_argument(
        "--check", action="store_true", help="exit code 1 if a record is damaged or misfiled"
    )
    parser.add_argument("--traces", action="store_true", help="show the tracebacks of failed trials")
    change = parser.add_mutually_exclusive_group()
    change.add_argument(
        "--diff", nargs=2, metavar=("A", "B"), help="show the settings in which two cells differ"
    )
    change.add_argument(
        "--remove",
        action="append",
        metavar="WHAT",
        help="cell=ID, failed (reasons and tracebacks of failed trials), damaged (files set aside) or stale"
        " (temporary files of killed processes); refused while a sweep is running there",
    )
    change.add_argument("--compact", action="store_true", help="pack the records of each cell into one file")
    return parser


def status(options: argparse.Namespace) -> int:
    """Show a store, or change it; the exit code is 1 if --check finds a damaged record."""
    results: Path = options.results
    _check_folder(results)
    if options.diff:
        _show_differences(*(_overview(results, name) for name in options.diff))
    elif options.remove:
        _remove(results, options.remove)
    elif options.compact:
        _compact(results)
    else:
        cells = state.overview(results, check=not options.quick)
        terminal.show(store_page(results, cells, running_sweeps(results), traces=options.traces), console())
        damaged = any(cell.damaged or cell.misplaced for cell in cells)
        return 1 if options.check and damaged else 0
    return 0


def store_page(
    results: Path, cells: Sequence[CellFolder], running: Sequence[RunningSweep], *, traces: bool = False
) -> Page:
    """Return the page of a store: cells, failures, with `traces` their tracebacks, and other files."""
    blocks: list[Block] = [_cell_table(cells)] if cells else []
    if failures := list(_failures(results, cells, traces=traces)):
        blocks.append(Sentences(failures, title="Failed trials, which the next run tries again:"))
    notes = [*_not_records(cells), *_foreign(results, cells), *_stale(cells), *_training(running)]
    return Page(_totals(results, cells), [*blocks, Sentences(notes)])


def _totals(results: Path, cells: Sequence[CellFolder]) -> str:
    counts = {
        "failed": sum(len(cell.failed_seeds) for cell in cells),
        "damaged": sum(len(cell.unreadable) for cell in cells),
    }
    parts = [
        plural(len(cells), "cell"),
        plural(sum(len(cell.seeds) for cell in cells), "trial"),
        *(f"{count} {word}" for word, count in counts.items() if count),
        file_size(sum(cell.size for cell in cells)),
    ]
    return f"{results}: {', '.join(parts)}"


def _cell_table(cells: Sequence[CellFolder]) -> Table:
    """Return the table of cells in the order of their settings; those of unknown settings come last."""
    readable = [cell for cell in cells if cell.settings]
    rows = pd.DataFrame([dict(cell.settings) for cell in readable], dtype=object)
    axes = axes_of(rows, list(map(str, rows.columns)))
    ordered = [readable[position] for position in by_axes(rows, axes).index]
    ordered += [cell for cell in cells if not cell.settings]
    counts = {
        "failed": [len(cell.failed_seeds) for cell in ordered],
        "damaged": [len(cell.unreadable) for cell in ordered],
    }
    columns = [
        Column("cell", [cell.cell for cell in ordered]),
        *setting_columns(axes, [{axis: cell.settings.get(axis) for axis in axes} for cell in ordered]),
        Column("seeds", [str(len(cell.seeds)) for cell in ordered], right=True),
        *(
            Column(word, [str(count or MISSING) for count in column], right=True)
            for word, column in counts.items()
            if any(column)
        ),
        Column("size", [file_size(cell.size) for cell in ordered], right=True),
    ]
    return Table(columns, most_rows=MOST)


def _failures(results: Path, cells: Sequence[CellFolder], *, traces: bool) -> Iterator[str]:
    failures = [failure for cell in cells if cell.failed_seeds for failure in _unresolved(results, cell)]
    for failure in failures[:MOST]:
        yield f"cell {failure.cell}, seed {failure.seed}, {failure.when}: {failure.reason}"
        if traces and failure.trace is not None:
            yield from (f"    {line}" for line in str(failure.trace).splitlines())
    if len(failures) > MOST:
        yield f"... and {len(failures) - MOST} more"


def _unresolved(results: Path, cell: CellFolder) -> list[Failure]:
    """Return the failures of a cell whose trials have no record yet."""
    failed = set(cell.failed_seeds)
    return [failure for failure in state.read_failures(results, [cell.cell]) if failure.seed in failed]


def _not_records(cells: Sequence[CellFolder]) -> Iterator[str]:
    kinds = [
        ("damaged file", ", counted as missing", [file for cell in cells for file in cell.damaged]),
        ("misfiled record", ", counted as missing", [file for cell in cells for file in cell.misplaced]),
        (
            "file",
            " set aside as damaged or misfiled",
            [file for cell in cells for file in cell.set_aside],
        ),
    ]
    return (_note(noun, remark, files) for noun, remark, files in kinds if files)


def _foreign(results: Path, cells: Sequence[CellFolder]) -> Iterator[str]:
    files = [*(file for cell in cells for file in cell.foreign), *layout.records_elsewhere(results)]
    if files:
        yield _note("file", " not from sweep, ignored", files)


def _stale(cells: Sequence[CellFolder]) -> Iterator[str]:
    if files := [file for cell in cells for file in cell.temporary if is_unlocked(file)]:
        yield _note("temporary file", " left by killed processes", files)


def _note(noun: str, remark: str, files: Sequence[Path]) -> str:
    return f"{plural(len(files), noun)}{remark}: {files[0]}{', ...' if len(files) > 1 else ''}"


def _training(running: Sequence[RunningSweep]) -> Iterator[str]:
    if not running:
        yield "Nothing is running."
    for process in running:
        names = ", ".join(str(name) for name in (process.experiment, process.name) if name is not None)
        yield (
            f"Running: {process.command}{f' ({names})' if names else ''}, {process.trials} trials to train,"
            f" since {process.began}, by {process.user} on {process.host}, process {process.process}"
        )


def _show_differences(first: CellFolder, second: CellFolder) -> None:
    """Print the settings in which two cells differ, one per line."""
    keys = [
        key
        for key in dict.fromkeys([*first.settings, *second.settings])
        if str(first.settings.get(key)) != str(second.settings.get(key))
    ]
    if not keys:
        print("No setting differs.")
        return
    columns = [
        Column(cell.cell, [setting_value(cell.settings.get(key)) for key in keys], name=True)
        for cell in (first, second)
    ]
    terminal.show_table(Table([Column("setting", keys, name=True), *columns]), console())


def _compact(results: Path) -> None:
    """Pack the records of each cell into one file, and print what that saved."""
    done = upkeep.compact(results)
    if not done.cells:
        print("Nothing to compact.")
        return
    print(
        f"Compacted {plural(done.records, 'record')} of {plural(done.cells, 'cell')}:"
        f" {file_size(done.before)} before, {file_size(done.after)} now"
    )


def _remove(results: Path, targets: Sequence[str]) -> None:
    """Remove the targets from a store, once all of them are understood, and print how much that was.

    Raises StoreError while a sweep is running there.
    """
    cells = {target: _cell_id(results, target) for target in targets if target.startswith("cell=")}
    for target in targets:
        if target not in cells and target not in upkeep.KINDS:
            allowed = ["cell=ID", *upkeep.KINDS]
            raise SettingError(
                f"--remove {target}: must be one of {', '.join(allowed)}{nearest(target, allowed)}"
            )
    if training := running_sweeps(results):
        first = training[0]
        raise StoreError(
            f"{results}: process {first.process} of {first.user} on {first.host} is training there;"
            " nothing is removed until it ends"
        )
    for target in dict.fromkeys(targets):
        if target in cells:
            name, removed = f"cell {cells[target]}", upkeep.remove_cell(results, cells[target])
        else:
            name, removed = target, upkeep.remove_kind(results, target)
        print(f"Removed {name}: {plural(removed.files, 'file')}, {file_size(removed.size)}")


def _check_folder(results: Path) -> None:
    """Raise StoreError unless the folder of the store exists."""
    try:
        if results.is_dir():
            return
        if results.exists():
            raise StoreError(f"{results}: a file; must be the folder of a store")
        folders = [file.name for file in results.parent.glob("*") if file.is_dir()]
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise StoreError(f"{results}: {error.strerror}; must be the folder of a store") from error
    raise StoreError(f"{results}: no such folder{nearest(results.name, folders)}")


def _overview(results: Path, name: str) -> CellFolder:
    return state.overview(results, [_cell_id(results, name)])[0]


def _cell_id(results: Path, name: str) -> str:
    """Return the id of the cell that begins as `name` does, which may be written as cell=ID.

    Raises SettingError unless there is exactly one.
    """
    beginning = name.removeprefix("cell=")
    cells = layout.cells(results)
    matches = [cell for cell in cells if beginning and cell.startswith(beginning)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise SettingError(
            f"cell={beginning}: must begin one id, not {len(matches)}: {_some(matches)}; write more of it"
        )
    near = nearest(beginning, {cell[: len(beginning)] for cell in cells} if beginning else ())
    raise SettingError(f"cell={beginning}: no such cell in {results}{near}")


def _some(names: Iterable[str]) -> str:
    first, *rest = names
    return f"{first}, {rest[0]}{', ...' if len(rest) > 1 else ''}"
