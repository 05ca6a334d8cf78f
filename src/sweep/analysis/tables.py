"""Summaries as text: for the terminal, for Markdown and for LaTeX."""

import math
from collections.abc import Sequence

import pandas as pd
from rich.table import Table

_LATEX = str.maketrans(
    {**{character: f"\\{character}" for character in "&%$#_{}"}, "\\": r"\textbackslash{}"}
    | {"±": r"$\pm$", "–": "--", "²": r"$^2$", "ε": r"$\varepsilon$"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)

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
            *(_text(row[axis]) for axis in axes),
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


def terminal(summary: pd.DataFrame, axes: Sequence[str], width: int) -> Table:
    """The summary as a table for a terminal of `width` columns.

    Where it would be wider, headings break over lines, and then columns on the right are left out.
    """
    headings = [*axes, *HEADINGS]
    lines = rows(summary, axes)
    if _width(headings, lines) > width:
        headings = [heading.replace("_", "_\n").replace(" ", "\n", 1) for heading in headings]
    shown = len(headings)
    while _width(headings[:shown], lines) > width and shown > len(axes) + 2:
        shown -= 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, heading in enumerate(headings[:shown]):
        table.add_column(heading, justify="left" if position < len(axes) else "right", overflow="fold")
    for line in lines:
        table.add_row(*line[:shown])
    if shown < len(headings):
        table.caption = f"also in summary.md: {', '.join(HEADINGS[shown - len(headings) :])}"
        table.caption_justify = "left"
    return table


def _width(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> int:
    """Characters across, with two between columns."""
    widths = [
        max(len(text) for text in (*heading.split("\n"), *(line[position] for line in lines)))
        for position, heading in enumerate(headings)
    ]
    return sum(widths) + 2 * (len(widths) - 1)


def markdown(summary: pd.DataFrame, axes: Sequence[str]) -> str:
    """The summary as a Markdown table."""
    lines = [[*axes, *HEADINGS], ["---"] * len(axes) + ["---:"] * len(HEADINGS), *rows(summary, axes)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def latex(headings: Sequence[str], lines: Sequence[Sequence[str]], caption: str, names: int = 1) -> str:
    """A table in LaTeX, for the package booktabs; the first `names` columns are set to the left."""
    columns = "l" * names + "r" * (len(headings) - names)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escaped(caption)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(_escaped(heading) for heading in headings) + r" \\",
            r"\midrule",
            *(" & ".join(_escaped(text) for text in line) + r" \\" for line in lines),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _escaped(text: str) -> str:
    return text.translate(_LATEX)


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
