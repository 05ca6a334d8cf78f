"""What `python -m sweep.status` shows: the cells of a store, what failed in it, and who is training."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from sweep.analysis.axes import axes_of, by_axes
from sweep.analysis.terminal import Column, fitted, setting_columns, show_cells
from sweep.errors import visible
from sweep.execution.running import Running
from sweep.formats import MISSING, file_size, plural, setting_value
from sweep.locks import is_released
from sweep.records import failures, store
from sweep.records.failures import Failure
from sweep.records.overview import CellOverview

MOST = 100  # cells, and failures, that are shown


def show_store(
    results: Path, cells: Sequence[CellOverview], running: Sequence[Running], traces: bool, console: Console
) -> None:
    """Print the cells of a store, its failures, with `traces` their tracebacks, and what else is in it."""
    console.print(visible(_totals(results, cells)), soft_wrap=True)
    if cells:
        _show_cells(cells, console)
    _show_failures(results, cells, traces, console)
    for line in [*_no_records(cells), *_strangers(results, cells), *_stale(cells), *_running(running)]:
        console.print(visible(line), soft_wrap=True)


def show_differences(first: CellOverview, second: CellOverview, console: Console) -> None:
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


def _totals(results: Path, cells: Sequence[CellOverview]) -> str:
    counts = {
        "failed": sum(len(each.failed) for each in cells),
        "damaged": sum(len(each.no_records) for each in cells),
    }
    parts = [
        plural(len(cells), "cell"),
        plural(sum(len(each.seeds) for each in cells), "trial"),
        *(f"{count} {word}" for word, count in counts.items() if count),
        file_size(sum(each.size for each in cells)),
    ]
    return f"{results}: {', '.join(parts)}"


def _show_cells(cells: Sequence[CellOverview], console: Console) -> None:
    known = [each for each in cells if each.settings]
    rows = pd.DataFrame([dict(each.settings) for each in known], dtype=object)
    axes = axes_of(rows, list(map(str, rows.columns)))
    known = [known[position] for position in by_axes(rows, axes).index]
    shown = [*known, *(each for each in cells if not each.settings)][:MOST]
    values = [{axis: each.settings.get(axis) for axis in axes} for each in shown]
    counts = {
        "failed": [len(each.failed) for each in shown],
        "damaged": [len(each.no_records) for each in shown],
    }
    show_cells(
        [
            Column("cell", [each.cell for each in shown]),
            *setting_columns(axes, values),
            Column("seeds", [str(len(each.seeds)) for each in shown], right=True),
            *(
                Column(word, [str(count or MISSING) for count in found], right=True)
                for word, found in counts.items()
                if any(found)
            ),
            Column("size", [file_size(each.size) for each in shown], right=True),
        ],
        len(cells) - len(shown),
        console,
    )


def _show_failures(results: Path, cells: Sequence[CellOverview], traces: bool, console: Console) -> None:
    count = sum(len(each.failed) for each in cells)
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


def _failures(results: Path, cells: Sequence[CellOverview]) -> Iterator[Failure]:
    for each in cells:
        if each.failed:
            own = failures.read(results, [each.cell])
            yield from (failure for failure in own if failure.seed in set(each.failed))


def _no_records(cells: Sequence[CellOverview]) -> Iterator[str]:
    kinds = {
        "set aside as damaged or misplaced": [each.contents.set_aside for each in cells],
        "damaged": [each.damaged for each in cells],
        "in the place of another trial": [each.misplaced for each in cells],
    }
    for kind, found in kinds.items():
        if files := [file for own in found for file in own]:
            yield f"{plural(len(files), 'file')} {kind} (first {files[0]})"


def _strangers(results: Path, cells: Sequence[CellOverview]) -> Iterator[str]:
    if files := [*(file for each in cells for file in each.contents.strangers), *store.elsewhere(results)]:
        yield f"{plural(len(files), 'file')} not of this store, ignored (first {files[0]})"


def _stale(cells: Sequence[CellOverview]) -> Iterator[str]:
    if found := [file for each in cells for file in each.contents.temporary if is_released(file)]:
        yield f"{plural(len(found), 'temporary file')} left by killed processes (first {found[0]})"


def _running(running: Sequence[Running]) -> Iterator[str]:
    if not running:
        yield "running: nothing"
    for each in running:
        of = ", ".join(f"{text}" for text in (each.experiment, each.name) if text is not None)
        yield (
            f"running: {each.command}{f' ({of})' if of else ''}, {each.trials} trials to train,"
            f" since {each.began}, by {each.user} on {each.host}, process {each.process}"
        )
