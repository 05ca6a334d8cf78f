"""The summary of a trained sweep: its table on the terminal, its files, its figures."""

from pathlib import Path

import pandas as pd
from rich.console import Console

from sweep.analysis import records, tables
from sweep.analysis.aggregate import summarise
from sweep.analysis.escaping import visible
from sweep.execution.plan import Plan

MOST_NAMES = 8  # files named on the terminal


def summarise_sweep(plan: Plan, output: Path | None, console: Console) -> pd.DataFrame:
    """Print the summary of a sweep's trials and return it, one row a cell (see `aggregate.summarise`).

    With `output`, summary.csv, summary.md, summary.tex and the figures are written there.
    """
    axes, values = plan.swept
    cells = pd.DataFrame([{"cell": cell.id} for cell in plan.cells]).join(pd.DataFrame(values, dtype=object))
    cells = cells.drop_duplicates()
    trials = records.load(plan.cells[0].results, cells["cell"])
    seeds = {(cell.id, seed) for cell in plan.cells for seed in cell.config.seed_indices}
    trials = _of_this_sweep(trials, seeds)
    summary = cells.merge(summarise(trials), on="cell", sort=False)
    console.print(tables.terminal(summary, axes, console.width))
    if mixed := _mixture(trials):
        console.print(mixed, soft_wrap=True)
    console.print(f"records: {visible(str(plan.cells[0].results.absolute()))}", soft_wrap=True)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        # A path that is not Unicode text keeps its bytes as codes.
        summary.to_csv(
            output / "summary.csv",
            index=False,
            encoding="utf-8",
            errors="backslashreplace",
            lineterminator="\n",
        )
        _write(output / "summary.md", tables.markdown(summary, axes))
        lines = tables.rows(summary, axes)
        table = tables.latex([*axes, *tables.HEADINGS], lines, tables.CAPTION, names=len(axes))
        _write(output / "summary.tex", table)
        console.print(f"summary: {visible(str(output / 'summary.csv'))}, .md, .tex", soft_wrap=True)
        if plan.cells[0].config.figures:
            _draw(plan, cells, trials, seeds, axes, output / "figures", console)
    return summary


def _mixture(trials: pd.DataFrame) -> str | None:
    """What to say where trials of one table come from different engines, whose last digits differ."""
    columns = ["engine", "engine_version", "engine_numerics"]
    kinds = trials.groupby(columns, dropna=False, sort=False).size()
    if len(kinds) < 2:
        return None
    names = [
        "an unknown engine (records of schema 1)"
        if engine != engine
        else f"{engine} ({version}, numerics {numerics:.0f})"
        for engine, version, numerics in kinds.index
    ]
    parts = "; ".join(f"{count} by {name}" for name, count in zip(names, kinds, strict=True))
    return f"trials of different engines stand in this table: {parts}"


def _write(file: Path, text: str) -> None:
    """The text as UTF-8 with plain line ends, whatever the machine's own are."""
    file.write_text(text, encoding="utf-8", newline="\n")


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
    # seaborn takes two seconds to load, which nobody should wait for who wants no figures.
    from sweep.analysis import figures

    curves = _of_this_sweep(records.curves(plan.cells[0].results, cells["cell"]), seeds)
    measured = [name for name in trials.columns if name not in axes]
    trials = cells.merge(trials[measured], on="cell", sort=False)
    curves = cells.merge(curves[[name for name in curves.columns if name not in axes]], on="cell", sort=False)
    files = figures.draw_all(trials, curves, axes, folder)
    names = ", ".join(file.name for file in files) if len(files) <= MOST_NAMES else f"{len(files)} files"
    console.print(f"figures: {visible(str(folder))}: {names}", soft_wrap=True)
