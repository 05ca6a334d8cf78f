"""Summaries as text: for the terminal, for Markdown and for LaTeX."""

import math
from collections.abc import Sequence

import pandas as pd
from rich.table import Table

from sweep.analysis import escaping
from sweep.analysis.terminal import Column, fitted

HEADINGS = ["n", "test accuracy %", "validation %", "epochs run", "seconds"]
CAPTION = "Mean ± standard deviation over n seeds"


def percent(mean: float, std: float) -> str:
    """A fraction as percent: mean ± std, the mean alone where there is no standard deviation."""
    if math.isnan(mean):
        return "–"
    return f"{100 * mean:.2f}" if math.isnan(std) else f"{100 * mean:.2f} ± {100 * std:.2f}"


def rows(summary: pd.DataFrame, axes: Sequence[str]) -> list[list[str]]:
    """The cells of the table, one list a row: the settings that vary, then `HEADINGS`."""
    return [
        [
            *(escaping.shown(row[axis]) for axis in axes),
            _count(row["n"], row["diverged"], row["dead"]),
            percent(row["test_accuracy_mean"], row["test_accuracy_std"]),
            percent(row["validation_accuracy_mean"], row["validation_accuracy_std"]),
            "–" if math.isnan(row["epochs_run"]) else f"{row['epochs_run']:.4g}",
            "–" if math.isnan(row["seconds"]) else f"{row['seconds']:.1f}",
        ]
        for _, row in summary.iterrows()
    ]


def _count(n: int, diverged: int, dead: int) -> str:
    """How many seeds are in a mean, with those that are not and those that have died."""
    asides = [f"{count} {word}" for count, word in ((diverged, "diverged"), (dead, "dead")) if count]
    return f"{n} ({', '.join(asides)})" if asides else f"{n}"


def terminal(summary: pd.DataFrame, axes: Sequence[str], width: int) -> tuple[Table, list[str]]:
    """The summary as a table for a terminal of `width` columns, and the headings left out of it."""
    headings = [*axes, *HEADINGS]
    lines = rows(summary, axes)
    columns = [
        Column(
            heading,
            [line[position] for line in lines],
            name=position < len(axes),
            right=position >= len(axes),
            spare=position >= len(axes) + 2,
        )
        for position, heading in enumerate(headings)
    ]
    return fitted(columns, width)


def in_order(summary: pd.DataFrame, sort: str | None) -> pd.DataFrame:
    """The rows with the best first: the highest accuracy, the lowest loss or seconds; cells without last."""
    if sort is None:
        return summary
    column = sort if sort in summary else f"{sort}_mean"
    return summary.sort_values(column, ascending=not sort.endswith("accuracy"), kind="stable")


def caption(fixed: str) -> str:
    """What the numbers are, and the settings that all cells share."""
    return f"{CAPTION}; {fixed}" if fixed else CAPTION


def markdown(summary: pd.DataFrame, axes: Sequence[str], fixed: str = "") -> str:
    """The summary as a Markdown table, with its caption below."""
    table = markdown_table([*axes, *HEADINGS], rows(summary, axes), names=len(axes))
    return f"{table}\n{escaping.markdown(caption(fixed))}.\n"


def markdown_table(headings: Sequence[str], lines: Sequence[Sequence[str]], names: int = 1) -> str:
    """A table in Markdown; the first `names` columns are set to the left."""
    rule = ["---"] * names + ["---:"] * (len(headings) - names)
    content = [[escaping.markdown(text) for text in line] for line in (headings, *lines)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (content[0], rule, *content[1:])) + "\n"


def latex(headings: Sequence[str], lines: Sequence[Sequence[str]], caption: str, names: int = 1) -> str:
    """A table in LaTeX, for the package booktabs; the first `names` columns are set to the left."""
    columns = "l" * names + "r" * (len(headings) - names)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaping.latex(caption)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            _latex_row(headings),
            r"\midrule",
            *map(_latex_row, lines),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _latex_row(texts: Sequence[str]) -> str:
    row = " & ".join(map(escaping.latex, texts)) + r" \\"
    # After the end of a row or a rule, [ begins an argument of it and * is a part of it.
    return "{}" + row if row.startswith(("[", "*")) else row
