"""Where the spread over seeds comes from: a table of numbers, the same as texts, and sentences about it.

[variance_summary] What `python -m sweep.variance` prints and writes: its table, its files and its figure.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from sweep.config.check import show
from sweep.config.columns import fixed, in_order
from sweep.config.variance_cells import Source, adds_up
from sweep.core.errors import ExecutionError, one_line, visible
from sweep.core.formats import Format, points, setting_value, span
from sweep.data.labels import label
from sweep.report import figure_files, tables, terminal
from sweep.report.terminal import fitted
from sweep.run.plan import Plan
from sweep.stats.trials import drop_diverged, mixture
from sweep.stats.variance import LEAST, MOST_SKEWNESS, Decomposition
from sweep.store.load import load
from sweep.system import files

HEADINGS = ["accuracy", "varies", "n", "std (points)", "share %", "main effect %"]
LEGEND = (
    "share: variance left with this alone varied, of that with all; main effect: variance removed, on"
    " average, by fixing this alone; interaction: 100 % less the sum, for shares below 0 where they overlap;"
    " n: seeds without seed 0, which fixes the rest; in brackets 95 % intervals"
)
TOO_FEW = "too few seeds"
PARTS = ("share", "main_effect")
# Fractions as percent and as points; z: a number that rounds to zero has no minus.
PERCENT, POINTS, COUNT = Format(100, "z.0f"), Format(100, "z.2f"), Format(spec=".0f")
Row = Mapping[Hashable, Any]
METRICS = {"test_accuracy": "test", "validation_accuracy": "validation"}


def components(
    trials: pd.DataFrame, blocks: Sequence[Mapping[Source, str]], settings: Sequence[Mapping[str, object]]
) -> pd.DataFrame:
    """One row a block, metric and source (see `Components`), the last of each "interaction" if it can be had.

    `trials` are those of `sweep.load`. A block has the id of the cell of each source, that of all sources
    together last; `settings` has each block's values of the swept settings. Seeds that diverged in any cell
    of a block are left out of all; `diverged` counts the trials that diverged.
    """
    tables = []
    for block, own in zip(blocks, settings, strict=True):
        rows = trials[trials["cell"].isin(block.values())]
        counted = drop_diverged(rows)
        for metric in METRICS:
            if counted[metric].notna().any():
                table = _block(counted, block, metric).reset_index(names="varies")
                table.insert(0, "metric", metric)
                for position, (axis, value) in enumerate(own.items()):
                    table.insert(position, axis, [value] * len(table))
                tables.append(table.assign(diverged=len(rows) - len(counted)))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _block(trials: pd.DataFrame, block: Mapping[Source, str], metric: str) -> pd.DataFrame:
    wide = trials.pivot_table(metric, index="seed", columns="cell")
    wide = wide.reindex(columns=list(block.values())).dropna()
    # Seed 0 has the streams at which sources are fixed, so its trial is the same whatever varies.
    wide = wide[wide.index != 0]
    wide.columns = [",".join(source) for source in block]
    statistic, alone, together = Decomposition(), wide.iloc[:, :-1], wide.iloc[:, -1]
    table = statistic(alone, together)
    if adds_up(list(block)):
        table.loc["interaction"] = pd.Series(statistic.interaction(alone, together))
    return table


def rows(table: pd.DataFrame, axes: Sequence[str]) -> list[list[str]]:
    """The cells of the table as texts, one list a row: the swept settings, then `HEADINGS`."""
    return [
        [
            *(setting_value(row[axis]) for axis in axes),
            METRICS[row["metric"]],
            row["varies"],
            COUNT.number(row["n"]),
            _estimate(row, "std", POINTS),
            *(
                TOO_FEW if row["n"] < LEAST else _estimate(row, part, PERCENT)
                for part in ("share", "main_effect")
            ),
        ]
        for row in table.to_dict("records")
    ]


def findings(table: pd.DataFrame, axes: Sequence[str]) -> list[str]:
    """What dominates, and what one fixed split does: sentences for each block and metric."""
    found = []
    for _, block in table.groupby([*axes, "metric"], sort=False, dropna=False):
        by_source: dict[str, Row] = {row["varies"]: row for row in block.to_dict("records")}
        every = by_source["all"]
        pairs = [f"{axis}={setting_value(every[axis])}" for axis in axes]
        where = ", ".join([*pairs, f"{METRICS[every['metric']]} accuracy"])
        if every["n"] < LEAST:
            said = [f"{TOO_FEW} to say: {LEAST} beside seed 0 are needed, there are {every['n']:.0f}"]
        else:
            said = [_dominating(by_source), *([_fixed_split(by_source)] if "split" in by_source else [])]
            skewed = min(
                (row["skewness"] for row in by_source.values()), key=lambda g: -abs(g) if g == g else 0
            )
            if abs(skewed) > MOST_SKEWNESS:
                said.append(f"the seeds are more skewed ({skewed:.1f}) than the intervals are tested for")
        if every["diverged"]:
            said.append(f"{every['diverged']} diverged trials are left out, with all trials of their seeds")
        found += [f"{where}: {sentence}" for sentence in said]
    return found


def _dominating(block: Mapping[Any, Row]) -> str:
    parts = [row for name, row in block.items() if name != "all" and not math.isnan(row["main_effect"])]
    if not parts:
        return "no spread over seeds"
    first, *others = sorted(parts, key=lambda row: -row["main_effect"])
    name, size = first["varies"], f"{_estimate(first, 'main_effect', PERCENT)} % of the variance"
    if not all(first["main_effect_low"] > row["main_effect_high"] for row in others):
        return f"{block['all']['n']:.0f} seeds do not tell what dominates; the largest part is {name}, {size}"
    aside = ": fixing one source alone takes little of the spread away" if name == "interaction" else ""
    return f"{name} dominates, {size}{aside}"


def _fixed_split(block: Mapping[Any, Row]) -> str:
    """How far the mean over initialisations and orders moves with the split.

    That is the standard deviation over all seeds, times the root of the split's main effect.
    """
    every, split = block["all"], block["split"]
    told = split["main_effect_low"] > 0
    part = split["main_effect"] if told else split["main_effect_high"]
    if math.isnan(part):
        return "no interval for what one fixed split does"
    part = min(max(part, 0.0), 1.0)
    n, moved = every["n"], points(every["std"] * math.sqrt(part), ".2f")
    times = "beyond any" if part == 1 else f"{math.sqrt(n * part / (1 - part)):.1f} times the"
    error = f"{times} standard error of the mean of {n:.0f} seeds with that split"
    if told:
        return f"one fixed split moves the mean by ±{moved}, {error}"
    return f"one fixed split moves the mean by ±{moved} at most, {error}; perhaps not at all"


def _estimate(row: Row, name: str, form: Format) -> str:
    """A column of the table with its limits, where it has any: `12 (-20 to 44)`."""
    return form.estimate(row[name], row[f"{name}_low"], row[f"{name}_high"])


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
    table = components(trials, cells, own)
    if table.empty:
        raise ExecutionError("no trial can be compared: every one diverged, or no accuracy was evaluated")
    settings, sentences = _settings(plan, swept, given), findings(table, axes)
    console.print(visible(settings))
    _show(table, axes, console)
    for line in (LEGEND, *sentences):
        console.print(visible(line))
    if mixed := mixture(trials):
        console.print(visible(mixed), soft_wrap=True)
    console.print(f"records: {visible(str(plan.cells[0].results.absolute()))}", soft_wrap=True)
    _write(table, axes, settings, sentences, output)
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
    headings = [*axes, *HEADINGS[1:]]
    for metric, own in table.groupby("metric", sort=False):
        lines = [[*line[:position], *line[position + 1 :]] for line in rows(own, axes)]
        columns = tables.text_columns(headings, lines, position + 1)
        console.print(f"{METRICS[str(metric)]} accuracy")
        console.print(fitted(columns, console.width)[0])


def _write(
    table: pd.DataFrame, axes: Sequence[str], settings: str, findings: Sequence[str], output: Path
) -> None:
    headings, lines = [*axes, *HEADINGS], rows(table, axes)
    caption, names = f"{LEGEND}; {settings}", len(axes) + 2
    text = table.astype({"n": "Int64"}).to_csv(index=False, lineterminator="\n")
    files.write(output / "variance.csv", text.encode("utf-8", "backslashreplace"))
    columns = tables.text_columns(headings, lines, names)
    said = tables.markdown_list(findings, ".")
    page = f"{tables.markdown_columns(columns)}\n{terminal.markdown(caption)}.\n\n{said}"
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
    from sweep.report.figures import style
    from sweep.report.figures.plan import MOST_PANELS
    from sweep.report.figures.variance import draw_variance

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
