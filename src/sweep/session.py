"""A sweep from its configurations to its summary: plan, train what is missing, aggregate, draw."""

import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sweep.config.check import check_equal_cells
from sweep.config.columns import explicit_first
from sweep.config.schema import Config
from sweep.core.errors import ExecutionError, SweepError, one_line
from sweep.core.formats import duration
from sweep.report.page import Column, Table, setting_columns
from sweep.report.terminal import Terminal, show_table
from sweep.runner.plan import Plan, announce_obstructions, make_plan
from sweep.runner.pool import execute, worker_count
from sweep.store.state import survey

if TYPE_CHECKING:
    import pandas as pd

    from sweep.config.variance_cells import Source
    from sweep.decide import Deciding

MOST_ROWS = 100  # cells of a plan that are shown


def run_sweep(
    configs: Sequence[Config],
    output: Path | None,
    console: Console,
    *,
    explicit: Sequence[str] = (),
    variance: "Sequence[Mapping[Source, int]] | None" = None,
) -> "pd.DataFrame":
    """Run a sweep and return its summary, one row a cell (see `trials.summarise`).

    `explicit` are the settings that the user wrote, in the order that tables follow. With `output`, the page
    and the figures are written there. With `variance`, blocks of cells that differ only in what varies, the
    summary is the table of sources of spread instead. A dry run shows the plan, returns an empty table and
    leaves nothing behind. Raises SweepError for a mistake in any cell, before anything is trained, and
    ExecutionError if some trials or the summary could not be stored, after the table of those that are.
    """
    plan = _checked_plan(configs)
    baseline = _named_baseline(plan)
    _announce_equal_cells(plan, console)
    deciding = _deciding(plan, baseline)
    if configs[0].dry_run:
        return _dry_run(plan, deciding, console, output=output, explicit=explicit)
    if not plan.missing:
        console.print(f"all {plan.trials:,} trials are stored")

    def summarise() -> "pd.DataFrame":
        return _summarise(plan, output, console, explicit=explicit, deciding=deciding, variance=variance)

    plans: Iterable[Plan] = [plan] if deciding is None else _looks(deciding, plan, console)
    try:
        for plan in plans:
            execute(plan, configs[0].parallel, console)
    except ExecutionError:
        try:
            if _anything_stored(plan):
                summarise()
        except (SweepError, OSError) as error:  # before the reason why trials failed, which comes last
            console.print(one_line(error), soft_wrap=True)
        raise
    return summarise()


def _checked_plan(configs: Sequence[Config]) -> Plan:
    """Return the plan of these cells. Raises SettingError for a mistake in any of them."""
    plan = make_plan(configs, worker_count(configs[0].parallel))
    for equal in plan.by_id.values():
        check_equal_cells([cell.config for cell in equal])
    return plan


def _dry_run(
    plan: Plan,
    deciding: "Deciding | None",
    console: Console,
    *,
    output: Path | None,
    explicit: Sequence[str],
) -> "pd.DataFrame":
    """Show the plan, remove what Hydra wrote, and return an empty table."""
    import pandas as pd

    _show_plan(plan, deciding, console, explicit=explicit)
    if output is not None:
        remove_hydra_output(output)
    return pd.DataFrame()


def _show_plan(plan: Plan, deciding: "Deciding | None", console: Console, *, explicit: Sequence[str]) -> None:
    if deciding is None:
        print_plan(plan, worker_count(plan.cells[0].config.parallel), console, explicit=explicit)
        return
    from sweep.decide import show_plan

    show_plan(deciding, plan, console, explicit=explicit)


def _anything_stored(plan: Plan) -> bool:
    """Return True if any of the plan's trials has a record."""
    planned = {
        name: {seed for cell in cells for seed in cell.config.seed_indices}
        for name, cells in plan.by_id.items()
    }
    folders = survey(plan.cells[0].results, planned)
    return any(planned[folder.cell].intersection(folder.seeds) for folder in folders)


def _deciding(plan: Plan, baseline: str | None) -> "Deciding | None":
    """Return the looks of a sweep with `decide`; None for any other sweep."""
    if plan.cells[0].config.decide is None:
        return None
    from sweep.decide import Deciding  # loads pandas, which other sweeps need only at their end

    return Deciding.of(plan, baseline)


def _named_baseline(plan: Plan) -> str | None:
    """Return the id of the cell that `compare.baseline` names; None if it names none.

    Raises SettingError if it is not a cell of the sweep.
    """
    if plan.cells[0].config.compare.baseline is None:
        return None
    from sweep.stats.trials import baseline_of  # loads pandas, which training does not need

    return baseline_of(plan)


def _looks(deciding: "Deciding", plan: Plan, console: Console) -> Iterator[Plan]:
    from sweep.decide import announce

    announce(deciding, plan, console)
    return deciding.plans(console)


def objective(summary: "pd.DataFrame") -> float | None:
    """Return what Hydra's sweepers can optimise: the cells' mean validation accuracy, or else loss.

    It is never a test result: a cell that was chosen on the test part must not be reported on it. None if
    nothing was validated or trained.
    """
    for column in ("validation_accuracy_mean", "validation_loss_mean"):
        if column in summary and summary[column].notna().any():
            return float(summary[column].mean())
    return None


def _summarise(
    plan: Plan,
    output: Path | None,
    console: Console,
    *,
    explicit: Sequence[str],
    deciding: "Deciding | None",
    variance: "Sequence[Mapping[Source, int]] | None",
) -> "pd.DataFrame":
    # Loads pandas, which training does not need.
    from sweep.summary import summarise_sweep, summarise_variance

    try:
        if variance is not None:
            return summarise_variance(plan, output, console, explicit=explicit, blocks=variance)
        return summarise_sweep(plan, output, console, explicit=explicit, deciding=deciding)
    except BrokenPipeError:
        raise
    except OSError as error:
        folder = error.filename or output
        raise ExecutionError(f"{folder}: {error.strerror or error}; the records are stored") from error


def _announce_equal_cells(plan: Plan, console: Console) -> None:
    """Print which settings differ within one cell: its rows are equal because they are one cell."""
    axes, values = plan.swept
    of_cell: dict[str, list[dict[str, object]]] = {}
    for cell, row in zip(plan.cells, values, strict=True):
        of_cell.setdefault(cell.id, []).append(row)
    inert = [
        axis for axis in axes if any(len({str(row[axis]) for row in rows}) > 1 for rows in of_cell.values())
    ]
    if inert:
        verb = "has" if len(inert) == 1 else "have"
        console.print(
            f"{', '.join(inert)} {verb} no effect in some cells, so their rows repeat the same trials"
        )


def print_plan(plan: Plan, count: int, console: Console, *, explicit: Sequence[str]) -> None:
    """Print the cells of a sweep, how many trials are missing, and how long `count` workers need for them."""
    stored = plan.trials - plan.missing
    longest = max((block.seconds for block in plan.blocks), default=0.0)
    estimate = max(plan.seconds / count, longest)
    console.print(
        f"{len(plan.cells)} cells, {plan.trials} trials: {stored} stored, {plan.missing} to train"
        f" in {len(plan.blocks)} blocks, about {duration(estimate)} on {count} workers"
    )
    announce_obstructions(plan, console)
    swept, values = plan.swept
    axes = explicit_first(swept, explicit)
    missing = {cell.id: len(plan.missing_seeds.get(cell.id, ())) for cell in plan.cells}
    columns = [
        Column("cell", [cell.id for cell in plan.cells]),
        *setting_columns(axes, values),
        Column("seeds", [str(len(cell.config.seed_indices)) for cell in plan.cells], right=True),
        Column("to train", [str(missing[cell.id]) for cell in plan.cells], right=True),
    ]
    show_table(Table(columns, most_rows=MOST_ROWS), console)


def console() -> Console:
    """Return the terminal that a command writes to."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Terminal()


def remove_hydra_output(output: Path) -> None:
    """Remove the files that Hydra wrote to `output`, and the folders that are empty without them."""
    for name in (".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml", "multirun.yaml"):
        (output / name).unlink(missing_ok=True)
    folder = output / ".hydra"
    while folder != Path.cwd() and folder != folder.parent:
        if folder.is_dir():
            try:
                folder.rmdir()
            except OSError:  # not empty: somebody else's files are in it
                return
        folder = folder.parent
