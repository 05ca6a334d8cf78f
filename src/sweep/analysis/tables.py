"""Summaries as text: for the terminal, and for Markdown."""

import math
from collections.abc import Sequence

import pandas as pd
from rich.table import Table

HEADINGS = ["n", "test accuracy %", "validation %", "epochs", "seconds"]


def percent(mean: float, std: float) -> str:
    """A fraction as percent: mean ± std, the mean alone where there is no standard deviation."""
    if math.isnan(mean):
        return "–"
    return f"{100 * mean:.2f}" if math.isnan(std) else f"{100 * mean:.2f} ± {100 * std:.2f}"


def rows(summary: pd.DataFrame, axes: Sequence[str]) -> list[list[str]]:
    """The cells of the table, one list a row: the settings that vary, then `HEADINGS`."""
    return [
        [
            *(_text(row[axis]) for axis in axes),
            f"{row['n']}" + (f" ({row['diverged']} diverged)" if row["diverged"] else ""),
            percent(row["test_accuracy_mean"], row["test_accuracy_std"]),
            percent(row["validation_accuracy_mean"], row["validation_accuracy_std"]),
            "–" if math.isnan(row["epochs"]) else f"{row['epochs']:.4g}",
            "–" if math.isnan(row["seconds"]) else f"{row['seconds']:.1f}",
        ]
        for _, row in summary.iterrows()
    ]


def terminal(summary: pd.DataFrame, axes: Sequence[str]) -> Table:
    """The summary as a table for the terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in [*axes, *HEADINGS]:
        table.add_column(heading, justify="left" if heading in axes else "right", overflow="fold")
    for row in rows(summary, axes):
        table.add_row(*row)
    return table


def markdown(summary: pd.DataFrame, axes: Sequence[str]) -> str:
    """The summary as a Markdown table."""
    lines = [[*axes, *HEADINGS], ["---"] * len(axes) + ["---:"] * len(HEADINGS), *rows(summary, axes)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
