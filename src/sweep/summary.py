"""The summary of a trained sweep: its table on the terminal, its files, its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from sweep.config.check import show
from sweep.config.columns import fixed, in_order
from sweep.config.schema import Config
from sweep.core.errors import one_line, visible
from sweep.data.labels import label
from sweep.decide import Deciding
from sweep.report import figure_files, tables
from sweep.report.judged import JudgedSweep, judge_decided, judge_sweep
from sweep.report.page import JudgedPage
from sweep.runner.plan import Plan
from sweep.stats.judge import Criteria
from sweep.stats.trials import mixture
from sweep.store.load import load, load_curves


def summarise_sweep(
    plan: Plan,
    output: Path | None,
    console: Console,
    given: Sequence[str] = (),
    deciding: Deciding | None = None,
) -> pd.DataFrame:
    """Print the summary of a sweep's trials and return it, one row a cell (see `aggregate.summarise`).

    `given` are the settings that the user wrote; axes, and settings that all cells share, have that order.
    `deciding` has the verdicts of a sweep with `decide`. If `output` is given, summary.csv, summary.md,
    summary.tex and the figures are written there.
    """
    swept, values = plan.swept
    configs = [cell.config for cell in plan.cells]
    axes, same = in_order(swept, given), fixed(configs, swept, given)
    settings = _settings(same, configs[0])
    cells = pd.DataFrame([{"cell": cell.id} for cell in plan.cells]).join(pd.DataFrame(values, dtype=object))
    cells = cells.drop_duplicates()
    trials = load(plan.cells[0].results, cells["cell"], bits=configs[0].compare.metric == "test_accuracy")
    trials = _of_this_sweep(trials, plan)
    judged = _judged(trials, cells, axes, configs[0], deciding)
    summary = tables.in_order(_arranged(judged.summary, axes), configs[0].sort)
    for position, (key, value) in enumerate(same.items(), len(axes) + 1):
        summary.insert(position, key, [value] * len(summary))
    summary["data_label"] = [label(config.data) for config in _first_of_each(plan, summary["cell"])]
    page = JudgedPage(replace(judged, summary=summary), axes, settings, mixture(trials))
    page.show(console)
    console.print(f"records: {visible(str(plan.cells[0].results.absolute()))}", soft_wrap=True)
    if output is not None:
        page.write(output)
        console.print(f"summary: {visible(str(output / 'summary.csv'))}, .md, .tex", soft_wrap=True)
        _draw(replace(page, judged=judged), plan, cells, output / "figures", console)
    return summary


def _judged(
    trials: pd.DataFrame,
    cells: pd.DataFrame,
    axes: Sequence[str],
    config: Config,
    deciding: Deciding | None,
) -> JudgedSweep:
    """The judged trials. In a sweep with `decide` they were judged during the training, otherwise now."""
    if deciding is not None:
        return judge_decided(trials, cells, deciding.comparisons(), deciding.looks)
    criteria = Criteria(config.compare.metric, config.compare.margin, config.compare.level)
    return judge_sweep(trials, cells, axes, criteria, config.compare.baseline, config.data.root)


def _draw(page: JudgedPage, plan: Plan, cells: pd.DataFrame, folder: Path, console: Console) -> None:
    """Draw the figures, if they are wanted, into `folder`; those of an earlier sweep there are removed."""
    config, results = plan.cells[0].config, plan.cells[0].results
    try:
        figure_files.remove_stale(folder)
        if config.figures:
            # Imported here because seaborn takes two seconds to load, which a sweep without figures saves.
            from sweep.report.page import draw_figures

            curves = _of_this_sweep(load_curves(results, cells["cell"]), plan)
            kinds, every = config.figure_formats, config.figures == "all"
            draw_figures(page.judged, cells, curves, page.axes, page.settings, folder, console, kinds, every)
    except Exception as error:  # the table is already printed and written; no figure may undo that
        console.print(f"figures: none drawn: {visible(one_line(error))}", soft_wrap=True)


def _first_of_each(plan: Plan, cells: "pd.Series[str]") -> list[Config]:
    """A configuration for each of these cell ids; the first one of a cell that is in the plan twice."""
    return [plan.by_id[cell][0].config for cell in cells]


def _settings(same: Mapping[str, Any], config: Config) -> str:
    """The data set and the settings that all cells share, as a user would type them."""
    typed = [f"{key}={show(value)}" for key, value in same.items() if key != "data"]
    return ", ".join([label(config.data), *typed] if "data" in same else typed)


def _arranged(summary: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """The table with the columns of the cell and its settings first."""
    rest = [name for name in summary if name not in ("cell", *axes)]
    return summary[["cell", *axes, *rest]]


def _of_this_sweep(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The rows of the plan's seeds, without others that the store holds of the same cells."""
    seeds = {(cell.id, seed) for cell in plan.cells for seed in cell.config.seed_indices}
    wanted = [pair in seeds for pair in zip(rows["cell"], rows["seed"], strict=True)]
    return rows[wanted]
