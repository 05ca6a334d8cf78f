"""`python -m sweep.status [RESULTS]`: what a store holds, what failed in it, who is training."""

from sweep import stopping

if __name__ == "__main__":
    stopping.at_once()

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from sweep.commands import exit_codes
from sweep.errors import SettingError, StoreError, nearest

DESCRIPTION = """\
What a store holds: cells, trials, what failed, what is damaged, who is training,
size. Trains nothing. RESULTS is the folder of a store; without it, results/.
Every record is read; with --quick, files count as records by their names."""
EXAMPLES = """\
examples:
  python -m sweep.status
  python -m sweep.status --traces            why trials failed, with tracebacks
  python -m sweep.status --check             exit code 1 if a record is damaged
  python -m sweep.status --diff 3f 0b        the settings in which two cells differ
  python -m sweep.status --compact           the records of each cell in one file
  python -m sweep.status --remove cell=3f    all of a cell, by the beginning of its id
  python -m sweep.status --remove damaged    files that were set aside
"""


def main() -> None:
    """The command line, with errors as single lines and exit code 2 for a user's mistake."""
    parser = argparse.ArgumentParser(
        prog="python -m sweep.status",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
    arguments = parser.parse_args()
    with exit_codes("stopped"):
        _check_folder(arguments.results)
        if arguments.diff:
            diff(arguments.results, *arguments.diff)
        elif arguments.remove:
            remove(arguments.results, arguments.remove)
        elif arguments.compact:
            compact(arguments.results)
        else:
            in_order = show(arguments.results, arguments.quick, arguments.traces)
            sys.exit(1 if arguments.check and not in_order else 0)


def show(results: Path, quick: bool = False, traces: bool = False) -> bool:
    """Print what a store holds; whether all records that were read are in order: none is if it is `quick`."""
    from sweep.analysis.store_page import show_store
    from sweep.execution.running import who
    from sweep.records.overview import overview
    from sweep.session import console

    cells = overview(results, check=not quick)
    show_store(results, cells, who(results), traces, console())
    return not any(each.damaged or each.misplaced for each in cells)


def diff(results: Path, *named: str) -> None:
    """Print the settings in which two cells differ."""
    from sweep.analysis.store_page import show_differences
    from sweep.records.overview import overview
    from sweep.session import console

    first, second = (overview(results, [_cell(results, name)])[0] for name in named)
    show_differences(first, second, console())


def compact(results: Path) -> None:
    """Move the records of each cell into one file, and say what that changed."""
    from sweep.formats import file_size, plural
    from sweep.records import compact as compaction

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
    from sweep.formats import file_size, plural
    from sweep.records.removal import KINDS, remove_cell, remove_kind

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
    from sweep.execution.running import who

    if training := who(results):
        first = training[0]
        raise StoreError(
            f"{results}: process {first.process} of {first.user} on {first.host} is training there;"
            " nothing is removed until it ends"
        )


def _cell(results: Path, name: str) -> str:
    """The id of the cell that begins as `name` does, which may be written as cell=ID.

    Raises SettingError unless there is exactly one.
    """
    from sweep.records import store

    beginning = name.removeprefix("cell=")
    cells = store.cells(results)
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


if __name__ == "__main__":
    main()
