"""The summary of a trained sweep: its page on the terminal, its files, its figures.

`summarise_sweep` compares the cells. `summarise_variance` is another view of an ordinary sweep: it says where
the spread over seeds comes from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console

from sweep.config.columns import explicit_constants, explicit_first
from sweep.config.schema import Config
from sweep.config.variance_cells import Source
from sweep.core.errors import ExecutionError, one_line, visible
from sweep.core.formats import plural, typed_value
from sweep.data.labels import label
from sweep.decide import Deciding
from sweep.report import saving, tables, terminal, variance
from sweep.report.judged import JudgedSweep, judge_decided, judge_sweep
from sweep.report.page import Page
from sweep.report.sweep_page import SweepReport
from sweep.runner.plan import Plan
from sweep.stats.judge import Criteria
from sweep.stats.trials import mixture
from sweep.store.load import load, load_curves

if TYPE_CHECKING:
    from sweep.report.figures.plan import Drawn


def summarise_sweep(
    plan: Plan,
    output: Path | None,
    console: Console,
    *,
    explicit: Sequence[str] = (),
    deciding: Deciding | None = None,
) -> pd.DataFrame:
    """Print the page of a sweep's trials and return its summary, one row a cell (see `trials.summarise`).

    `explicit` are the settings that the user wrote; the table's columns have that order. `deciding` has the
    verdicts of a sweep with `decide`. With `output`, the page's files and the figures are written there.
    """
    swept, values = plan.swept
    configs = [cell.config for cell in plan.cells]
    axes, shared = explicit_first(swept, explicit), explicit_constants(configs, swept, explicit)
    settings = _settings(shared, configs[0])
    cells = pd.DataFrame([{"cell": cell.id} for cell in plan.cells]).join(pd.DataFrame(values, dtype=object))
    cells = cells.drop_duplicates()
    trials = load(plan.cells[0].results, cells["cell"], bits=configs[0].compare.metric == "test_accuracy")
    trials = _of_this_sweep(trials, plan)
    judged = _judged(trials, cells, axes, configs[0], deciding)
    summary = tables.in_order(_settings_first(judged.summary, axes), configs[0].sort)
    for position, (key, value) in enumerate(shared.items(), len(axes) + 1):
        summary.insert(position, key, [value] * len(summary))
    summary["data_label"] = [label(plan.by_id[cell][0].config.data) for cell in summary["cell"]]
    report = SweepReport(replace(judged, summary=summary), axes, settings, mixture(trials))

    def draw(folder: Path) -> "Drawn":
        # Imported here because seaborn takes two seconds to load, which a sweep without figures saves.
        from sweep.report.sweep_figures import draw

        curves = _of_this_sweep(load_curves(plan.cells[0].results, cells["cell"]), plan)
        formats, every = configs[0].figure_formats, configs[0].figures == "all"
        # Figures keep the order in which the cells were written, whatever the table is sorted by.
        ordered = replace(report, judged=judged)
        return draw(ordered, cells, curves, folder=folder, formats=formats, everything=every)

    _show_and_write(report.page(), "summary", plan, output, console, draw=draw)
    return summary


def summarise_variance(
    plan: Plan,
    output: Path | None,
    console: Console,
    *,
    explicit: Sequence[str] = (),
    blocks: Sequence[Mapping[Source, int]],
) -> pd.DataFrame:
    """Print the page of a sweep's sources of spread and return its table (see `variance.components`).

    `blocks` are groups of cells that differ only in what varies: in each, the position of the cell by its
    source. `explicit` and `output` are as for `summarise_sweep`. Raises ExecutionError if no trial counts.
    """
    swept, values = plan.swept
    configs = [cell.config for cell in plan.cells]
    axes = [axis for axis in explicit_first(swept, explicit) if axis != "vary"]
    settings = _settings(explicit_constants(configs, swept, explicit), configs[0])
    trials = _of_this_sweep(load(plan.cells[0].results, list(plan.by_id)), plan)
    table = variance.components(
        trials,
        [{source: plan.cells[index].id for source, index in block.items()} for block in blocks],
        [{axis: values[next(iter(block.values()))][axis] for axis in axes} for block in blocks],
    )
    if table.empty:
        raise ExecutionError("no trial can be compared: every one diverged, or no accuracy was evaluated")

    def draw(folder: Path) -> "Drawn":
        from sweep.report.figures.variance import draw_into

        return draw_into(folder, table, axes, settings=settings, formats=configs[0].figure_formats)

    page = variance.page(table, axes, settings, mixture=mixture(trials))
    _show_and_write(page, "variance", plan, output, console, draw=draw)
    return table


def _show_and_write(
    page: Page,
    name: str,
    plan: Plan,
    output: Path | None,
    console: Console,
    *,
    draw: "Callable[[Path], Drawn]",
) -> None:
    """Print the page; with `output`, write its files and figures there and say so."""
    terminal.show(page, console)
    console.print()
    if output is not None:
        saving.write(page, output, name)
        figures = _drawn(draw, output / "figures", console) if plan.cells[0].config.figures else ""
        console.print(f"Written to {output}/: {name}.csv .md .tex{figures}", soft_wrap=True)
    console.print(f"Records: {plan.cells[0].results.absolute()}", soft_wrap=True)


def _drawn(draw: "Callable[[Path], Drawn]", folder: Path, console: Console) -> str:
    """Draw the figures into `folder` in place of an earlier sweep's; return their number: ", 5 figures"."""
    try:
        saving.remove_stale(folder)
        drawn = draw(folder)
    except Exception as error:  # the table is already printed and written; no figure may undo that
        console.print(f"No figures: {visible(one_line(error))}", soft_wrap=True)
        return ""
    if drawn.left_out:
        console.print(f"Not drawn: {'; '.join(drawn.left_out)}", soft_wrap=True)
    return f", {plural(len({file.stem for file in drawn.files}), 'figure')}" if drawn.files else ""


def _judged(
    trials: pd.DataFrame,
    cells: pd.DataFrame,
    axes: Sequence[str],
    config: Config,
    deciding: Deciding | None,
) -> JudgedSweep:
    """Return the judged trials; in a sweep with `decide` they were judged during the training."""
    if deciding is not None:
        return judge_decided(trials, cells, deciding.comparisons(), looks=deciding.looks)
    criteria = Criteria(config.compare.metric, config.compare.margin, config.compare.level)
    baseline, root = config.compare.baseline, config.data.root
    return judge_sweep(trials, cells, axes, criteria=criteria, baseline=baseline, root=root)


def _settings(shared: Mapping[str, Any], config: Config) -> str:
    """Return the data set and the settings that all cells share, as a user would type them."""
    typed = [f"{key}={typed_value(value)}" for key, value in shared.items() if key != "data"]
    return ", ".join([label(config.data), *typed] if "data" in shared else typed)


def _settings_first(summary: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """Return the table with the columns of the cell and its settings first."""
    rest = [name for name in summary if name not in ("cell", *axes)]
    return summary[["cell", *axes, *rest]]


def _of_this_sweep(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return the rows of the plan's seeds, without others that the store holds of the same cells."""
    seeds = {(cell.id, seed) for cell in plan.cells for seed in cell.config.seed_indices}
    return rows[[pair in seeds for pair in zip(rows["cell"], rows["seed"], strict=True)]]
