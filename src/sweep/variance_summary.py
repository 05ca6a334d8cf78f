"""What `python -m sweep.variance` prints and writes: its table, its files and its figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from sweep import files
from sweep.analysis import escaping, figure_files, tables, variance_table
from sweep.analysis.mixture import mixture
from sweep.analysis.terminal import fitted
from sweep.config.sources import Source
from sweep.config.touched import fixed, in_order
from sweep.config.wording import show
from sweep.data.labels import label
from sweep.errors import ExecutionError, one_line, visible
from sweep.execution.plan import Plan
from sweep.formats import span
from sweep.records.table import load


def summarise_variance(
    plan: Plan,
    blocks: Sequence[Mapping[Source, int]],
    output: Path,
    console: Console,
    given: Sequence[str] = (),
) -> pd.DataFrame:
    """Print the table of sources and its findings, write both to `output`, and return the table.

    `blocks` are groups of cells that differ only in what varies: in each, the position of the cell by its
    source (see `sources.blocks`). `given` are the settings that the user wrote, in the order of the columns.
    """
    swept, values = plan.swept
    axes = [axis for axis in in_order(swept, given) if axis != "vary"]
    own = [{axis: values[next(iter(block.values()))][axis] for axis in axes} for block in blocks]
    cells = [{source: plan.cells[position].id for source, position in block.items()} for block in blocks]
    trials = _trials(plan)
    table = variance_table.components(trials, cells, own)
    if table.empty:
        raise ExecutionError("no trial can be compared: every one diverged, or no accuracy was evaluated")
    settings, findings = _settings(plan, swept, given), variance_table.findings(table, axes)
    console.print(visible(settings))
    _show(table, axes, console)
    for line in (variance_table.LEGEND, *findings):
        console.print(visible(line))
    if mixed := mixture(trials):
        console.print(visible(mixed), soft_wrap=True)
    console.print(f"records: {visible(str(plan.cells[0].results.absolute()))}", soft_wrap=True)
    _write(table, axes, settings, findings, output)
    console.print(f"variance: {visible(str(output / 'variance.csv'))}, .md, .tex", soft_wrap=True)
    if plan.cells[0].config.figures:
        _draw(table, axes, settings, plan.cells[0].config.figure_formats, output / "figures", console)
    return table


def _trials(plan: Plan) -> pd.DataFrame:
    """The plan's trials, without other seeds that the store holds of the same cells."""
    seeds = {(cell.id, seed) for cell in plan.cells for seed in cell.config.seed_indices}
    trials = load(plan.cells[0].results, list(plan.by_id))
    return trials[[pair in seeds for pair in zip(trials["cell"], trials["seed"], strict=True)]]


def _settings(plan: Plan, swept: Sequence[str], given: Sequence[str]) -> str:
    """The data set and the settings that all cells share, as a user would type them."""
    configs = [cell.config for cell in plan.cells]
    same = fixed(configs, swept, given)
    typed = [f"{key}={show(value)}" for key, value in same.items() if key != "data"]
    return ", ".join([label(configs[0].data), *typed] if "data" in same else typed)


def _show(table: pd.DataFrame, axes: Sequence[str], console: Console) -> None:
    """Print one table for each accuracy: both in one would need more than 80 columns."""
    position = len(axes)
    headings = [*axes, *variance_table.HEADINGS[1:]]
    for metric, own in table.groupby("metric", sort=False):
        lines = [[*line[:position], *line[position + 1 :]] for line in variance_table.rows(own, axes)]
        columns = tables.text_columns(headings, lines, position + 1)
        console.print(f"{variance_table.METRICS[str(metric)]} accuracy")
        console.print(fitted(columns, console.width)[0])


def _write(
    table: pd.DataFrame, axes: Sequence[str], settings: str, findings: Sequence[str], output: Path
) -> None:
    headings, lines = [*axes, *variance_table.HEADINGS], variance_table.rows(table, axes)
    caption, names = f"{variance_table.LEGEND}; {settings}", len(axes) + 2
    text = table.astype({"n": "Int64"}).to_csv(index=False, lineterminator="\n")
    files.write(output / "variance.csv", text.encode("utf-8", "backslashreplace"))
    columns = tables.text_columns(headings, lines, names)
    said = tables.markdown_list(findings, ".")
    page = f"{tables.markdown_columns(columns)}\n{escaping.markdown(caption)}.\n\n{said}"
    files.write(output / "variance.md", page)
    files.write(output / "variance.tex", tables.latex(columns, caption))


def _draw(
    table: pd.DataFrame,
    axes: Sequence[str],
    settings: str,
    formats: Sequence[str],
    folder: Path,
    console: Console,
) -> None:
    from sweep.analysis.figures import style
    from sweep.analysis.figures.choice import MOST_PANELS
    from sweep.analysis.figures.variance import draw_variance

    panels = len(table[[*axes, "metric"]].drop_duplicates())
    if table["main_effect"].isna().all() or panels > MOST_PANELS:
        reason = "no shares to show" if panels <= MOST_PANELS else f"more than {MOST_PANELS} panels"
        console.print(f"figures: none drawn: {reason}")
        return
    count = span(int(table["n"].min()), int(table["n"].max()))
    caption = f"{visible(settings)}: 95 % intervals, n = {count} seeds"
    try:
        with style.applied():
            figure_files.save(draw_variance(table, axes, caption), folder / "variance", formats)
    except Exception as error:  # the table is already printed and written; no figure may undo that
        console.print(f"figures: none drawn: {visible(one_line(error))}", soft_wrap=True)
        return
    endings = ", ".join(f".{ending}" for ending in formats)
    console.print(f"figures: {visible(str(folder))}: variance ({endings})", soft_wrap=True)
