"""The page of `sweep variance`: where the spread over seeds comes from."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from sweep.config.variance_cells import Source, adds_up
from sweep.core.formats import Format, points, setting_value
from sweep.report.page import Block, Page, Sentences, Table, text_columns
from sweep.stats.trials import drop_diverged
from sweep.stats.variance import LEAST, MOST_SKEWNESS, Decomposition

HEADINGS = ["varies", "seeds", "std (points)", "share (%)", "main effect (%)"]
LEGEND = {
    "seeds": "without seed 0, which fixes the rest",
    "share": "variance with this alone varied, in percent of the variance with all varied",
    "main effect": "variance that goes, on average, if this alone is fixed",
    "interaction": "what sources do together: 100 % less the sum; a negative share means that they overlap",
    "brackets": "95 % intervals",
}
TOO_FEW = "too few seeds"
PARTS = ("share", "main_effect")
# Fractions as percent and as points; z: a number that rounds to zero has no minus.
PERCENT, POINTS, COUNT = Format(100, "z.0f"), Format(100, "z.2f"), Format(spec=".0f")
Row = Mapping[Hashable, Any]
METRICS = {"test_accuracy": "test", "validation_accuracy": "validation"}


def components(
    trials: pd.DataFrame, blocks: Sequence[Mapping[Source, str]], settings: Sequence[Mapping[str, object]]
) -> pd.DataFrame:
    """Return one row a block, metric and source (see `Components`), the last of each "interaction" if known.

    `trials` are those of `sweep.load`. A block has the id of the cell of each source, that of all sources
    together last; `settings` has each block's values of the swept settings. Seeds that diverged in any cell
    of a block are left out of all; `diverged` counts the trials that diverged.
    """
    tables = []
    for block, swept in zip(blocks, settings, strict=True):
        rows = trials[trials["cell"].isin(block.values())]
        counted = drop_diverged(rows)
        for metric in METRICS:
            if counted[metric].notna().any():
                table = _block(counted, block, metric).reset_index(names="varies")
                table.insert(0, "metric", metric)
                for position, (axis, value) in enumerate(swept.items()):
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


def page(table: pd.DataFrame, axes: Sequence[str], settings: str, *, mixture: str | None) -> Page:
    """Return the page of a table of `components`: the conclusion, a table for each accuracy, how to read it.

    `axes` are the swept settings, `settings` names what all cells share, and `mixture` says which engines ran
    the trials, if there were several.
    """
    blocks: list[Block] = [Sentences(findings(table, axes))]
    for metric, part in table.groupby("metric", sort=False):
        name = f"{METRICS[str(metric)]} accuracy".capitalize()
        columns = text_columns([*axes, *HEADINGS], rows(part, axes), len(axes) + 1)
        blocks.append(Table(columns, title=name, file="variance.csv"))
    blocks.append(Sentences.labelled("How to read it", list(LEGEND.items())))
    if mixture:
        blocks.append(Sentences([mixture]))
    title = "Where the spread over seeds comes from"
    numbers = table.astype({"n": "Int64"})
    return Page(f"{settings}: {title.lower()}" if settings else title, blocks, data={"variance": numbers})


def rows(table: pd.DataFrame, axes: Sequence[str]) -> list[list[str]]:
    """Return the table as texts, a list a row: the swept settings, then `HEADINGS`."""
    return [
        [
            *(setting_value(row[axis]) for axis in axes),
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
    """Return the conclusions for each block and metric: what dominates, and what one fixed split does."""
    paragraphs = []
    for _, block in table.groupby([*axes, "metric"], sort=False, dropna=False):
        by_source: dict[str, Row] = {row["varies"]: row for row in block.to_dict("records")}
        every = by_source["all"]
        pairs = [f"{axis}={setting_value(every[axis])}" for axis in axes]
        subject = ", ".join([*pairs, f"{METRICS[every['metric']]} accuracy"])
        if every["n"] < LEAST:
            count = f"{every['n']:.0f} seeds beside seed 0"
            sentences = [f"{count} are too few for shares; {LEAST} or more give them"]
        else:
            sentences = [_dominating(by_source)]
            sentences += [_fixed_split(by_source)] if "split" in by_source else []
            skewed = min(
                (row["skewness"] for row in by_source.values()), key=lambda g: -abs(g) if g == g else 0
            )
            if abs(skewed) > MOST_SKEWNESS:
                sentences.append(
                    f"the seeds are more skewed ({skewed:.1f}) than the intervals are tested for"
                )
        if every["diverged"]:
            count = f"{every['diverged']} trials diverged"
            sentences.append(f"{count} and are left out, with all trials of their seeds")
        subject = subject if pairs else subject.capitalize()
        paragraphs.append(f"{subject}: {'; '.join(sentences)}.")
    return paragraphs


def _dominating(block: Mapping[Any, Row]) -> str:
    parts = [row for name, row in block.items() if name != "all" and not math.isnan(row["main_effect"])]
    if not parts:
        return "the seeds do not differ"
    first, *others = sorted(parts, key=lambda row: -row["main_effect"])
    name, size = first["varies"], f"{_estimate(first, 'main_effect', PERCENT)} % of the variance"
    if not all(first["main_effect_low"] > row["main_effect_high"] for row in others):
        return f"{block['all']['n']:.0f} seeds do not tell what dominates; the largest part is {name}, {size}"
    aside = ", so fixing one source alone takes little of the spread away" if name == "interaction" else ""
    return f"{name} dominates, {size}{aside}"


def _fixed_split(block: Mapping[Any, Row]) -> str:
    """Return how far the mean over initialisations and orders moves with the split.

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
    """Return an estimate with its limits, if it has any: 12 [-20, 44]."""
    return form.estimate(row[name], row[f"{name}_low"], row[f"{name}_high"])
