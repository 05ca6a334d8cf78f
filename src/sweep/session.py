"""A sweep from its configurations to its summary: plan, train what is missing, aggregate, draw."""

import io
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from sweep.config.schema import Config
from sweep.execution.plan import Plan, make_plan
from sweep.execution.pool import execute, workers
from sweep.execution.progress import duration

# Settings that say how a sweep runs, not what its cells are.
_NOT_AXES = ("seeds", "parallel", "results", "figures", "dry_run", "grid")


def run_sweep(configs: Sequence[Config], output: Path | None, console: Console) -> pd.DataFrame:
    """Run a sweep and return its summary, one row a cell (see `aggregate.summarise`).

    With `output`, summary.csv, summary.md and the figures are written there. A dry run shows the plan
    and returns an empty table. Raises SweepError for a mistake in any cell, before anything is trained.
    """
    parallel = configs[0].parallel
    plan = make_plan(configs, workers(parallel))
    if configs[0].dry_run:
        _show_plan(plan, workers(parallel), console)
        return pd.DataFrame()
    execute(plan, parallel, console)
    return _summarise(plan, output, console)


def swept(configs: Sequence[Config]) -> tuple[list[str], list[dict[str, object]]]:
    """The settings that differ between cells, and each cell's values of them."""
    from sweep.analysis.records import flat

    rows = [
        flat({key: value for key, value in asdict(config).items() if key not in _NOT_AXES})
        for config in configs
    ]
    if any(config.depth is not None for config in configs):
        for row, config in zip(rows, configs, strict=True):
            row["depth"] = len(config.hidden_units)
    axes = [key for key in rows[0] if len({str(row[key]) for row in rows}) > 1]
    # A choice among groups is one axis, whatever settings come with each choice.
    axes = [key for key in axes if key.rpartition(".")[0] not in axes or _varies(key, rows)]
    return axes, [{axis: row[axis] for axis in axes} for row in rows]


def _varies(key: str, rows: Sequence[dict[str, object]]) -> bool:
    """Whether a group's setting differs within one choice of the group."""
    group = key.rpartition(".")[0]
    seen: dict[str, set[str]] = {}
    for row in rows:
        seen.setdefault(str(row[group]), set()).add(str(row[key]))
    return any(len(values) > 1 for values in seen.values())


def _show_plan(plan: Plan, count: int, console: Console) -> None:
    stored = plan.trials - plan.missing
    longest = max((block.seconds for block in plan.blocks), default=0.0)
    estimate = max(plan.seconds / count, longest)
    console.print(
        f"{len(plan.cells)} cells, {plan.trials} trials: {stored} stored, {plan.missing} to train"
        f" in {len(plan.blocks)} blocks, about {duration(estimate)} on {count} workers"
    )
    axes, values = swept([cell.config for cell in plan.cells])
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ["cell", *axes, "seeds", "to train"]:
        right = heading in ("seeds", "to train")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for cell, row in zip(plan.cells, values, strict=True):
        missing = sum(len(block.seeds) for block in plan.blocks if block.cell.id == cell.id)
        counts = (len(cell.config.seed_indices), missing)
        table.add_row(cell.id, *(str(row[axis]) for axis in axes), *map(str, counts))
    console.print(table)


def _summarise(plan: Plan, output: Path | None, console: Console) -> pd.DataFrame:
    # pandas, seaborn and their like load only now, so that training starts at once.
    from sweep.analysis import records, tables
    from sweep.analysis.aggregate import summarise

    axes, values = swept([cell.config for cell in plan.cells])
    cells = pd.DataFrame([{"cell": cell.id} for cell in plan.cells]).join(pd.DataFrame(values, dtype=object))
    cells = cells.drop_duplicates()
    trials = records.load(plan.cells[0].results, cells["cell"])
    seeds = {(cell.id, seed) for cell in plan.cells for seed in cell.config.seed_indices}
    trials = _of_this_sweep(trials, seeds)
    summary = cells.merge(summarise(trials), on="cell", sort=False)
    console.print(tables.terminal(summary, axes, console.width))
    console.print(f"records: {plan.cells[0].results.absolute()}", highlight=False, soft_wrap=True)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        summary.to_csv(output / "summary.csv", index=False)
        (output / "summary.md").write_text(tables.markdown(summary, axes))
        console.print(f"summary: {output / 'summary.csv'}, summary.md", highlight=False, soft_wrap=True)
        if plan.cells[0].config.figures:
            _draw(plan, cells, trials, seeds, axes, output / "figures", console)
    return summary


def _of_this_sweep(rows: pd.DataFrame, seeds: set[tuple[str, int]]) -> pd.DataFrame:
    wanted = [pair in seeds for pair in zip(rows["cell"], rows["seed"], strict=True)]
    return rows[wanted]


def _draw(
    plan: Plan,
    cells: pd.DataFrame,
    trials: pd.DataFrame,
    seeds: set[tuple[str, int]],
    axes: list[str],
    folder: Path,
    console: Console,
) -> None:
    from sweep.analysis import figures, records

    curves = _of_this_sweep(records.curves(plan.cells[0].results, cells["cell"]), seeds)
    measured = [name for name in trials.columns if name not in axes]
    trials = cells.merge(trials[measured], on="cell", sort=False)
    curves = cells.merge(curves[[name for name in curves.columns if name not in axes]], on="cell", sort=False)
    files = figures.draw_all(trials, curves, axes, folder)
    names = ", ".join(file.name for file in files)
    console.print(f"figures: {folder}: {names}", highlight=False, soft_wrap=True)


def console() -> Console:
    """The terminal that a command writes to."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Console(highlight=False)


def withdraw(output: Path) -> None:
    """Remove what Hydra has written to an output folder before a mistake was found; nothing else."""
    for name in (".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml", "multirun.yaml"):
        (output / name).unlink(missing_ok=True)
    folder = output / ".hydra"
    while folder != Path.cwd() and folder != folder.parent:
        if folder.is_dir():
            try:
                folder.rmdir()
            except OSError:  # not empty: it holds something of somebody's
                return
        folder = folder.parent
