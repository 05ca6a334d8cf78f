"""`sweep status [RESULTS]`: what a store holds, what failed in it, who is training.

[store_page] What `sweep status` shows: the cells of a store, what failed in it, and who is training.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from sweep.cli.parser import CommandParser
from sweep.core.errors import SettingError, StoreError, nearest, visible
from sweep.core.formats import MISSING, file_size, plural, setting_value
from sweep.report.page import Column, Table, setting_columns
from sweep.report.terminal import fitted, show_table
from sweep.runner.running import RunningSweep
from sweep.stats.trials import axes_of, by_axes
from sweep.store import layout, state
from sweep.store.layout import CellFolder
from sweep.store.state import Failure
from sweep.system.files import is_unlocked

DESCRIPTION = """\
What a store holds: cells, trials, what failed, what is damaged, who is training,
size. Trains nothing. RESULTS is the folder of a store; without it, results/.
Every record is read; with --quick, files count as records by their names."""
EXAMPLES = """\
examples:
  sweep status
  sweep status --traces            why trials failed, with tracebacks
  sweep status --check             exit code 1 if a record is damaged
  sweep status --diff 3f 0b        the settings in which two cells differ
  sweep status --compact           the records of each cell in one file
  sweep status --remove cell=3f    all of a cell, by the beginning of its id
  sweep status --remove damaged    files that were set aside
"""


def status(arguments: Sequence[str]) -> int:
    """Run `sweep status`; exit code 1 if --check finds a damaged record."""
    parser = CommandParser("status", DESCRIPTION, EXAMPLES)
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"), metavar="RESULTS")
    reading = parser.add_mutually_exclusive_group()
    reading.add_argument("--quick", action="store_true", help="read no records but one a cell")
    reading.add_argument(
        "--check", action="store_true", help="exit code 1 if a record is damaged or in another's place"
    )
    parser.add_argument("--traces", action="store_true", help="show the tracebacks of failed trials")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--diff", nargs=2, metavar=("A", "B"), help="the settings in which two cells differ")
    change.add_argument(
        "--remove",
        action="append",
        metavar="WHAT",
        help="cell=ID, failed (the tracebacks of trials), damaged (files set aside) or stale (temporary"
        " files left by killed processes); not while a sweep is running there",
    )
    change.add_argument("--compact", action="store_true", help="the records of each cell in one file")
    options = parser.parse_args(arguments)
    _check_folder(options.results)
    if options.diff:
        diff(options.results, *options.diff)
    elif options.remove:
        remove(options.results, options.remove)
    elif options.compact:
        compact(options.results)
    else:
        in_order = show(options.results, quick=options.quick, traces=options.traces)
        return 1 if options.check and not in_order else 0
    return 0


def show(results: Path, *, quick: bool = False, traces: bool = False) -> bool:
    """Print what a store holds; whether all records that were read are in order: none is if it is `quick`."""
    from sweep.runner.running import running_sweeps
    from sweep.session import console
    from sweep.store.state import overview

    cells = overview(results, check=not quick)
    show_store(results, cells, running_sweeps(results), traces, console())
    return not any(each.damaged or each.misplaced for each in cells)


def diff(results: Path, *named: str) -> None:
    """Print the settings in which two cells differ."""
    from sweep.session import console
    from sweep.store.state import overview

    first, second = (overview(results, [_cell(results, name)])[0] for name in named)
    show_differences(first, second, console())


def compact(results: Path) -> None:
    """Move the records of each cell into one file, and say what that changed."""
    from sweep.core.formats import file_size, plural
    from sweep.store import upkeep as compaction

    done = compaction.compact(results)
    if not done.cells:
        print("compact: nothing to do")
        return
    print(
        f"compact: {plural(done.records, 'record')} of {plural(done.cells, 'cell')},"
        f" {file_size(done.before)} before, {file_size(done.after)} now"
    )


def remove(results: Path, asked: Sequence[str]) -> None:
    """Remove what is asked for from a store, once all of it is understood, and say how much that was.

    Raises StoreError while a sweep is running there.
    """
    from sweep.core.formats import file_size, plural
    from sweep.store.upkeep import KINDS, remove_cell, remove_kind

    cells = {what: _cell(results, what) for what in asked if what.startswith("cell=")}
    for what in asked:
        if what not in cells and what not in KINDS:
            allowed = ["cell=ID", *KINDS]
            raise SettingError(
                f"--remove {what}: must be one of {', '.join(allowed)}{nearest(what, allowed)}"
            )
    _check_idle(results)
    for what in dict.fromkeys(asked):
        removed = remove_cell(results, cells[what]) if what in cells else remove_kind(results, what)
        name = f"cell {cells[what]}" if what in cells else what
        print(f"removed: {name}, {plural(removed.files, 'file')}, {file_size(removed.size)}")


def _check_folder(results: Path) -> None:
    try:
        if results.is_dir():
            return
        if results.exists():
            raise StoreError(f"{results}: a file; must be the folder of a store")
        beside = [file.name for file in results.parent.glob("*") if file.is_dir()]
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise StoreError(f"{results}: {error.strerror}; must be the folder of a store") from error
    raise StoreError(f"{results}: no such folder{nearest(results.name, beside)}")


def _check_idle(results: Path) -> None:
    from sweep.runner.running import running_sweeps

    if training := running_sweeps(results):
        first = training[0]
        raise StoreError(
            f"{results}: process {first.process} of {first.user} on {first.host} is training there;"
            " nothing is removed until it ends"
        )


def _cell(results: Path, name: str) -> str:
    """The id of the cell that begins as `name` does, which may be written as cell=ID.

    Raises SettingError unless there is exactly one.
    """
    from sweep.store import layout

    beginning = name.removeprefix("cell=")
    cells = layout.cells(results)
    found = [cell for cell in cells if beginning and cell.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingError(f"cell={beginning}: {len(found)} cells begin so: {_some(found)}; must be one")
    near = nearest(beginning, {cell[: len(beginning)] for cell in cells} if beginning else ())
    raise SettingError(f"cell={beginning}: no such cell in {results}{near}")


def _some(names: Iterable[str]) -> str:
    first, *rest = list(names)
    return f"{first}, {rest[0]}{', ...' if len(rest) > 1 else ''}"


MOST = 100  # cells, and failures, that are shown


def show_store(
    results: Path,
    cells: Sequence[CellFolder],
    running: Sequence[RunningSweep],
    traces: bool,
    console: Console,
) -> None:
    """Print the cells of a store, its failures, with `traces` their tracebacks, and what else is in it."""
    console.print(visible(_totals(results, cells)), soft_wrap=True)
    if cells:
        _show_cells(cells, console)
    _show_failures(results, cells, traces, console)
    for line in [*_no_records(cells), *_strangers(results, cells), *_stale(cells), *_running(running)]:
        console.print(visible(line), soft_wrap=True)


def show_differences(first: CellFolder, second: CellFolder, console: Console) -> None:
    """Print the settings in which two cells differ, one a line."""
    keys = [
        key
        for key in dict.fromkeys([*first.settings, *second.settings])
        if str(first.settings.get(key)) != str(second.settings.get(key))
    ]
    if not keys:
        console.print("no setting differs")
        return
    columns = [
        Column(each.cell, [setting_value(each.settings.get(key)) for key in keys], name=True)
        for each in (first, second)
    ]
    console.print(fitted([Column("setting", keys, name=True), *columns], console.width)[0])


def _totals(results: Path, cells: Sequence[CellFolder]) -> str:
    counts = {
        "failed": sum(len(each.failed_seeds) for each in cells),
        "damaged": sum(len(each.unreadable) for each in cells),
    }
    parts = [
        plural(len(cells), "cell"),
        plural(sum(len(each.seeds) for each in cells), "trial"),
        *(f"{count} {word}" for word, count in counts.items() if count),
        file_size(sum(each.size for each in cells)),
    ]
    return f"{results}: {', '.join(parts)}"


def _show_cells(cells: Sequence[CellFolder], console: Console) -> None:
    known = [each for each in cells if each.settings]
    rows = pd.DataFrame([dict(each.settings) for each in known], dtype=object)
    axes = axes_of(rows, list(map(str, rows.columns)))
    known = [known[position] for position in by_axes(rows, axes).index]
    shown = [*known, *(each for each in cells if not each.settings)][:MOST]
    values = [{axis: each.settings.get(axis) for axis in axes} for each in shown]
    counts = {
        "failed": [len(each.failed_seeds) for each in shown],
        "damaged": [len(each.unreadable) for each in shown],
    }
    columns = [
        Column("cell", [each.cell for each in shown]),
        *setting_columns(axes, values),
        Column("seeds", [str(len(each.seeds)) for each in shown], right=True),
        *(
            Column(word, [str(count or MISSING) for count in found], right=True)
            for word, found in counts.items()
            if any(found)
        ),
        Column("size", [file_size(each.size) for each in shown], right=True),
    ]
    show_table(Table(columns), console)
    if len(cells) > len(shown):
        console.print(f"... and {len(cells) - len(shown)} more cells")


def _show_failures(results: Path, cells: Sequence[CellFolder], traces: bool, console: Console) -> None:
    count = sum(len(each.failed_seeds) for each in cells)
    if not count:
        return
    console.print("\nfailed; the command that needs these trials tries them again:")
    shown = 0
    for failure in _failures(results, cells):
        if shown == MOST:
            break
        shown += 1
        line = f"cell {failure.cell}, seed {failure.seed}, {failure.when}: {failure.reason}"
        console.print(visible(line), soft_wrap=True)
        if traces and failure.trace is not None:
            for own in str(failure.trace).splitlines():
                console.print(visible(f"    {own}"), soft_wrap=True)
    if count > shown:
        console.print(f"... and {count - shown} more")


def _failures(results: Path, cells: Sequence[CellFolder]) -> Iterator[Failure]:
    for each in cells:
        if each.failed_seeds:
            own = state.read_failures(results, [each.cell])
            yield from (failure for failure in own if failure.seed in set(each.failed_seeds))


def _no_records(cells: Sequence[CellFolder]) -> Iterator[str]:
    kinds = {
        "set aside as damaged or misplaced": [each.set_aside for each in cells],
        "damaged": [each.damaged for each in cells],
        "in the place of another trial": [each.misplaced for each in cells],
    }
    for kind, found in kinds.items():
        if files := [file for own in found for file in own]:
            yield f"{plural(len(files), 'file')} {kind} (first {files[0]})"


def _strangers(results: Path, cells: Sequence[CellFolder]) -> Iterator[str]:
    if files := [*(file for each in cells for file in each.foreign), *layout.records_elsewhere(results)]:
        yield f"{plural(len(files), 'file')} not of this store, ignored (first {files[0]})"


def _stale(cells: Sequence[CellFolder]) -> Iterator[str]:
    if found := [file for each in cells for file in each.temporary if is_unlocked(file)]:
        yield f"{plural(len(found), 'temporary file')} left by killed processes (first {found[0]})"


def _running(running: Sequence[RunningSweep]) -> Iterator[str]:
    if not running:
        yield "running: nothing"
    for each in running:
        of = ", ".join(f"{text}" for text in (each.experiment, each.name) if text is not None)
        yield (
            f"running: {each.command}{f' ({of})' if of else ''}, {each.trials} trials to train,"
            f" since {each.began}, by {each.user} on {each.host}, process {each.process}"
        )
