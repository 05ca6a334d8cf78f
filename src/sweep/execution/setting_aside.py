"""Files in the places of a plan's missing trials that are no records of them are kept, under another name."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from sweep.execution.plan import Plan
from sweep.formats import plural
from sweep.records import store
from sweep.records.survey import survey


def set_aside(plan: Plan, console: Console) -> None:
    """Rename these files before the trials are trained, and say so in one line.

    Raises StoreError if one cannot be renamed.
    """
    # Looked at again: another process may have put records in their places since the plan was made.
    cells = {file.parent.name for file in plan.in_the_way}
    found = survey(plan.cells[0].results, cells) if cells else ()
    files = [file for each in found for file in each.in_the_way(plan.missing_seeds[each.cell])]
    moved = [new for file in files if (new := store.set_aside(file)) is not None]
    if moved:
        _say("set aside", moved, console)


def announce(plan: Plan, console: Console) -> None:
    """Say in one line which files of a plan would be renamed."""
    if plan.in_the_way:
        _say("counted as missing", plan.in_the_way, console)


def _say(what: str, files: Sequence[Path], console: Console) -> None:
    count = plural(len(files), "file")
    others = f" and {len(files) - 1} more" if len(files) > 1 else ""
    console.print(f"{count} damaged or of another trial, {what}: {files[0]}{others}", soft_wrap=True)
