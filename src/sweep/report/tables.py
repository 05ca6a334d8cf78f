"""Summaries as text: for the terminal, for Markdown and for LaTeX."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from sweep.core.formats import Format, percent, seed_count, setting_value
from sweep.report import terminal
from sweep.report.terminal import Column
from sweep.stats.contrast import Method
from sweep.stats.judge import Criteria

CAPTION = "Mean ± standard deviation over n seeds"
EPOCHS, SECONDS = Format(spec=".4g"), Format(spec=".1f")


@dataclass(frozen=True)
class Measure(Format):
    """How the values of a metric are written, and what the metric is called."""

    name: str = ""

    @staticmethod
    def of(metric: str) -> "Measure":
        """Accuracies in percent, everything else as it is."""
        name = metric.replace("_", " ").replace("train ", "training ")
        if metric.endswith("accuracy"):
            return Measure(100.0, ".2f", f"{name} %")
        return Measure(1.0, ".4f", name)

    def amount(self, value: float) -> str:
        """A distance between two values, with its unit: 0.17 points."""
        return f"{self.number(value)} points" if self.factor == 100 else self.number(value)


def columns(
    summary: pd.DataFrame, axes: Sequence[str], criteria: Criteria, against: str = "the best"
) -> list[Column]:
    """The columns of the table: the settings that vary, what is compared, the verdicts, and the rest.

    `summary` is that of `JudgedSweep`; `against` names the baseline of its comparisons, where it has any. The
    best cell, and those that cannot be told from it, are set in bold.
    """
    rows, metric = summary.to_dict("records"), criteria.metric
    measure, validation = Measure.of(metric), Measure.of("validation_accuracy")
    strong = [row.get("among_best") is True for row in rows]
    found = [Column(axis, [setting_value(row[axis]) for row in rows], name=True) for axis in axes]
    found.append(
        _right("n", [seed_count(row["n"], diverged=row["diverged"], dead=row["dead"]) for row in rows])
    )
    means = [measure.spread(row[f"{metric}_mean"], row[f"{metric}_std"]) for row in rows]
    found.append(replace(_right(measure.name, means), strong=strong))
    if f"{metric}_low" in summary:
        intervals = [measure.interval(row[f"{metric}_low"], row[f"{metric}_high"]) for row in rows]
        found.append(_right(f"{percent(criteria.level)} interval", intervals, spare=2))
    if "verdict" in summary:
        found += _verdicts(rows, measure, against)
    if metric != "validation_accuracy":
        means = [
            validation.spread(row["validation_accuracy_mean"], row["validation_accuracy_std"]) for row in rows
        ]
        found.append(_right("validation %", means, spare=3))
    found.append(_right("epochs run", [EPOCHS.number(row["epochs_run"]) for row in rows], spare=4))
    found.append(_right("seconds", [SECONDS.number(row["seconds"]) for row in rows], spare=5))
    return found


def _verdicts(rows: Sequence[Mapping[Any, Any]], measure: Measure, against: str) -> list[Column]:
    """The columns of the difference from the baseline, the verdict, and the seeds that would decide it."""
    differences, short, verdicts, seeds = [], [], [], []
    for row in rows:
        base = row["verdict"] == "baseline"
        differences.append(
            ("best" if against == "the best" else "baseline")
            if base
            else measure.difference(row["difference"], row["difference_low"], row["difference_high"])
        )
        short.append(differences[-1].partition(" (")[0])
        known = isinstance(row["verdict"], str) and not base
        verdicts.append(_verdict(row) if known else "")
        more = row["more_seeds"]
        seeds.append("" if not known or pd.isna(more) or more == 0 else f"{more:.0f}")
    return [
        replace(_right(f"against {against}", differences), short=short),
        Column("verdict", verdicts),
        *([_right("more seeds", seeds, spare=1)] if any(seeds) else []),
    ]


def _verdict(row: Mapping[Any, Any]) -> str:
    return "too few seeds to say" if row["method"] == Method.TOO_FEW.value else str(row["verdict"])


def _right(heading: str, texts: Sequence[str], spare: int = 0) -> Column:
    return Column(heading, texts, right=True, spare=spare)


def in_order(summary: pd.DataFrame, sort: str | None) -> pd.DataFrame:
    """The rows sorted by a column, best first: high accuracies, low losses and seconds; missing ones last."""
    if sort is None:
        return summary
    column = sort if sort in summary else f"{sort}_mean"
    return summary.sort_values(column, ascending=not sort.endswith("accuracy"), kind="stable")


def caption(fixed: str) -> str:
    """What the numbers are, and the settings that all cells share."""
    return f"{CAPTION}; {fixed}" if fixed else CAPTION


def markdown_columns(found: Sequence[Column]) -> str:
    """Columns as a Markdown table; what is strong is set in bold."""
    headings = [terminal.markdown(column.heading) for column in found]
    rule = ["---:" if column.right else "---" for column in found]
    lines = zip(*(_marked(column, terminal.markdown, "**{}**") for column in found), strict=True)
    return "\n".join("| " + " | ".join(line) + " |" for line in (headings, rule, *lines)) + "\n"


def text_columns(headings: Sequence[str], lines: Sequence[Sequence[str]], names: int = 1) -> list[Column]:
    """Columns from the lines of a table; the first `names` of them are set to the left."""
    texts = [[line[position] for line in lines] for position in range(len(headings))]
    return [
        Column(heading, own, name=position < names, right=position >= names)
        for position, (heading, own) in enumerate(zip(headings, texts, strict=True))
    ]


def markdown_list(sentences: Sequence[str], end: str = "") -> str:
    """Sentences as a Markdown list, a line each, with `end` behind each of them."""
    return "".join(f"- {terminal.markdown(sentence)}{end}\n" for sentence in sentences)


def _marked(column: Column, escaped: Callable[[str], str], form: str) -> list[str]:
    """The texts of a column, escaped; strong ones are put into `form`, which sets them in bold."""
    strong = column.strong or [False] * len(column.texts)
    return [
        form.format(escaped(text)) if bold else escaped(text)
        for text, bold in zip(column.texts, strong, strict=True)
    ]


def latex(found: Sequence[Column], caption: str, notes: Sequence[str] = ()) -> str:
    """Columns as a table in LaTeX, for the package booktabs; what is strong is set in bold.

    `notes` stand below it in small print, a paragraph each.
    """
    lines = zip(*(_marked(column, terminal.latex, r"\textbf{{{}}}") for column in found), strict=True)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{terminal.latex(caption)}}}",
            rf"\begin{{tabular}}{{{''.join('r' if column.right else 'l' for column in found)}}}",
            r"\toprule",
            _latex_row([terminal.latex(column.heading) for column in found]),
            r"\midrule",
            *map(_latex_row, lines),
            r"\bottomrule",
            r"\end{tabular}",
            *_small(notes),
            r"\end{table}",
            "",
        ]
    )


def _small(notes: Sequence[str]) -> list[str]:
    lines = [rf"{terminal.latex(note)}\par" for note in notes]
    return [r"\begin{flushleft}\footnotesize", *lines, r"\end{flushleft}"] if lines else []


def _latex_row(texts: Sequence[str]) -> str:
    row = " & ".join(texts) + r" \\"
    # LaTeX would take a [ or * that follows the end of a row, or a rule, for an argument of it.
    return "{}" + row if row.startswith(("[", "*")) else row
